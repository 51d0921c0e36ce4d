import type { SendDatagram } from "../server/effect.ts";
import { type Ipv4Address, UNSPECIFIED } from "../values/ipv4.ts";
import type { ListeningSockets } from "./datagram-port.ts";
import type { NetworkInterface } from "./interfaces.ts";
import { bootMillis, inetAddress, lastError, linkAddress, sendMany, setInetAddress, setStation } from "./linux-sockets.ts";
import { MessageArena } from "./message-arena.ts";
import { writeUdpPacket } from "./raw-reply.ts";
import { ReplyPace } from "./reply-pace.ts";

const SLOTS = 128;
const DATA_BYTES = 9216;
/** More than that do not wait for their turn: the oldest leave at once. */
const MOST_WAITING = 4096;
/** What waited longer, in a process that stood still, is not sent: the right to give that answer was looked at before. Milliseconds. */
const STALE_MILLIS = 1000;
const BROADCAST_STATION = Uint8Array.of(255, 255, 255, 255, 255, 255);

export interface SenderOptions {
  /** The server port: what replies come from. */
  readonly port: number;
  /** Stands for 255.255.255.255 (dhcpd's -s). */
  readonly broadcastAddress: Ipv4Address;
  /** Datagrams are about to leave: whatever tells of them must be told before. */
  beforeSend?(): void;
  /** Datagrams that could not be sent, with the error's name. */
  onRefused(count: number, error: string): void;
}

interface Outlet {
  readonly arena: MessageArena;
  readonly fd: number;
  used: number;
}

/** An interface with its broadcast address, and an address whose station each frame sets. */
interface Way {
  readonly network: NetworkInterface;
  readonly everybody: Uint8Array;
  readonly station: Uint8Array;
}

const waysThrough = (interfaces: readonly NetworkInterface[]): ReadonlyMap<string, Way> =>
  new Map(
    interfaces.map((network) => {
      const everybody = linkAddress(network.index, BROADCAST_STATION);
      return [network.name, { network, everybody, station: linkAddress(network.index, undefined) }];
    }),
  );

/**
 * Gathers replies and sends them in batches: frames through a packet socket, the rest by UDP. What goes to relays and other sockets
 * is paced ({@link ReplyPace}): their buffers are small.
 */
