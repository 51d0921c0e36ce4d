import type { DatagramReceived } from "../server/event.ts";
import { ipv4, LIMITED_BROADCAST } from "../values/ipv4.ts";
import type { NetworkInterface } from "./interfaces.ts";
import {
  closeSocket,
  type FixedMemory,
  fixedMemory,
  openPacketSocket,
  openUdpSocket,
  openWaker,
  pollSockets,
  receiveMany,
  SystemCallFailed,
  wake,
} from "./linux-sockets.ts";
import { MessageArena } from "./message-arena.ts";
import { readUdpPacket } from "./raw-reply.ts";

/** How the server port is heard: by packet sockets (any address, ahead of the packet filter), or by a plain UDP socket. */
export type ListeningMode = "packet" | "udp";

export interface ListeningSockets {
  readonly mode: ListeningMode;
  readonly udp: number;
  /** One for each interface, in packet mode. */
  readonly packet: readonly { readonly fd: number; readonly listener: NetworkInterface }[];
}

/** Opens the sockets of the server port; throws SystemCallFailed. Done before privileges are dropped. */
export function openListeningSockets(mode: ListeningMode, port: number, interfaces: readonly NetworkInterface[]): ListeningSockets {
  const opened: { fd: number; listener: NetworkInterface }[] = [];
  try {
    if (mode === "packet") for (const listener of interfaces) opened.push({ fd: openPacketSocket(listener.index, port), listener });
    return { mode, packet: opened, udp: openUdpSocket(port, mode === "packet") };
  } catch (error) {
    for (const { fd } of opened) closeSocket(fd);
    throw error;
  }
}

/**
 * The same sockets for other interfaces: those that are heard already stay open, new ones are opened, and those to close are given.
 * One that cannot be opened is told to `onFailed`, and left out.
 */
export function refitSockets(
  sockets: ListeningSockets,
  port: number,
  interfaces: readonly NetworkInterface[],
  onFailed: (listener: NetworkInterface, error: SystemCallFailed) => void,
): { readonly sockets: ListeningSockets; readonly left: readonly number[] } {
  if (sockets.mode === "udp") return { sockets, left: [] };
  const packet: { fd: number; listener: NetworkInterface }[] = [];
  for (const listener of interfaces) {
    const known = sockets.packet.find((each) => each.listener.index === listener.index);
    try {
      packet.push({ fd: known?.fd ?? openPacketSocket(listener.index, port), listener });
    } catch (error) {
      if (!(error instanceof SystemCallFailed)) throw error;
      onFailed(listener, error);
    }
  }
  const kept = new Set(packet.map(({ fd }) => fd));
  return { sockets: { ...sockets, packet }, left: sockets.packet.map(({ fd }) => fd).filter((fd) => !kept.has(fd)) };
}

/** Only when nothing is read from them and sent through them any more: their numbers may be given to other files. */
export function closeListeningSockets({ packet, udp }: ListeningSockets): void {
  for (const { fd } of packet) closeSocket(fd);
  closeSocket(udp);
}

export interface Listening {
  /** Datagrams that were waiting are about to be handed over. */
  onRead(): void;
  onDatagram(datagram: DatagramReceived): void;
  /** A datagram that was not even a well-formed packet, by reason. */
  onRefused(reason: "checksum" | "truncated" | "interface"): void;
  /** Are answers to be gathered for longer, because a partner hears the same datagrams and both are to do little more than one would? */
  isPaired?(): boolean;
}

const SLOTS = 64;
const SLAB_BYTES = 65_536;
const DATA_BYTES = 4096;
const SOL_PACKET = 263;
const PACKET_AUXDATA = 8;
const IP_PKTINFO = 8;
/** TP_STATUS_CSUMNOTREADY: from this very machine, to be filled in by the hardware; TP_STATUS_CSUM_VALID. */
const CHECKSUM_DONE = 0x08 | 0x80;
const PACKET_OTHERHOST = 3;
/** Under load: fewer, larger reads, steps and commits for so much delay. Milliseconds, at least and at most. */
const GATHER_LEAST = 1;
const GATHER_MOST = 3;
const GATHER_MOST_PAIRED = 8;
/** Also the longest that closing waits. */
const POLL_MILLIS = 2000;

/** Reads the server port's sockets in batches for as long as it is open. */
export class DatagramReceiver {
  #sockets: ListeningSockets;
  #interfaces: ReadonlyMap<number, NetworkInterface>;
  readonly #listening: Listening;
  readonly #arena = new MessageArena(SLOTS, DATA_BYTES);
  #waker = openWaker();
  #polled: FixedMemory;
  #open = true;
  /** Payloads are copied to one piece of memory after the other: an allocation a packet costs more than the copy. */
  #slab = new Uint8Array(SLAB_BYTES);
  #slabUsed = 0;

  constructor(sockets: ListeningSockets, interfaces: readonly NetworkInterface[], listening: Listening) {
    this.#sockets = sockets;
    this.#interfaces = new Map(interfaces.map((each) => [each.index, each]));
    this.#listening = listening;
    this.#polled = this.#pollList();
    this.#wait();
  }

