import type { Prng } from "../../simulation/prng.ts";
import { bytesOf, type OptionBytes, optionOf, type Packet, type Reply, replyType } from "../../support/dhcp-packet.ts";
import { agent, ip, prl, SERVER_MAC, type Step, text, type, u32 } from "../cases/case.ts";
import type { Drawn } from "../random/steps.ts";
import { type Layout, within } from "./layout.ts";
import { type ConfFacts, ipText, parseIp, type TestFacts } from "./read-conf.ts";
import { Said } from "./said.ts";
import { PROFILES } from "./vocabulary.ts";

const STRANGERS = 8;
const SECOND_MAC = "02:00:0a:4e:00:01";

interface Client {
  readonly mac: string;
  readonly id: string | undefined;
  /** What it says of itself as a rule. */
  readonly persona: readonly OptionBytes[];
  /** Through which relay its messages come; the subnet's number, or -1 for the wire of s0, -2 for that of s1. */
  readonly place: number;
  readonly fixed: readonly string[];
  offer?: Reply;
  lease?: string;
  server?: Uint8Array | undefined;
  fresh?: boolean;
}

/** Draws messages to a server that runs on a configuration, from what it says of hosts, classes and networks. */
export class PublishedTalk {
  readonly #chance: Prng;
  readonly #facts: ConfFacts;
  readonly #layout: Layout;
  readonly #said: Said;
  readonly #clients: Client[];
  readonly #offered = new Map<string, number>();
  #left: number;

