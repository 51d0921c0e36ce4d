import { type Ipv4Address, ipv4 } from "../values/ipv4.ts";
import { closeSocket, receive, sendTo } from "./linux-sockets.ts";
import { internetChecksum } from "./raw-reply.ts";

export type ProbeAnswer = (address: Ipv4Address, answered: boolean) => void;

/** Echo requests in flight; a request beyond that counts as unanswered at once. */
const MAXIMUM_IN_FLIGHT = 4096;
const READ_EVERY_MILLIS = 10;

/**
 * Asks by ICMP echo (RFC 792) whether an address is in use. Replies are looked for every 10 ms while any is awaited, so a
 * slow or hostile network costs nothing else. Without a socket every probe is answered "nobody there".
 */
export class IcmpProbe {
  readonly #socket: number | undefined;
  readonly #answer: ProbeAnswer;
  readonly #waiting = new Map<Ipv4Address, { readonly deadline: number; readonly identifier: number }>();
  readonly #buffer = new Uint8Array(1500);
  readonly #now: () => number;
  #timer: NodeJS.Timeout | undefined;
  #sequence = 0;

  constructor(socket: number | undefined, now: () => number, answer: ProbeAnswer) {
    this.#socket = socket;
    this.#now = now;
    this.#answer = answer;
  }

  /** Asks `address`; the answer comes once, within `timeoutMillis`. Asking again while waiting only prolongs. */
  probe(address: Ipv4Address, timeoutMillis: number): void {
    this.#sequence = (this.#sequence + 1) & 0xffff;
    const identifier = (address ^ this.#sequence) & 0xffff;
    const sent =
      this.#socket !== undefined &&
      this.#waiting.size < MAXIMUM_IN_FLIGHT &&
      sendTo(this.#socket, echoRequest(identifier, this.#sequence), address);
    this.#waiting.set(address, { deadline: sent ? this.#now() + timeoutMillis : this.#now(), identifier });
    this.#timer ??= setTimeout(() => this.#look(), sent ? READ_EVERY_MILLIS : 0);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#waiting.clear();
    if (this.#socket !== undefined) closeSocket(this.#socket);
  }

  #look(): void {
    this.#timer = undefined;
    this.#readReplies();
    const now = this.#now();
    for (const [address, { deadline }] of this.#waiting) if (deadline <= now) this.#settle(address, false);
    if (this.#waiting.size > 0) this.#timer ??= setTimeout(() => this.#look(), READ_EVERY_MILLIS);
  }

  #readReplies(): void {
    if (this.#socket === undefined) return;
    for (let count = 0; count < 256; count += 1) {
      const length = receive(this.#socket, this.#buffer);
      if (length < 0) return;
      const headerBytes = ((this.#buffer[0] ?? 0) & 15) * 4;
      if (length < headerBytes + 8 || this.#buffer[headerBytes] !== 0) continue;
      const view = new DataView(this.#buffer.buffer);
      const source = ipv4(view.getUint32(12));
      if (this.#waiting.get(source)?.identifier === view.getUint16(headerBytes + 4)) this.#settle(source, true);
    }
  }

  #settle(address: Ipv4Address, answered: boolean): void {
    if (this.#waiting.delete(address)) this.#answer(address, answered);
  }
}

function echoRequest(identifier: number, sequence: number): Uint8Array {
  const packet = new Uint8Array(64);
  const view = new DataView(packet.buffer);
  packet[0] = 8;
  view.setUint16(4, identifier);
  view.setUint16(6, sequence);
  view.setUint16(2, internetChecksum(packet));
  return packet;
}
