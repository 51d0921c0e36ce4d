import type { Prng } from "../../simulation/prng.ts";
import { type OptionBytes, optionOf, type Packet, type Reply, replyType } from "../../support/dhcp-packet.ts";
import { agent, ip, opt, prl, RELAY, relayed, SERVER, SERVER_MAC, type Step, text, type, u32 } from "../cases/case.ts";
import { CLIENTS } from "./conf.ts";
import { type Change, oddIdentity, oddly } from "./odd-messages.ts";

/** What the test remembers of a client: the last offer and the last ACK that it saw from the reference. */
interface Memory {
  offer?: Reply;
  lease?: string;
  /** Its last message was answered by an ACK. */
  fresh?: boolean;
}

/** A message, what it is in words, and whom it is from. */
export interface Drawn {
  readonly step: Step;
  readonly words: string;
  readonly client: number;
  /** What happens before it. */
  readonly first?: Incident;
}

/** Both servers end by a signal and start again, where SIGHUP is TERM and then one more for ours, which reads its configuration again; or time passes. */
export type Incident = "SIGTERM" | "SIGKILL" | "SIGHUP" | "wait";

/** Draws messages one at a time, from what the clients have seen so far. */
export class RandomClients {
  readonly #chance: Prng;
  readonly #offered = new Map<string, number>();
  readonly #memory: Memory[] = CLIENTS.map(() => ({}));

  readonly #wild: Prng | undefined;
  readonly #odd: Prng | undefined;
  readonly #identities: readonly (Change | undefined)[];

  /** `wild` draws what rarer messages have in them, `odd` how they are put otherwise than usual. */
  constructor(chance: Prng, wild?: Prng, odd?: Prng) {
    this.#odd = odd;
    this.#identities = CLIENTS.map(() => odd && oddIdentity(odd));
    this.#chance = chance;
    this.#wild = wild;
  }

