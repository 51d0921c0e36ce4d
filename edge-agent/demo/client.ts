import { encodeMessage } from "../dhcp/wire/encode.ts";
import type { DhcpMessage } from "../dhcp/wire/message.ts";
import { MESSAGE_TYPE, OPTION } from "../dhcp/wire/option-codes.ts";
import { ETHERNET } from "../values/hardware-address.ts";
import { type Ipv4Address, ipv4, ipv4FromBytes, ipv4ToBytes, UNSPECIFIED } from "../values/ipv4.ts";

/** States of RFC 2131 §4.4, Figure 5, and OFF: between a release and the next start. */
export type ClientState = "OFF" | "SELECTING" | "REQUESTING" | "BOUND" | "RENEWING" | "REBINDING";

export interface ClientProfile {
  readonly name: string;
  readonly hardware: Uint8Array;
  readonly vendorClass: string | undefined;
  /** Seconds that it stays on before it releases its address, and off before it comes back; undefined: it stays on. */
  readonly stays: number | undefined;
  /** It finds its first address in use by somebody else and declines it (RFC 2131 §3.1.5). */
  readonly declinesOnce: boolean;
}

/** What a client needs of its surroundings: a way to the server by a relay, chance, and somebody who is told. */
export interface ClientSurroundings {
  readonly relay: Ipv4Address;
  /** `server`: the server identifier of the one that it is for; undefined is everybody. */
  send(bytes: Uint8Array, server: Ipv4Address | undefined): void;
  random(): number;
  /** `millis` is how long the server took to answer, where it did. */
  onChange(client: SimulatedClient, what: string, millis: number | undefined): void;
}

const NO_BYTES = new Uint8Array(0);
const WANTED = Uint8Array.of(1, 3, 6, 15, 51, 54, 66);
const RETRY_MILLIS = 4000;

/** A DHCP client as RFC 2131 §4.4 draws it, without a network interface: it gets, renews, releases and declines addresses. */
export class SimulatedClient {
  readonly profile: ClientProfile;
  readonly #around: ClientSurroundings;
  state: ClientState = "OFF";
  address: Ipv4Address = UNSPECIFIED;
  /** When the lease ends, on the clock that `tick` is given. */
  leaseEnds = 0;
  #renewAt = 0;
  #rebindAt = 0;
  #nextAt: number;
  #leaveAt = Number.POSITIVE_INFINITY;
  #xid = 0;
  #askedAt = 0;
  #server = NO_BYTES;
  #declined = false;

  constructor(profile: ClientProfile, around: ClientSurroundings, startAt: number) {
    this.profile = profile;
    this.#around = around;
    this.#nextAt = startAt;
  }

  get xid(): number {
    return this.#xid;
  }