  /** Hears other sockets from here on; `left` are those that it must not hear any more, which are closed. */
  use(sockets: ListeningSockets, interfaces: readonly NetworkInterface[], left: readonly number[]): void {
    this.#sockets = sockets;
    this.#interfaces = new Map(interfaces.map((each) => [each.index, each]));
    // a poll that is under way keeps its own list; it ends at once, and with it what woke it
    const woken = this.#waker;
    this.#waker = openWaker();
    this.#polled = this.#pollList();
    wake(woken);
    for (const fd of [woken, ...left]) closeSocket(fd);
  }

  #pollList(): FixedMemory {
    const { mode, packet, udp } = this.#sockets;
    const fds = [this.#waker, ...(mode === "packet" ? packet.map(({ fd }) => fd) : [udp])];
    const list = fixedMemory(fds.length * 8);
    fds.forEach((fd, index) => {
      list.view.setInt32(index * 8, fd, true);
      list.view.setInt16(index * 8 + 4, 1, true); // POLLIN
    });
    return list;
  }

  /** Reads nothing more. The sockets stay open, for answers. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    wake(this.#waker);
  }

  #wait(): void {
    pollSockets(this.#polled, this.#polled.bytes.length / 8, POLL_MILLIS, () => this.#read());
  }

  /** While datagrams keep coming, looks again after some milliseconds' worth of them, the more the more come; when none came, waits in the thread. */
  #read(): void {
    if (!this.#open) return;
    let count = 0;
    if (this.#sockets.mode === "udp") count = this.#readUdp();
    else for (const { fd, listener } of this.#sockets.packet) count += this.#readPackets(fd, listener);
    if (count >= SLOTS) setImmediate(() => this.#read());
    else if (count > 0) setTimeout(() => this.#read(), this.#gatherMillis(count));
    else this.#wait();
  }

  #gatherMillis(count: number): number {
    if (this.#listening.isPaired?.() === true) return Math.min(GATHER_MOST_PAIRED, count);
    return Math.min(GATHER_MOST, Math.max(GATHER_LEAST, count >>> 1));
  }

  /** A copy of bytes of the arena. Whoever keeps a part of it for long copies that, or keeps the whole slab. */
  #copy(start: number, end: number): Uint8Array {
    const length = end - start;
    if (this.#slabUsed + length > SLAB_BYTES) {
      this.#slab = new Uint8Array(SLAB_BYTES);
      this.#slabUsed = 0;
    }
    const copied = this.#slab.subarray(this.#slabUsed, this.#slabUsed + length);
    copied.set(this.#arena.memory.bytes.subarray(start, end));
    this.#slabUsed += length;
    return copied;
  }

  #readPackets(fd: number, listener: NetworkInterface): number {
    const arena = this.#arena;
    const { bytes, view } = arena.memory;
    const count = receiveMany(fd, arena.memory, SLOTS);
    if (count > 0) this.#listening.onRead();
    for (let slot = 0; slot < count; slot += 1) {
      const start = arena.data(slot);
      const auxiliary = arena.findControl(slot, SOL_PACKET, PACKET_AUXDATA);
      const checksumDone = auxiliary !== undefined && (view.getUint32(auxiliary, true) & CHECKSUM_DONE) !== 0;
      const packet = readUdpPacket(bytes, start, start + arena.received(slot), checksumDone);
      if (packet === undefined) this.#listening.onRefused(arena.truncated(slot) ? "truncated" : "checksum");
      else if (bytes[arena.name(slot) + 10] !== PACKET_OTHERHOST) {
        this.#listening.onDatagram({
          kind: "datagram",
          interfaceName: listener.name,
          interfaceAddresses: listener.addresses,
          source: packet.source,
          sourcePort: packet.sourcePort,
          target: packet.target,
          bytes: this.#copy(packet.start, packet.end),
        });
      }
      arena.prepareToReceive(slot);
    }
    return count;
  }

  #readUdp(): number {
    const arena = this.#arena;
    const { view } = arena.memory;
    const count = receiveMany(this.#sockets.udp, arena.memory, SLOTS);
    if (count > 0) this.#listening.onRead();
    for (let slot = 0; slot < count; slot += 1) {
      const info = arena.findControl(slot, 0, IP_PKTINFO);
      const listener = info === undefined ? undefined : this.#interfaces.get(view.getInt32(info, true));
      const target = info === undefined ? LIMITED_BROADCAST : ipv4(view.getUint32(info + 8, false));
      const start = arena.data(slot);
      const name = arena.name(slot);
      if (listener === undefined) this.#listening.onRefused("interface");
      else if (arena.truncated(slot)) this.#listening.onRefused("truncated");
      else {
        this.#listening.onDatagram({
          kind: "datagram",
          interfaceName: listener.name,
          interfaceAddresses: listener.addresses,
          source: ipv4(view.getUint32(name + 4, false)),
          sourcePort: view.getUint16(name + 2, false),
          target,
          bytes: this.#copy(start, start + arena.received(slot)),
        });
      }
      arena.prepareToReceive(slot);
    }
    return count;
  }
}
