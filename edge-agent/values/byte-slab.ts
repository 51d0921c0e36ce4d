const SLAB_BYTES = 65_536;
let slab = new Uint8Array(SLAB_BYTES);
let used = 0;

/**
 * New bytes, zero: a piece of a larger allocation, since one for each message costs more than filling it. For what is soon sent and
 * forgotten: whoever keeps a piece keeps 64 KiB.
 */
export function shortLivedBytes(size: number): Uint8Array {
  if (size > SLAB_BYTES) return new Uint8Array(size);
  if (used + size > SLAB_BYTES) {
    slab = new Uint8Array(SLAB_BYTES);
    used = 0;
  }
  used += size;
  return slab.subarray(used - size, used);
}