export class DatagramSender {
  readonly #options: SenderOptions;
  #interfaces: ReadonlyMap<string, Way>;
  readonly #inet = inetAddress(0, 0);
  readonly #udp: Outlet;
  #packet: Outlet | undefined;
  readonly #now: () => number;
  readonly #pace: ReplyPace;
  /** UDP datagrams that are not allowed out yet, from {@link #next} on. */
  #waiting: SendDatagram[] = [];
  #next = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(sockets: ListeningSockets, interfaces: readonly NetworkInterface[], options: SenderOptions, now = bootMillis) {
    this.#options = options;
    this.#now = now;
    this.#pace = new ReplyPace(now());
    this.#interfaces = waysThrough(interfaces);
    this.#udp = { arena: new MessageArena(SLOTS, DATA_BYTES), fd: sockets.udp, used: 0 };
    this.#packet = this.#frames(sockets);
  }

  /** Sends through other interfaces from here on; what was taken in leaves before. */
  use(sockets: ListeningSockets, interfaces: readonly NetworkInterface[]): void {
    this.flush();
    this.#interfaces = waysThrough(interfaces);
    this.#packet = this.#frames(sockets);
  }

  /** One packet socket sends through all interfaces. */
  #frames({ packet: [first] }: ListeningSockets): Outlet | undefined {
    if (first === undefined) return undefined;
    const arena = this.#packet?.arena ?? new MessageArena(SLOTS, DATA_BYTES);
    return { arena, fd: first.fd, used: 0 };
  }

  /** Takes a reply in; it leaves at {@link flush} or in its turn, or before if many are waiting. */
  send(reply: SendDatagram): void {
    const { destination, interfaceName, bytes } = reply;
    const { port } = destination;
    if (destination.kind === "udp") {
      if (this.#next === this.#waiting.length && this.#pace.take()) this.#sendUdp(destination.address, port, bytes, undefined, UNSPECIFIED);
      else this.#wait(reply);
      return;
    }
    const found = this.#interfaces.get(interfaceName);
    if (found === undefined) {
      this.#options.onRefused(1, "ENODEV");
      return;
    }
    const { network, everybody, station } = found;
    const source = destination.source === UNSPECIFIED ? (network.addresses[0] ?? UNSPECIFIED) : destination.source;
    const target = destination.kind === "layer2" ? destination.address : this.#options.broadcastAddress;
    if (this.#packet === undefined) {
      // Without a packet socket a client that has no address hears broadcasts only.
      this.#sendUdp(this.#options.broadcastAddress, port, bytes, network, source);
      return;
    }
    if (destination.kind === "layer2") setStation(station, destination.chaddr);
    this.#sendFrame(
      this.#packet,
      destination.kind === "layer2" ? station : everybody,
      { source, sourcePort: this.#options.port, target, targetPort: port },
      bytes,
    );
  }

  /** Sends what was taken in. What the kernel refuses is counted and forgotten: clients ask again. */
  flush(): void {
    if (this.#udp.used > 0) this.#flush(this.#udp);
    if (this.#packet !== undefined && this.#packet.used > 0) this.#flush(this.#packet);
    if (this.#timer === undefined) this.#work();
  }

  /** Sends what still waits for its turn; the sockets may be closed then. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    while (this.#next < this.#waiting.length) this.#sendNext();
    this.#forgetSent();
    if (this.#udp.used > 0) this.#flush(this.#udp);
  }

  #wait(reply: SendDatagram): void {
    if (this.#waiting.length - this.#next >= MOST_WAITING) this.#sendNext();
    this.#waiting.push(reply);
  }

  /** Sends of what waits as much as is allowed by now, and comes back for the rest. */
  #work(): void {
    const left = this.#waiting.length - this.#next;
    const passed = this.#pace.look(this.#now(), left);
    if (left === 0) return;
    if (this.#timer !== undefined && passed >= STALE_MILLIS) {
      this.#options.onRefused(left, "ETIME");
      this.#next = this.#waiting.length;
    }
    while (this.#next < this.#waiting.length && this.#pace.take()) this.#sendNext();
    if (this.#udp.used > 0) this.#flush(this.#udp);
    this.#forgetSent();
    this.#timer = this.#waiting.length === 0 ? undefined : setTimeout(() => this.#work(), 1);
  }

  #forgetSent(): void {
    if (this.#next < this.#waiting.length && this.#next < MOST_WAITING) return;
    this.#waiting = this.#waiting.slice(this.#next);
    this.#next = 0;
  }

  #sendNext(): void {
    const reply = this.#waiting[this.#next];
    this.#next += 1;
    if (reply?.destination.kind === "udp")
      this.#sendUdp(reply.destination.address, reply.destination.port, reply.bytes, undefined, UNSPECIFIED);
  }

  #sendFrame(outlet: Outlet, to: Uint8Array, endpoints: Parameters<typeof writeUdpPacket>[2], payload: Uint8Array): void {
    const { arena } = outlet;
    const start = arena.data(outlet.used);
    const length = payload.length + 28 > DATA_BYTES ? 0 : writeUdpPacket(arena.memory.bytes, start, endpoints, payload);
    if (length === 0) {
      this.#options.onRefused(1, "EMSGSIZE");
      return;
    }
    arena.prepareToSend(outlet.used, to, length, 0);
    this.#used(outlet);
  }

  #sendUdp(to: Ipv4Address, port: number, payload: Uint8Array, through: NetworkInterface | undefined, source: Ipv4Address): void {
    const { arena } = this.#udp;
    if (payload.length > DATA_BYTES) {
      this.#options.onRefused(1, "EMSGSIZE");
      return;
    }
    const slot = this.#udp.used;
    arena.memory.bytes.set(payload, arena.data(slot));
    let controlBytes = 0;
    if (through !== undefined) {
      const { view } = arena.memory;
      const at = arena.control(slot);
      view.setBigUint64(at, 28n, true); // struct cmsghdr with struct in_pktinfo
      view.setInt32(at + 8, 0, true);
      view.setInt32(at + 12, 8, true);
      view.setInt32(at + 16, through.index, true);
      view.setUint32(at + 20, source, false);
      view.setUint32(at + 24, 0, false);
      controlBytes = 32;
    }
    setInetAddress(this.#inet, to, port);
    arena.prepareToSend(slot, this.#inet, payload.length, controlBytes);
    this.#used(this.#udp);
  }

  #used(outlet: Outlet): void {
    outlet.used += 1;
    if (outlet.used === SLOTS) this.#flush(outlet);
  }

  #flush(outlet: Outlet): void {
    const { arena, fd, used } = outlet;
    this.#options.beforeSend?.();
    outlet.used = 0;
    for (let sent = 0; sent < used; ) {
      const count = sendMany(fd, arena.memory, arena.header(sent), used - sent);
      if (count > 0) sent += count;
      else {
        const error = lastError();
        const full = error === "EAGAIN" || error === "ENOBUFS";
        this.#options.onRefused(full ? used - sent : 1, error);
        sent += full ? used - sent : 1;
      }
    }
  }
}
