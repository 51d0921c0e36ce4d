import { readFileSync } from "node:fs";
import { decodeFrame, optionOf, type Reply, replyType } from "./dhcp-packet.ts";

/** A frame with the moment at which it was seen, in milliseconds. */
export interface Seen {
  readonly at: number;
  readonly frame: Uint8Array;
}

/** The frames of a classic pcap file of Ethernet frames, to the last whole one. */
export function* framesOf(file: string): Iterable<Seen> {
  const bytes = readFileSync(file);
  for (let at = 24; at + 16 <= bytes.length; ) {
    const length = bytes.readUInt32LE(at + 8);
    if (at + 16 + length > bytes.length) return;
    const moment = bytes.readUInt32LE(at) * 1000 + bytes.readUInt32LE(at + 4) / 1000;
    yield { at: moment, frame: bytes.subarray(at + 16, at + 16 + length) };
    at += 16 + length;
  }
}

/** Servers count whole seconds: a lease may end up to that much before the client thinks so, in milliseconds. */
const ROUNDING = 1000;

/** Who holds which address, as messages on the clients' link have it, and every address that two clients held at once. */
export class Holders {
  readonly doubles: string[] = [];
  /** Addresses that clients were told to have. */
  acks = 0;
  readonly #held = new Map<string, { readonly client: string; readonly until: number }>();
  /** The address that a client's request was about, by xid and client. */
  readonly #asked = new Map<string, string>();

  see({ at, frame }: Seen): void {
    const message = decodeFrame(frame);
    if (message === undefined) return;
    const client = message.chaddr.slice(0, 2 * message.hlen);
    const dialogue = `${message.xid} ${client}`;
    switch (message.op === 1 || message.options.length > 0 ? replyType(message) : "BOOTREPLY") {
      case "REQUEST":
        this.#asked.set(dialogue, message.ciaddr !== "0.0.0.0" ? message.ciaddr : addressIn(message, 50));
        return;
      case "RELEASE":
        this.#leave(client, message.ciaddr);
        return;
      case "DECLINE":
        this.#leave(client, addressIn(message, 50));
        return;
      case "NAK":
        this.#leave(client, this.#asked.get(dialogue) ?? "");
        return;
      case "ACK": {
        const time = optionOf(message, 51);
        if (time !== undefined) this.#take(client, message.yiaddr, at, at + Buffer.from(time).readUInt32BE() * 1000);
        return;
      }
      case "BOOTREPLY":
        if (message.op === 2) this.#take(client, message.yiaddr, at, Number.POSITIVE_INFINITY);
        return;
    }
  }

  #take(client: string, address: string, at: number, until: number): void {
    const other = this.#held.get(address);
    this.acks += 1;
    if (other !== undefined && other.client !== client && other.until - ROUNDING > at)
      this.doubles.push(`${address}: ${client} has it, ${other.client} had it for ${Math.round((other.until - at) / 1000)} s more`);
    this.#held.set(address, { client, until });
  }

  #leave(client: string, address: string): void {
    if (this.#held.get(address)?.client === client) this.#held.delete(address);
  }
}

const addressIn = (message: Reply, code: number): string => (optionOf(message, code) ?? new Uint8Array(4)).join(".");
