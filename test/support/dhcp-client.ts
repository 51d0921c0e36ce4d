import {
  bytesOf,
  decodeReply,
  type Envelope,
  encodeFrame,
  encodePacket,
  hex,
  ipBytes,
  optionOf,
  type Packet,
  type Reply,
  replyType,
} from "./dhcp-packet.ts";
import { openPacketSocket, type PacketSocket } from "./linux.ts";
import { eventually, type Namespace } from "./netns.ts";

/** How a message travels: broadcast from 0.0.0.0 as a client without an address does, unless told. */
export type Route = Partial<Envelope>;

/**
 * A DHCP client, or relay, that says exactly what it is told, on a packet socket: its interface needs no address. It answers ARP for
 * the addresses it owns, so that unicast replies reach it.
 */
export class DhcpClient {
  readonly mac: string;
  readonly #socket: PacketSocket;
  readonly #owned = new Map<string, string>();
  /** Frames of every kind that came in, newest last, as they were. */
  readonly frames: Uint8Array[] = [];
  readonly #replies: Reply[] = [];

  constructor(namespace: Namespace, device: string) {
    const [link] = JSON.parse(namespace.ip(`-j link show dev ${device}`)) as { address: string }[];
    this.mac = link?.address ?? "";
    this.#socket = openPacketSocket(namespace.name, device);
  }

  /** From here on ARP requests for `address` are answered, with this interface's MAC unless told. */
  own(address: string, mac: string = this.mac): void {
    this.#owned.set(address, mac);
  }

  disown(address: string): void {
    this.#owned.delete(address);
  }

  /** Sends a message as described by `route`, in a frame that `alter` may change. */
  send(packet: Packet, route: Route = {}, alter?: (frame: Uint8Array) => Uint8Array): void {
    this.sendBytes(encodePacket(packet), route, alter);
  }

  /** Sends any bytes as a UDP datagram. */
  sendBytes(message: Uint8Array, route: Route = {}, alter = (frame: Uint8Array): Uint8Array => frame): void {
    const envelope: Envelope = {
      macFrom: this.mac,
      macTo: "ff:ff:ff:ff:ff:ff",
      ipFrom: "0.0.0.0",
      ipTo: "255.255.255.255",
      portFrom: 68,
      portTo: 67,
      ...route,
    };
    if (envelope.ipFrom !== "0.0.0.0") this.own(envelope.ipFrom);
    this.#socket.send(alter(encodeFrame(envelope, message)));
  }

  /** Sends one whole Ethernet frame. */
  sendFrame(frame: Uint8Array): void {
    this.#socket.send(frame);
  }

  /** The next reply with this xid, or undefined when none has come after `milliseconds`. */
  async reply(xid: number, milliseconds: number): Promise<Reply | undefined> {
    const end = performance.now() + milliseconds;
    for (;;) {
      this.#take();
      const at = this.#replies.findIndex((reply) => reply.xid === xid >>> 0);
      if (at >= 0) return this.#replies.splice(at, 1)[0];
      const left = end - performance.now();
      if (left <= 0) return undefined;
      await this.#socket.readable(Math.min(left, 100));
    }
  }

  /** Sends and gives the answer. */
  async exchange(packet: Packet, milliseconds = 3000, route: Route = {}): Promise<Reply | undefined> {
    this.send(packet, route);
    return this.reply(packet.xid, milliseconds);
  }

  /** All replies that have come and nobody asked for. */
  pending(): Reply[] {
    this.#take();
    return this.#replies.splice(0);
  }

  /** Resolves when a frame waits or `milliseconds` are over. */
  readable(milliseconds: number): Promise<boolean> {
    return this.#socket.readable(milliseconds);
  }

  close(): void {
    this.#socket.close();
  }

  #take(): void {
    for (const frame of this.#socket.drain()) {
      this.#answerArp(frame);
      const reply = decodeReply(frame);
      if (reply) this.#replies.push(reply);
      this.frames.push(frame);
      if (this.frames.length > 1000) this.frames.shift();
    }
  }

  #answerArp(frame: Uint8Array): void {
    if (frame.length < 42 || hex(frame.subarray(12, 22)) !== "08060001080006040001") return;
    const target = frame.subarray(38, 42);
    const mac = this.#owned.get(target.join("."));
    if (mac === undefined) return;
    const asker = frame.subarray(22, 28);
    const answer = [asker, bytesOf(mac), bytesOf("08060001080006040002"), bytesOf(mac), target, asker, frame.subarray(28, 32)];
    this.#socket.send(Buffer.concat(answer));
  }
}

/** A frame that claims `address` for `mac` before everybody (gratuitous ARP). */
export function gratuitousArp(mac: string, address: string): Uint8Array {
  const sender = bytesOf(mac);
  return Buffer.concat([
    bytesOf("ffffffffffff"),
    sender,
    bytesOf("08060001080006040001"),
    sender,
    ipBytes(address),
    bytesOf("000000000000"),
    ipBytes(address),
  ]);
}

/** The first answer to a DISCOVER that is repeated until there is one: its type, and the server that it names. */
export const firstAnswer = (client: DhcpClient): Promise<string> =>
  eventually(async () => {
    const answer = await client.exchange({ xid: 1, chaddr: "02:00:00:00:00:01", options: [[53, Uint8Array.of(1)]] });
    return answer && `${replyType(answer)} by ${optionOf(answer, 54)?.join(".")}`;
  }, 30_000);
