import { ByteReader } from "../../values/byte-reader.ts";

/** How codes and lengths are written in an option space: 1, 2 or 4 bytes of code, 0, 1 or 2 of length. */
export interface SubOptionWidths {
  readonly codeWidth: 1 | 2 | 4;
  readonly lengthWidth: 0 | 1 | 2;
}

const PAD = 0;
const END = 255;

/**
 * Options within an option (RFC 2132 §8.4, RFC 3046 §2.0, RFC 3925 §4). Of several with one code the first counts, as in
 * dhcpd. `zero` tells whether code 0 is a pad (options 82 and 43 of clients) or ends the list (spaces of the configuration).
 * Undefined if one runs past the end, unless that is to be left out: then the whole is taken as opaque.
 */
export function decodeSubOptions(
  bytes: Uint8Array,
  widths: SubOptionWidths,
  zero: "pad" | "end" = "pad",
  cut: "refused" | "left out" = "refused",
): ReadonlyMap<number, Uint8Array> | undefined {
  const reader = new ByteReader(bytes);
  const options = new Map<number, Uint8Array>();
  while (reader.remaining >= widths.codeWidth) {
    const code = readNumber(reader, widths.codeWidth);
    if (code === 0 && zero === "end") break;
    if (code === PAD) continue;
    if (code === END && widths.codeWidth === 1 && (zero === "pad" || reader.remaining === 0)) break;
    const length = widths.lengthWidth === 0 ? reader.remaining : readNumber(reader, widths.lengthWidth);
    const value = reader.bytes(length);
    if (reader.failed) return cut === "refused" ? undefined : options;
    if (!options.has(code)) options.set(code, value);
  }
  return options;
}

function readNumber(reader: ByteReader, width: 1 | 2 | 4): number {
  return width === 1 ? reader.u8() : width === 2 ? reader.u16() : reader.u32();
}

/** The bytes of one option of a space: code, length, value. Undefined if the value is longer than the length can say. */
export function encodeSubOption(code: number, value: Uint8Array, widths: SubOptionWidths): Uint8Array | undefined {
  if (widths.lengthWidth === 1 && value.length > 255) return undefined;
  if (widths.lengthWidth === 2 && value.length > 65_535) return undefined;
  const bytes = new Uint8Array(widths.codeWidth + widths.lengthWidth + value.length);
  writeNumber(bytes, 0, widths.codeWidth, code);
  writeNumber(bytes, widths.codeWidth, widths.lengthWidth, value.length);
  bytes.set(value, widths.codeWidth + widths.lengthWidth);
  return bytes;
}

function writeNumber(bytes: Uint8Array, offset: number, width: number, value: number): void {
  for (let index = 0; index < width; index += 1) bytes[offset + index] = (value >>> (8 * (width - 1 - index))) & 255;
}
