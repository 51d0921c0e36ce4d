import { err, ok, type Result } from "../../values/result.ts";

/** RFC 1035 §2.3.4. */
const LABEL_MAXIMUM = 63;
const NAME_MAXIMUM = 255;

/**
 * A name as DNS writes it, uncompressed (RFC 1035 §3.1). A final dot is allowed; `\.` and `\DDD` are read as in zone files
 * (§5.1). Refuses empty and overlong labels, so that no client's host name makes a malformed update.
 */
export function encodeName(name: string): Result<Uint8Array, string> {
  const labels: number[][] = [[]];
  for (let index = 0; index < name.length; index += 1) {
    const character = name[index] ?? "";
    const current = labels[labels.length - 1] ?? [];
    if (character === ".") labels.push([]);
    else if (character === "\\") {
      const decimal = /^\d{3}/.exec(name.slice(index + 1, index + 4))?.[0];
      current.push(decimal === undefined ? name.charCodeAt(index + 1) & 255 : Number(decimal) & 255);
      index += decimal === undefined ? 1 : 3;
    } else current.push(name.charCodeAt(index) & 255);
  }
  if ((labels[labels.length - 1] ?? []).length === 0) labels.pop();
  const bytes: number[] = [];
  for (const label of labels) {
    if (label.length === 0) return err(`"${name}" has an empty label`);
    if (label.length > LABEL_MAXIMUM) return err(`"${name}" has a label of over ${LABEL_MAXIMUM} characters`);
    bytes.push(label.length, ...label);
  }
  bytes.push(0);
  return bytes.length > NAME_MAXIMUM ? err(`"${name}" is longer than ${NAME_MAXIMUM} bytes on the wire`) : ok(Uint8Array.from(bytes));
}

/** Letters A to Z in lower case, as DNSSEC's canonical form has them (RFC 4034 §6.2); lengths are below 64, so none is hit. */
export const canonicalName = (encoded: Uint8Array): Uint8Array => encoded.map((byte) => (byte >= 0x41 && byte <= 0x5a ? byte + 32 : byte));

/** Does `name` lie at or under `zone`? Letter case does not count. */
export function isUnder(name: string, zone: string): boolean {
  const plain = (text: string) => text.toLowerCase().replace(/\.$/, "");
  const [child, parent] = [plain(name), plain(zone)];
  return parent === "" || child === parent || child.endsWith(`.${parent}`);
}
