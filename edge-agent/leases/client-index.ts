/** A seeded 32-bit hash of bytes (FNV-1a with a final mix); `seed` keeps clients from choosing their chain. */
export function hashBytes(bytes: Uint8Array, seed: number): number {
  let hash = (0x811c9dc5 ^ seed) | 0;
  for (let index = 0; index < bytes.length; index += 1) hash = Math.imul(hash ^ bytes[index]!, 0x01000193);
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/**
 * From the hash of an identity to the addresses whose record has it: chained buckets in typed arrays, 16 to 20 bytes an
 * entry. It answers with candidates; the reader compares them with the records.
 */
export class ClientIndex {
  #buckets = new Uint32Array(16);
  #next = new Uint32Array(16);
  #hashes = new Uint32Array(16);
  #addresses = new Uint32Array(16);
  #nodes = 0;
  #size = 0;
  /** First of a chain of freed nodes (number plus one), 0 if none. */
  #free = 0;

  get size(): number {
    return this.#size;
  }

  add(hash: number, address: number): void {
    const node = this.#allocate();
    const bucket = hash & (this.#buckets.length - 1);
    this.#hashes[node] = hash;
    this.#addresses[node] = address;
    this.#next[node] = this.#buckets[bucket]!;
    this.#buckets[bucket] = node + 1;
    this.#size += 1;
  }

  /** Nothing happens if the pair is not there. */
  remove(hash: number, address: number): void {
    const bucket = hash & (this.#buckets.length - 1);
    let previous = 0;
    for (let link = this.#buckets[bucket]!; link !== 0; link = this.#next[link - 1]!) {
      const node = link - 1;
      if (this.#hashes[node] === hash && this.#addresses[node] === address) {
        if (previous === 0) this.#buckets[bucket] = this.#next[node]!;
        else this.#next[previous - 1] = this.#next[node]!;
        this.#next[node] = this.#free;
        this.#free = link;
        this.#size -= 1;
        return;
      }
      previous = link;
    }
  }

  /** Addresses added with this very hash, latest first. */
  candidates(hash: number): number[] {
    const found: number[] = [];
    for (let link = this.#buckets[hash & (this.#buckets.length - 1)]!; link !== 0; link = this.#next[link - 1]!)
      if (this.#hashes[link - 1] === hash) found.push(this.#addresses[link - 1]!);
    return found;
  }

  #allocate(): number {
    if (this.#free !== 0) {
      const node = this.#free - 1;
      this.#free = this.#next[node]!;
      return node;
    }
    if (this.#nodes === this.#next.length) this.#grow();
    return this.#nodes++;
  }

  /** Only called when every node is in use. */
  #grow(): void {
    const capacity = this.#next.length * 2;
    this.#next = new Uint32Array(capacity);
    this.#hashes = enlarged(this.#hashes, capacity);
    this.#addresses = enlarged(this.#addresses, capacity);
    this.#buckets = new Uint32Array(capacity);
    for (let node = 0; node < this.#nodes; node += 1) {
      const bucket = this.#hashes[node]! & (capacity - 1);
      this.#next[node] = this.#buckets[bucket]!;
      this.#buckets[bucket] = node + 1;
    }
  }
}

function enlarged(old: Uint32Array, capacity: number): Uint32Array<ArrayBuffer> {
  const grown = new Uint32Array(capacity);
  grown.set(old);
  return grown;
}
