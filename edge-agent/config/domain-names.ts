import { bytesOf } from "./source.ts";

/** A name as labels of RFC 1035 §3.1, without the root; a string tells what is wrong. "\." is a dot inside a label. */
export function labelsOf(name: string): readonly string[] | string {
  if (name === "" || name === ".") return [];
  const labels: string[] = [];
  let label = "";
  for (let at = 0; at < name.length; at += 1) {
    const character = name[at] ?? "";
    if (character === "\\" && at + 1 < name.length) {
      at += 1;
      label += name[at];
    } else if (character === ".") {
      if (label === "") return "empty label";
      labels.push(label);
      label = "";
    } else label += character;
  }
  if (label !== "") labels.push(label);
  if (labels.some((part) => part.length > 63)) return "label longer than 63 bytes";
  return labels.reduce((sum, part) => sum + part.length + 1, 1) > 255 ? "name longer than 255 bytes" : labels;
}

/** One name in wire form, ending in the root label. */
export function encodeDomainName(labels: readonly string[]): Uint8Array {
  const bytes: number[] = [];
  for (const label of labels) bytes.push(label.length, ...bytesOf(label));
  bytes.push(0);
  return Uint8Array.from(bytes);
}

/** A list of names in wire form; `compressed` replaces tails that stand earlier by pointers (RFC 1035 §4.1.4, RFC 3397 §2). */
export function encodeDomainList(names: readonly (readonly string[])[], compressed: boolean): Uint8Array {
  const bytes: number[] = [];
  const seen = new Map<string, number>();
  for (const labels of names) {
    let ended = false;
    for (let index = 0; index < labels.length; index += 1) {
      const tail = labels.slice(index).join("\0").toLowerCase();
      const earlier = seen.get(tail);
      if (compressed && earlier !== undefined) {
        bytes.push(0xc0 | (earlier >> 8), earlier & 255);
        ended = true;
        break;
      }
      if (bytes.length < 0x4000) seen.set(tail, bytes.length);
      const label = labels[index] ?? "";
      bytes.push(label.length, ...bytesOf(label));
    }
    if (!ended) bytes.push(0);
  }
  return Uint8Array.from(bytes);
}
