import { type Ipv4Address, ipv4 } from "./ipv4.ts";

/**
 * Bounded big-endian reader with a sticky error: read freely, look at `failed` once at the end. Reads beyond the end
 * give zeros and empty bytes, so a reader of hostile input needs no check per field.
 */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #offset: number;
  #failed = false;

  constructor(bytes: Uint8Array, offset = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#offset = offset;
    this.#end = Math.min(end, bytes.length);
  }

  /** True once any read went past the end. */
  get failed(): boolean {
    return this.#failed;
  }
  get offset(): number {
    return this.#offset;
  }
  get remaining(): number {
    return Math.max(0, this.#end - this.#offset);
  }

  #take(size: number): number {
    const start = this.#offset;
    if (size < 0 || start + size > this.#end) {
      this.#failed = true;
      this.#offset = this.#end;
      return -1;
    }
    this.#offset = start + size;
    return start;
  }

  u8(): number {
    const at = this.#take(1);
    return at < 0 ? 0 : (this.#bytes[at] ?? 0);
  }
  u16(): number {
    const at = this.#take(2);
    return at < 0 ? 0 : ((this.#bytes[at] ?? 0) << 8) | (this.#bytes[at + 1] ?? 0);
  }
  u32(): number {
    const at = this.#take(4);
    if (at < 0) return 0;
    const bytes = this.#bytes;
    return (((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>> 0;
  }
  address(): Ipv4Address {
    return ipv4(this.u32());
  }
  /** The next `size` bytes as a view on the input, not a copy; empty when there are fewer. */
  bytes(size: number): Uint8Array {
    const at = this.#take(size);
    return at < 0 ? new Uint8Array(0) : this.#bytes.subarray(at, at + size);
  }
  /** The next `size` bytes as a copy; empty when there are fewer. */
  copy(size: number): Uint8Array {
    const at = this.#take(size);
    const copied = new Uint8Array(at < 0 ? 0 : size);
    // by hand, since most are a few bytes: a view to copy from would cost more than they
    for (let index = 0; index < copied.length; index += 1) copied[index] = this.#bytes[at + index]!;
    return copied;
  }
  skip(size: number): void {
    this.#take(size);
  }
  rest(): Uint8Array {
    return this.bytes(this.remaining);
  }
}