  next(): Drawn {
    const c = this.#chance;
    const client = c.below(CLIENTS.length);
    const memory = this.#memory[client] as Memory;
    const kinds: (() => [string, Step])[] = [
      () => ["DISCOVER", this.#message(client, 1, c.chance(0.3) ? [ip(50, this.#anyAddress(client))] : [])],
    ];
    const { offer, lease } = memory;
    // dhcpd gives an address to whoever asks for it, though it has offered it to another since
    if (offer && (this.#wild === undefined || this.#offered.get(offer.yiaddr) === client)) {
      const select = (): [string, Step] => {
        const server = optionOf(offer, 54) ?? new Uint8Array(4);
        return ["REQUEST selecting", this.#message(client, 3, [ip(50, offer.yiaddr), [54, server]])];
      };
      kinds.push(select, select, select);
    }
    kinds.push(() => [
      "REQUEST init-reboot",
      this.#message(client, 3, [
        ip(50, lease && c.chance(0.7) && (this.#offered.get(lease) ?? client) === client ? lease : this.#anyAddress(client)),
      ]),
    ]);
    if (lease) {
      kinds.push(() => ["REQUEST renewing", this.#unicast(this.#message(client, 3, [], { ciaddr: lease }), lease)]);
      kinds.push(() => ["REQUEST rebinding", { ...this.#message(client, 3, [], { ciaddr: lease }), route: { ipFrom: lease } }]);
      kinds.push(() => ["INFORM", this.#unicast(this.#message(client, 8, [], { ciaddr: lease }), lease)]);
      if (c.chance(0.5)) kinds.push(() => ["RELEASE", this.#unicast(this.#message(client, 7, [ip(54, SERVER)], { ciaddr: lease }), lease)]);
      if (memory.fresh) kinds.push(() => ["DECLINE", this.#message(client, 4, [ip(50, lease), ip(54, SERVER)])]);
    }
    if (c.chance(0.15) && CLIENTS[client]?.id === undefined) kinds.push(() => ["BOOTREQUEST", this.#bootp(client)]);
    if (this.#wild !== undefined) kinds.push(...this.#rarer(client, memory, this.#wild));
    const [words, drawn] = c.pick(kinds as [() => [string, Step]])();
    const routed = this.#route(words, drawn);
    return { client, ...(this.#odd === undefined ? routed : oddly(routed, this.#odd, this.#identities[client])) };
  }

  #rarer(client: number, { offer, lease, fresh }: Memory, wild: Prng): (() => [string, Step])[] {
    const query = (options: readonly OptionBytes[], ciaddr?: string): [string, Step] => {
      const chaddr = CLIENTS[client]?.mac ?? "";
      const packet = { xid: 0, chaddr, options: [type(10), prl(1, 3, 51, 61, 91, 92), ...options], ...(ciaddr ? { ciaddr } : {}) };
      return ["LEASEQUERY", relayed({ packet })];
    };
    const kinds: (() => [string, Step])[] = [
      // of a client without a lease dhcpd says whether it ever had one or was offered one
      () => query([], fresh && wild.chance(0.4) ? undefined : (lease ?? this.#drawnAddress())),
      () => ["DISCOVER elsewhere", this.#message(client, 1, [ip(118, wild.pick(["10.50.0.0", "10.78.0.0", "10.99.0.0"]))])],
      () => ["INFORM without an address", this.#message(client, 8, [])],
    ];
    if (offer && this.#offered.get(offer.yiaddr) === client) {
      const named = wild.pick([SERVER, "10.78.0.1"]);
      kinds.push(() => ["REQUEST by another name", this.#message(client, 3, [ip(50, offer.yiaddr), ip(54, named)])]);
    }
    const decline = (): [string, Step] => ["DECLINE", this.#message(client, 4, [ip(50, lease ?? "10.77.0.100"), ip(54, SERVER)])];
    if (lease && fresh) kinds.push(decline, decline, decline);
    if (lease && wild.chance(0.3))
      kinds.push(() => ["RELEASE by broadcast", this.#message(client, 7, [ip(54, SERVER)], { ciaddr: lease })]);
    return kinds;
  }

  /** What few clients say. */
  #rareOptions(wild: Prng): OptionBytes[] {
    const all: OptionBytes[] = [];
    if (wild.chance(0.2)) all.push(opt(81, wild.pick(["000000626f78", "05000003626f78076578616d706c6500", "040000036f6e65", "010000"])));
    if (wild.chance(0.1)) all.push(opt(43, wild.pick(["0101ff", "020474657874", "0c0100"])));
    if (wild.chance(0.1)) all.push(opt(116, "01"));
    if (wild.chance(0.1)) all.push(opt(93, "0007"), opt(94, "010310"), opt(97, "0000112233445566778899aabbccddeeff"));
    if (wild.chance(0.1)) all.push(opt(124, "0000000903616263"));
    if (wild.chance(0.05)) all.push(opt(145, ""));
    if (wild.chance(0.05)) all.push(opt(210, "0103616263"));
    if (wild.chance(0.1)) all.push(prl(wild.pick([205, 206, 207]), 208, 209, 210, 211, 43, 41, 78, 79));
    return all;
  }

  /** The client has seen the reference's answer. */
  learn(client: number, reply: Reply | undefined): void {
    const memory = this.#memory[client] as Memory;
    const kind = reply && replyType(reply);
    memory.fresh = kind === "ACK" && reply?.yiaddr !== "0.0.0.0";
    if (!reply) return;
    if (kind === "OFFER") {
      memory.offer = reply;
      this.#offered.set(reply.yiaddr, client);
    }
    if (kind === "ACK" && reply.yiaddr !== "0.0.0.0") memory.lease = reply.yiaddr;
    if (kind === "NAK") delete memory.lease;
  }

  /** One that may be asked for: dhcpd lets any client take what it has just offered to another, and we do not. */
  #anyAddress(client: number): string {
    const address = this.#drawnAddress();
    const offered = this.#offered.get(address);
    return offered === undefined || offered === client ? address : "10.99.0.1";
  }

  #drawnAddress(): string {
    const c = this.#chance;
    return `${c.pick(["10.77.0", "10.50.0", "10.78.0", "10.99.0"])}.${c.pick([1, 20, 21, 100, 101, 102, 130, 131, 160, 200])}`;
  }

  #message(
    client: number,
    kind: number,
    options: readonly OptionBytes[],
    more: Partial<Omit<Packet, "options" | "xid" | "chaddr">> = {},
  ): Step {
    const c = this.#chance;
    const { mac, id: own } = CLIENTS[client] as (typeof CLIENTS)[number];
    // Firmware and system of one machine may show different identifiers, or none.
    const id = c.chance(0.92) ? own : c.pick([undefined, `0102aabb0000${(client + 16).toString(16)}`, "00abcd"]);
    const all: OptionBytes[] = [type(kind), ...options];
    if (id !== undefined && kind !== 8) all.push(opt(61, id));
    const rare = this.#wild === undefined ? [] : this.#rareOptions(this.#wild);
    all.push(...rare);
    const lists = [
      [1, 3, 6, 15],
      [1, 3, 6, 12, 15, 28, 42, 51, 58, 59, 119, 121],
      [201, 202, 203, 204],
      [66, 67, 43, 60],
      [1, 2, 3, 17, 26, 40, 44, 46, 72],
    ] as const;
    if (c.chance(0.75) && !rare.some(([code]) => code === 55)) all.push(prl(...c.pick(lists as unknown as [number[]])));
    if (c.chance(0.4)) all.push(text(60, c.pick(["pxe", "pxelinux", "phone", "other"])));
    if (c.chance(0.3)) all.push(text(12, c.pick(["box1", "box2", "Name.Dot"])));
    if (c.chance(0.2)) all.push(text(77, c.pick(["iPXE", "user"])));
    if (c.chance(0.2)) all.push(u32(51, c.pick([30, 700, 5000, 4_000_000])));
    if (c.chance(0.15))
      all.push([
        57,
        Uint8Array.of(
          ...c.pick([
            [2, 64],
            [4, 0],
            [1, 0],
            [5, 220],
          ] as [number[], ...number[][]]),
        ),
      ]);
    return { packet: { xid: 0, chaddr: mac, options: all, flags: c.chance(0.3) ? 0x8000 : 0, secs: c.pick([0, 0, 1, 30]), ...more } };
  }

  #bootp(client: number): Step {
    const { mac } = CLIENTS[client] as (typeof CLIENTS)[number];
    return { packet: { xid: 0, chaddr: mac, ...(this.#chance.chance(0.6) ? { options: [] } : {}) } };
  }

  #unicast(step: Step, ipFrom: string): Step {
    return { ...step, route: { macTo: SERVER_MAC, ipFrom, ipTo: SERVER } };
  }

  /** Some messages come through a relay or on the second interface. */
  #route(words: string, step: Step): { readonly step: Step; readonly words: string } {
    const c = this.#chance;
    if (step.route) return { step, words };
    if (c.chance(0.2)) {
      const circuit = agent(text(1, c.pick(["port1", "port2"])), ...(c.chance(0.5) ? [text(2, "remote")] : []));
      const giaddr = c.pick([RELAY, RELAY, "10.50.0.9"]);
      return {
        step: relayed(step, giaddr, words !== "BOOTREQUEST" && c.chance(0.7) ? [circuit] : []),
        words: `${words} by relay ${giaddr}`,
      };
    }
    if (c.chance(0.1)) return { step: { ...step, device: "c1" }, words: `${words} on the second interface` };
    return { step, words };
  }
}
