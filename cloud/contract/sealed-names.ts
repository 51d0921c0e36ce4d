import { createCipheriv, createDecipheriv, createHmac, hkdfSync, timingSafeEqual } from "node:crypto";

/**
 * Names of clients and hosts as the ledger has them where a fleet key is set: `e:` and hex. One name gives one text under a key, so that
 * the ledger's conditions and its index of clients work on it; who has no key learns no more than its length and where it comes again.
 * Agents need the way back: a lease that is fetched from the ledger must find its client. The form is that of SIV (RFC 5297): the name's
 * keyed hash is the cipher's first block, and proves the name when it is read.
 */
export interface SealedNames {
  /** Which key this is, without telling it. */
  readonly id: string;
  /** Nobody's name stays empty. */
  seal(name: string): string;
  /** The name; undefined if it was sealed under another key. A name that is not sealed is given as it is. */
  open(text: string): string | undefined;
}

const MARK = "e:";
const HASH_BYTES = 16;
const HEX_KEY = /^(?:[0-9a-f]{2}){32,64}$/i;

export const isSealed = (text: string): boolean => text.startsWith(MARK);

/** From the text of a key file: 64 to 128 hex digits. Undefined if that is not what it holds. */
export function sealedNames(keyText: string): SealedNames | undefined {
  const hex = keyText.trim();
  if (!HEX_KEY.test(hex)) return undefined;
  const part = (use: string) => Buffer.from(hkdfSync("sha256", Buffer.from(hex, "hex"), "", `tandem client names: ${use}`, 32));
  const [hashKey, cipherKey] = [part("hash"), part("cipher")];
  const hashOf = (plain: Buffer) => createHmac("sha256", hashKey).update(plain).digest().subarray(0, HASH_BYTES);
  return {
    id: createHmac("sha256", part("id")).digest("hex").slice(0, 8),
    seal: (name) => {
      if (name === "") return "";
      const plain = packed(name);
      const hash = hashOf(plain);
      return `${MARK}${hash.toString("hex")}${createCipheriv("aes-256-ctr", cipherKey, hash).update(plain).toString("hex")}`;
    },
    open: (text) => {
      if (!isSealed(text)) return text;
      const bytes = Buffer.from(text.slice(MARK.length), "hex");
      if (bytes.length <= HASH_BYTES || bytes.length * 2 !== text.length - MARK.length) return undefined;
      const hash = bytes.subarray(0, HASH_BYTES);
      const plain = createDecipheriv("aes-256-ctr", cipherKey, hash).update(bytes.subarray(HASH_BYTES));
      return timingSafeEqual(hash, hashOf(plain)) ? unpacked(plain) : undefined;
    },
  };
}

/** `i:` and `m:` names by their octets: the longest option 61 still fits where a client is asked for. Anything else as it is. */
function packed(name: string): Buffer {
  const [, htype, hex = ""] = /^(?:i:|m:(\d{1,3}):)((?:[0-9a-f]{2})*)$/.exec(name) ?? [];
  const bytes = Buffer.from(hex, "hex");
  const forms = [Buffer.from([0x69, ...bytes]), Buffer.from([0x6d, Number(htype ?? 0), ...bytes])];
  return forms.find((form) => unpacked(form) === name) ?? Buffer.from(`=${name}`);
}
function unpacked(plain: Buffer): string {
  const kind = String.fromCharCode(plain[0] ?? 0);
  if (kind === "i") return `i:${plain.toString("hex", 1)}`;
  return kind === "m" ? `m:${plain[1] ?? 0}:${plain.toString("hex", 2)}` : plain.toString("utf8", 1);
}
