const DOT = 46;
const MAXIMUM_LABEL = 63;
const MAXIMUM_NAME = 255;

/**
 * Labels of one uncompressed name (RFC 1035 §3.1), as views. `terminated` tells whether the root label was there; undefined
 * if a label is over 63 bytes or runs past the end.
 */
export function bytesToLabels(
  bytes: Uint8Array,
): { readonly labels: readonly Uint8Array[]; readonly terminated: boolean; readonly size: number } | undefined {
  const labels: Uint8Array[] = [];
  let offset = 0;
  while (offset < bytes.length) {
    const length = bytes[offset]!;
    offset += 1;
    if (length === 0) return { labels, terminated: true, size: offset };
    if (length > MAXIMUM_LABEL || offset + length > bytes.length) return undefined;
    labels.push(bytes.subarray(offset, offset + length));
    offset += length;
  }
  return { labels, terminated: false, size: offset };
}

/**
 * A dotted name as labels with the root label last (RFC 1035 §3.1). A final dot changes nothing; undefined for an empty
 * label, one over 63 bytes, or a name over 255.
 */
export function labelsToBytes(name: Uint8Array): Uint8Array | undefined {
  const labels = splitLabels(name);
  if (labels === undefined) return undefined;
  const bytes = new Uint8Array(labels.reduce((size, label) => size + 1 + label.length, 1));
  if (bytes.length > MAXIMUM_NAME) return undefined;
  let offset = 0;
  for (const label of labels) {
    bytes[offset] = label.length;
    bytes.set(label, offset + 1);
    offset += 1 + label.length;
  }
  return bytes;
}

function splitLabels(name: Uint8Array): Uint8Array[] | undefined {
  const text = name.at(-1) === DOT ? name.subarray(0, -1) : name;
  const labels: Uint8Array[] = [];
  let start = 0;
  for (let index = 0; index <= text.length; index += 1) {
    if (index < text.length && text[index] !== DOT) continue;
    const label = text.subarray(start, index);
    if (label.length > MAXIMUM_LABEL || (label.length === 0 && text.length > 0)) return undefined;
    if (label.length > 0) labels.push(label);
    start = index + 1;
  }
  return labels;
}

/**
 * Names one after another (RFC 3397 §2); `compressed` lets a name end in a pointer to where its tail stood before
 * (RFC 1035 §4.1.4). Undefined if any name is malformed.
 */
export function encodeDomainList(names: readonly string[], compressed: boolean): Uint8Array | undefined {
  const bytes: number[] = [];
  const seen = new Map<string, number>();
  for (const name of names) {
    const labels = splitLabels(Uint8Array.from(name, (character) => character.charCodeAt(0) & 255));
    if (labels === undefined) return undefined;
    if (!appendName(bytes, labels, compressed ? seen : undefined)) return undefined;
  }
  return Uint8Array.from(bytes);
}

function appendName(bytes: number[], labels: readonly Uint8Array[], seen: Map<string, number> | undefined): boolean {
  let size = 1;
  for (let index = 0; index < labels.length; index += 1) {
    const label = labels[index]!;
    size += label.length + 1;
    if (size > MAXIMUM_NAME) return false;
    const tail = labels
      .slice(index)
      .map((part) => String.fromCharCode(...part).toLowerCase())
      .join(".");
    const known = seen?.get(tail);
    if (known !== undefined) {
      bytes.push(0xc0 | (known >>> 8), known & 255);
      return true;
    }
    if (bytes.length < 0x4000) seen?.set(tail, bytes.length);
    bytes.push(label.length, ...label);
  }
  bytes.push(0);
  return true;
}

/**
 * The names of a list, dotted, without final dots; follows compression pointers that point back (RFC 1035 §4.1.4).
 * Undefined if anything is malformed; work is bounded by the size of the input.
 */
export function decodeDomainList(bytes: Uint8Array): readonly string[] | undefined {
  const names: string[] = [];
  let offset = 0;
  while (offset < bytes.length) {
    const read = nameAt(bytes, offset);
    if (read === undefined) return undefined;
    names.push(read.name);
    offset = read.end;
  }
  return names;
}

function nameAt(bytes: Uint8Array, start: number): { readonly name: string; readonly end: number } | undefined {
  const labels: string[] = [];
  let offset = start;
  let end: number | undefined;
  let lowest = start;
  let size = 0;
  while (offset < bytes.length) {
    const length = bytes[offset]!;
    if (length === 0) return { name: labels.join("."), end: end ?? offset + 1 };
    if (length >= 0xc0) {
      const target = ((length & 0x3f) << 8) | (bytes[offset + 1] ?? 0);
      if (offset + 1 >= bytes.length || target >= lowest) return undefined;
      end ??= offset + 2;
      lowest = target;
      offset = target;
      continue;
    }
    size += length + 1;
    if (length > MAXIMUM_LABEL || offset + 1 + length > bytes.length || size > MAXIMUM_NAME) return undefined;
    labels.push(String.fromCharCode(...bytes.subarray(offset + 1, offset + 1 + length)));
    offset += 1 + length;
  }
  return undefined;
}