  /** Does what is due at `now` (milliseconds). */
  tick(now: number): void {
    if (this.state === "BOUND" && now >= this.#leaveAt) this.#release(now);
    else if (this.state === "BOUND" && now >= this.#renewAt) this.#renew(now, "RENEWING");
    else if (this.state === "RENEWING" && now >= this.#rebindAt) this.#renew(now, "REBINDING");
    else if (this.state === "REBINDING" && now >= this.leaseEnds) this.#lose(now, "its lease ran out");
    else if (this.state !== "BOUND" && now >= this.#nextAt) this.#again(now);
  }

  /** Takes an answer that came for it. */
  receive(message: DhcpMessage, now: number): void {
    const type = message.options.get(OPTION.messageType)?.[0];
    if (message.xid !== this.#xid) return;
    if (type === MESSAGE_TYPE.DHCPOFFER && this.state === "SELECTING") this.#select(message, now);
    else if (type === MESSAGE_TYPE.DHCPACK && this.state !== "SELECTING" && this.state !== "BOUND") this.#bind(message, now);
    else if (type === MESSAGE_TYPE.DHCPNAK && this.state !== "OFF") this.#lose(now, "the server said no");
  }

  #again(now: number): void {
    if (this.state === "RENEWING" || this.state === "REBINDING") this.#renew(now, this.state);
    else this.#discover(now);
  }

  #discover(now: number): void {
    this.#newExchange(now);
    this.state = "SELECTING";
    this.#nextAt = now + RETRY_MILLIS;
    this.#send(MESSAGE_TYPE.DHCPDISCOVER, new Map(), UNSPECIFIED);
    this.#around.onChange(this, "asks for an address", undefined);
  }

  #select(message: DhcpMessage, now: number): void {
    this.state = "REQUESTING";
    this.#nextAt = now + RETRY_MILLIS;
    this.#server = message.options.get(OPTION.serverIdentifier)?.slice() ?? NO_BYTES;
    const options = new Map([
      [OPTION.requestedAddress, ipv4ToBytes(message.yiaddr)],
      [OPTION.serverIdentifier, this.#server],
    ]);
    this.#send(MESSAGE_TYPE.DHCPREQUEST, options, UNSPECIFIED);
  }

  #bind(message: DhcpMessage, now: number): void {
    const seconds = readSeconds(message, OPTION.leaseTime) ?? 60;
    this.#server = message.options.get(OPTION.serverIdentifier)?.slice() ?? this.#server;
    const wasBound = this.state !== "REQUESTING";
    this.address = message.yiaddr;
    if (this.profile.declinesOnce && !this.#declined) {
      this.#decline(now);
      return;
    }
    this.state = "BOUND";
    this.leaseEnds = now + seconds * 1000;
    this.#renewAt = now + (readSeconds(message, OPTION.renewalTime) ?? seconds / 2) * 1000 * (0.9 + 0.1 * this.#around.random());
    this.#rebindAt = now + (readSeconds(message, OPTION.rebindingTime) ?? (seconds * 7) / 8) * 1000;
    if (!wasBound && this.profile.stays !== undefined)
      this.#leaveAt = now + this.profile.stays * 1000 * (0.7 + 0.6 * this.#around.random());
    this.#around.onChange(this, wasBound ? "renewed its lease" : "has an address", now - this.#askedAt);
  }

  #renew(now: number, state: "RENEWING" | "REBINDING"): void {
    this.#newExchange(now);
    this.state = state;
    this.#nextAt = now + RETRY_MILLIS;
    this.#send(MESSAGE_TYPE.DHCPREQUEST, new Map(), this.address, state === "RENEWING");
  }

  #release(now: number): void {
    this.#newExchange(now);
    this.#send(MESSAGE_TYPE.DHCPRELEASE, new Map([[OPTION.serverIdentifier, this.#server]]), this.address, true);
    this.#leaveAt = Number.POSITIVE_INFINITY;
    this.#lose(now, "went away and released it");
    this.#nextAt = now + (this.profile.stays ?? 10) * 500;
  }

  #decline(now: number): void {
    this.#declined = true;
    const options = new Map([
      [OPTION.requestedAddress, ipv4ToBytes(this.address)],
      [OPTION.serverIdentifier, this.#server],
    ]);
    this.#send(MESSAGE_TYPE.DHCPDECLINE, options, UNSPECIFIED);
    this.#lose(now, "found it in use and declined it");
    this.#nextAt = now + 2000;
  }

  #lose(now: number, what: string): void {
    this.state = "OFF";
    this.#nextAt = now + 1000;
    this.#around.onChange(this, what, undefined);
    this.address = UNSPECIFIED;
  }

  #newExchange(now: number): void {
    this.#xid = Math.floor(this.#around.random() * 0x1_0000_0000);
    this.#askedAt = now;
  }

  #send(type: number, options: ReadonlyMap<number, Uint8Array>, ciaddr: Ipv4Address, isUnicast = false): void {
    const { hardware, name, vendorClass } = this.profile;
    const chaddr = new Uint8Array(16);
    chaddr.set(hardware);
    const text = new TextEncoder();
    const all = new Map<number, Uint8Array>([
      [OPTION.messageType, Uint8Array.of(type)],
      ...options,
      [OPTION.hostName, text.encode(name)],
      [OPTION.parameterRequestList, WANTED],
    ]);
    if (vendorClass !== undefined) all.set(OPTION.vendorClass, text.encode(vendorClass));
    const addresses = { ciaddr, yiaddr: ipv4(0), siaddr: ipv4(0), giaddr: this.#around.relay };
    const fixed = { op: 1, htype: ETHERNET, hlen: 6, hops: 1, secs: 0, flags: 0, sname: NO_BYTES, file: NO_BYTES };
    const to = isUnicast && this.#server.length === 4 ? ipv4FromBytes(this.#server) : undefined;
    this.#around.send(encodeMessage({ ...fixed, ...addresses, xid: this.#xid, chaddr, hasCookie: true, options: all }), to);
  }
}

function readSeconds(message: DhcpMessage, code: number): number | undefined {
  const value = message.options.get(code);
  return value?.length === 4 ? ipv4FromBytes(value) : undefined;
}
