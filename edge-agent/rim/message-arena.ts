import { type FixedMemory, fixedMemory } from "./linux-sockets.ts";

const HEADER_BYTES = 64; // struct mmsghdr
const IOVEC_BYTES = 16;
const NAME_BYTES = 32;
const CONTROL_BYTES = 64;

/** Where the parts of struct mmsghdr are (64-bit Linux). */
const AT = { nameLength: 8, control: 32, controlLength: 40, flags: 48, length: 56 } as const;

/** An array of struct mmsghdr with buffers for names, ancillary data and payloads, laid out once for recvmmsg and sendmmsg. */
export class MessageArena {
  readonly memory: FixedMemory;
  readonly slots: number;
  readonly dataBytes: number;
  readonly #names: number;
  readonly #controls: number;
  readonly #data: number;
  readonly #iovecs: number;

  constructor(slots: number, dataBytes: number) {
    this.slots = slots;
    this.dataBytes = dataBytes;
    this.#iovecs = slots * HEADER_BYTES;
    this.#names = this.#iovecs + slots * IOVEC_BYTES;
    this.#controls = this.#names + slots * NAME_BYTES;
    this.#data = this.#controls + slots * CONTROL_BYTES;
    this.memory = fixedMemory(this.#data + slots * dataBytes);
    const { view, address } = this.memory;
    for (let slot = 0; slot < slots; slot += 1) {
      const header = slot * HEADER_BYTES;
      const iovec = this.#iovecs + slot * IOVEC_BYTES;
      view.setBigUint64(header, address + BigInt(this.name(slot)), true);
      view.setBigUint64(header + 16, address + BigInt(iovec), true);
      view.setBigUint64(header + 24, 1n, true);
      view.setBigUint64(header + AT.control, address + BigInt(this.control(slot)), true);
      view.setBigUint64(iovec, address + BigInt(this.data(slot)), true);
      this.prepareToReceive(slot);
    }
  }

  /** Offset of the slot's socket address. */
  name(slot: number): number {
    return this.#names + slot * NAME_BYTES;
  }
  control(slot: number): number {
    return this.#controls + slot * CONTROL_BYTES;
  }
  /** Offset of the slot's payload. */
  data(slot: number): number {
    return this.#data + slot * this.dataBytes;
  }
  /** Bytes received into the slot. */
  received(slot: number): number {
    return this.memory.view.getUint32(slot * HEADER_BYTES + AT.length, true);
  }
  /** Was the datagram longer than the slot? */
  truncated(slot: number): boolean {
    return (this.memory.view.getInt32(slot * HEADER_BYTES + AT.flags, true) & 0x20) !== 0;
  }
  header(slot: number): number {
    return slot * HEADER_BYTES;
  }

  /** Gives the slot's whole buffers back to the kernel. */
  prepareToReceive(slot: number): void {
    const header = slot * HEADER_BYTES;
    const { view } = this.memory;
    view.setUint32(header + AT.nameLength, NAME_BYTES, true);
    view.setUint32(header + AT.controlLength, CONTROL_BYTES, true);
    view.setInt32(header + AT.flags, 0, true);
    view.setUint32(this.#iovecs + slot * IOVEC_BYTES + 8, this.dataBytes, true);
  }

  /** Addresses the slot's `length` bytes of payload; `controlBytes` of ancillary data were written at {@link control}. */
  prepareToSend(slot: number, name: Uint8Array, length: number, controlBytes: number): void {
    const header = slot * HEADER_BYTES;
    const { view, bytes } = this.memory;
    bytes.set(name, this.name(slot));
    view.setUint32(header + AT.nameLength, name.length, true);
    view.setUint32(header + AT.controlLength, controlBytes, true);
    view.setUint32(this.#iovecs + slot * IOVEC_BYTES + 8, length, true);
  }

  /** Finds an ancillary datum of a received message. */
  findControl(slot: number, level: number, type: number): number | undefined {
    const { view } = this.memory;
    const start = this.control(slot);
    const end = start + Math.min(CONTROL_BYTES, view.getUint32(slot * HEADER_BYTES + AT.controlLength, true));
    for (let at = start; at + 16 <= end; ) {
      const length = view.getUint32(at, true);
      if (length < 16) return undefined;
      if (view.getInt32(at + 8, true) === level && view.getInt32(at + 12, true) === type) return at + 16;
      at += (length + 7) & ~7;
    }
    return undefined;
  }
}