  constructor(chance: Prng, facts: ConfFacts, layout: Layout, messages: number) {
    this.#chance = chance;
    this.#facts = facts;
    this.#layout = layout;
    this.#said = new Said(facts);
    this.#left = messages;
    const hosts = facts.hosts.filter((host) => host.mac !== undefined || host.id !== undefined);
    const drawn = Array.from({ length: Math.min(hosts.length, 8) }, () => chance.pick(hosts as unknown as [(typeof hosts)[number]]));
    const known = [...new Set(drawn)];
    const macs = new Set(known.map((host) => host.mac));
    const strangers = Array.from({ length: STRANGERS }, () => undefined);
    this.#clients = [...strangers, ...known].map((host, number) => {
      const mac = host?.mac ?? this.#strangeMac(number, macs);
      const ids = [undefined, undefined, `01${mac}`, `ff0000${number.toString(16).padStart(2, "0")}abcdef`] as const;
      return { mac, id: host?.id ?? chance.pick(ids), persona: this.#persona(), place: this.#place(), fixed: host?.addresses ?? [] };
    });
  }

  next(): Drawn | undefined {
    if (this.#left === 0) return undefined;
    this.#left -= 1;
    const c = this.#chance;
    const number = c.below(this.#clients.length);
    const client = this.#clients[number] as Client;
    const kinds: (() => [string, Step])[] = [
      () => ["DISCOVER", this.#message(client, 1, c.chance(0.2) ? [ip(50, this.#anyAddress(client, number))] : [])],
    ];
    const { offer, lease } = client;
    if (offer) {
      const select = (): [string, Step] => [
        "REQUEST selecting",
        this.#message(client, 3, [ip(50, offer.yiaddr), [54, optionOf(offer, 54) ?? new Uint8Array(4)]]),
      ];
      kinds.push(select, select, select);
    }
    if (c.chance(0.5))
      kinds.push(() => [
        "REQUEST init-reboot",
        this.#message(client, 3, [ip(50, lease && c.chance(0.8) ? lease : this.#anyAddress(client, number))]),
      ]);
    if (lease) this.#afterLease(client, lease, kinds);
    if (c.chance(0.1) && client.id === undefined) kinds.push(() => ["BOOTREQUEST", this.#bootp(client)]);
    if (c.chance(0.05)) kinds.push(() => ["LEASEQUERY", this.#leaseQuery(client)]);
    const [words, step] = c.pick(kinds as [() => [string, Step]])();
    return { client: number, words, step: this.#route(client, step) };
  }

  /** What the reference answered a client. */
  learn(number: number, reply: Reply | undefined): void {
    const client = this.#clients[number] as Client;
    const kind = reply && replyType(reply);
    client.fresh = kind === "ACK" && reply?.yiaddr !== "0.0.0.0";
    if (!reply) return;
    if (kind === "OFFER") {
      client.offer = reply;
      this.#offered.set(reply.yiaddr, number);
    }
    if (kind === "ACK" && reply.yiaddr !== "0.0.0.0") {
      if (client.offer?.yiaddr !== reply.yiaddr) delete client.offer;
      client.lease = reply.yiaddr;
      client.server = optionOf(reply, 54);
    }
    if (kind === "NAK") delete client.lease;
  }

  #afterLease(client: Client, lease: string, kinds: (() => [string, Step])[]): void {
    const server = client.server;
    kinds.push(() => ["REQUEST renewing", this.#unicast(this.#message(client, 3, [], { ciaddr: lease }), lease)]);
    kinds.push(() => ["REQUEST rebinding", { ...this.#message(client, 3, [], { ciaddr: lease }), route: { ipFrom: lease } }]);
    kinds.push(() => ["INFORM", this.#unicast(this.#message(client, 8, [], { ciaddr: lease }), lease)]);
    if (!server) return;
    if (this.#chance.chance(0.5))
      kinds.push(() => ["RELEASE", this.#unicast(this.#message(client, 7, [[54, server]], { ciaddr: lease }), lease)]);
    if (client.fresh && this.#chance.chance(0.5)) kinds.push(() => ["DECLINE", this.#message(client, 4, [ip(50, lease), [54, server]])]);
  }

  /** Hardware addresses that classes ask for, and others. */
  #strangeMac(number: number, taken: Set<string | undefined>): string {
    const c = this.#chance;
    const asked = this.#facts.tests.filter(({ about, value }) => about === "hardware" && value !== "" && !value.startsWith("number"));
    const own = `02aabb0000${(number + 16).toString(16)}`;
    if (asked.length === 0 || c.chance(0.5)) return own;
    const { offset, value } = c.pick(asked as unknown as [TestFacts]);
    const whole = `01${own}`.slice(0, offset * 2) + value;
    const mac = `${whole}${`01${own}`.slice(whole.length)}`.slice(2, 14);
    if (taken.has(mac)) return own;
    taken.add(mac);
    return mac;
  }

  #persona(): OptionBytes[] {
    const c = this.#chance;
    const { wants, says } = c.pick(PROFILES);
    const asked = c.chance(0.6) ? this.#said.options(c) : [];
    const own = says.filter(([code]) => !asked.some(([other]) => other === code));
    const more = c.chance(0.3) && wants.length > 0 ? this.#said.wanted(c) : [];
    const list = wants.length + more.length > 0 ? [prl(...wants, ...more.filter((code) => !wants.includes(code)))] : [];
    return [...own, ...asked, ...list].filter(([code]) => code !== 61 && code !== 82);
  }

  #place(): number {
    const c = this.#chance;
    if (this.#layout.ports.length > 1 && c.chance(0.15)) return -2;
    return c.chance(0.5) ? -1 : c.below(this.#layout.relays.length);
  }

  /** One that may be asked for: dhcpd lets any client take what it has just offered to another, and we do not. */
  #anyAddress(client: Client, number: number): string {
    const c = this.#chance;
    // A client with leases on two addresses finds the one or the other, as the server's memory happens to be in order.
    if (client.offer !== undefined || client.lease !== undefined) return "192.0.2.77";
    const choices = [...client.fixed, ...this.#facts.hosts.slice(0, 3).flatMap((host) => host.addresses), "192.0.2.77"];
    const ranges = this.#facts.ranges as unknown as [readonly [number, number]];
    if (ranges.length > 0) {
      const [low, high] = c.pick(ranges);
      choices.push(ipText(low), ipText(Math.min(high, low + c.below(20))), ipText(high));
    }
    const address = c.pick(choices as [string]);
    return (this.#offered.get(address) ?? number) === number ? address : "192.0.2.78";
  }

  #message(client: Client, kind: number, options: readonly OptionBytes[], more: Partial<Packet> = {}): Step {
    const c = this.#chance;
    const persona = c.chance(0.85) ? client.persona : this.#persona();
    const all: OptionBytes[] = [type(kind), ...options];
    if (client.id !== undefined && kind !== 8) all.push([61, bytesOf(client.id)]);
    all.push(...persona.filter(([code]) => !options.some(([other]) => other === code)));
    if (c.chance(0.1)) all.push(u32(51, c.pick([30, 700, 5000, 4_000_000])));
    return {
      packet: { xid: 0, chaddr: client.mac, options: all, flags: c.chance(0.3) ? 0x8000 : 0, secs: c.pick([0, 0, 1, 30]), ...more },
    };
  }

  #bootp(client: Client): Step {
    return { packet: { xid: 0, chaddr: client.mac, ...(this.#chance.chance(0.6) ? { options: [] } : {}) } };
  }

  /** RFC 4388: about an address, or about the client. */
  #leaseQuery(client: Client): Step {
    const c = this.#chance;
    const options = [type(10), ...(c.chance(0.5) ? [prl(51, 82, 61, 60)] : [])];
    return c.chance(0.5)
      ? { packet: { xid: 0, chaddr: "000000000000", htype: 0, hlen: 0, ciaddr: client.lease ?? "192.0.2.1", options } }
      : { packet: { xid: 0, chaddr: client.mac, options } };
  }

  #unicast(step: Step, ipFrom: string): Step {
    const [near, far] = this.#layout.ports;
    const isFar = far !== undefined && within(far.subnet, parseIp(ipFrom) as number);
    const route = { macTo: isFar ? SECOND_MAC : SERVER_MAC, ipFrom, ipTo: (isFar ? far : near).server };
    return { ...step, route, device: isFar ? "c1" : "c0" };
  }

  /** By the client's own way to the server, unless the step has one. */
  #route(client: Client, step: Step): Step {
    const c = this.#chance;
    const [near, far] = this.#layout.ports;
    if (step.route) {
      const isFar = far !== undefined && within(far.subnet, parseIp(step.route.ipFrom) as number);
      return { ...step, device: isFar ? "c1" : "c0" };
    }
    const packet = step.packet as Packet;
    const isQuery = packet.options?.some(([code, value]) => code === 53 && value[0] === 10) ?? false;
    const place = c.chance(0.85) ? client.place : this.#place();
    const relay = this.#layout.relays[isQuery ? Math.max(place, 0) : place];
    if (relay === undefined) return place === -2 ? { ...step, device: "c1" } : step;
    const circuit = packet.options && !isQuery && c.chance(0.6) ? [this.#circuit(c)] : [];
    const isFar = far !== undefined && within(far.subnet, parseIp(relay.giaddr) as number);
    return {
      device: isFar ? "c1" : "c0",
      packet: { ...packet, giaddr: relay.giaddr, hops: 1, ...(packet.options ? { options: [...packet.options, ...circuit] } : {}) },
      route: {
        macTo: isFar ? SECOND_MAC : SERVER_MAC,
        ipFrom: (isFar ? far : near).router,
        ipTo: (isFar ? far : near).server,
        portFrom: 67,
      },
    };
  }

  #circuit(c: Prng): OptionBytes {
    const asked = this.#said.agent(c);
    if (asked.length > 0 && c.chance(0.7)) return agent(...asked);
    return agent(text(1, c.pick(["port1", "eth0/1"])), ...(c.chance(0.5) ? [text(2, "remote")] : []));
  }
}
