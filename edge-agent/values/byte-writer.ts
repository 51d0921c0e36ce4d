import type { Ipv4Address } from "./ipv4.ts";

/** Growing big-endian writer with a hard maximum; `overflowed` tells that something did not fit (and was left out). */
export class ByteWriter {
  #bytes: Uint8Array;
  #length = 0;
  #overflowed = false;
  readonly #maximum: number;

  /** `initial`: how many bytes are made room for at first, or where to write as long as there is room. */
  constructor(maximum: number, initial: number | Uint8Array = Math.min(maximum, 512)) {
    this.#maximum = maximum;
    this.#bytes = typeof initial === "number" ? new Uint8Array(initial) : initial;
  }

  get length(): number {
    return this.#length;
  }
  get overflowed(): boolean {
    return this.#overflowed;
  }

  #reserve(size: number): boolean {
    const wanted = this.#length + size;
    if (wanted > this.#maximum) {
      this.#overflowed = true;
      return false;
    }
    if (wanted > this.#bytes.length) {
      const grown = new Uint8Array(Math.min(this.#maximum, Math.max(wanted, this.#bytes.length * 2)));
      grown.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = grown;
    }
    return true;
  }

  u8(value: number): this {
    if (this.#reserve(1)) this.#bytes[this.#length++] = value & 255;
    return this;
  }
  u16(value: number): this {
    if (!this.#reserve(2)) return this;
    this.#bytes[this.#length++] = (value >>> 8) & 255;
    this.#bytes[this.#length++] = value & 255;
    return this;
  }
  u32(value: number): this {
    if (!this.#reserve(4)) return this;
    this.#bytes[this.#length++] = (value >>> 24) & 255;
    this.#bytes[this.#length++] = (value >>> 16) & 255;
    this.#bytes[this.#length++] = (value >>> 8) & 255;
    this.#bytes[this.#length++] = value & 255;
    return this;
  }
  address(value: Ipv4Address): this {
    return this.u32(value);
  }
  bytes(value: Uint8Array): this {
    const { length } = value;
    if (!this.#reserve(length)) return this;
    if (length > 16) this.#bytes.set(value, this.#length);
    else for (let index = 0; index < length; index += 1) this.#bytes[this.#length + index] = value[index]!;
    this.#length += length;
    return this;
  }
  zeros(size: number): this {
    if (this.#reserve(size)) {
      this.#bytes.fill(0, this.#length, this.#length + size);
      this.#length += size;
    }
    return this;
  }
  /** Writes over two bytes that are there already. */
  patchU16(at: number, value: number): void {
    if (at < 0 || at + 2 > this.#length) return;
    this.#bytes[at] = (value >>> 8) & 255;
    this.#bytes[at + 1] = value & 255;
  }
  /** What was written so far, not copied: the writer is not to be used any more. */
  release(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }
  /** What was written so far, as a copy of exact size. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }
}
