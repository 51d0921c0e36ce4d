import type { FailoverPeer } from "../../../edge-agent/config/agent-config.ts";
import type { FailoverEffect } from "../../../edge-agent/failover/effect.ts";
import type { FailoverCommand, FailoverEvent, LinkId } from "../../../edge-agent/failover/event.ts";
import { potentialExpiry, timesOf } from "../../../edge-agent/failover/lease-times.ts";
import type { Relationship } from "../../../edge-agent/failover/relationship.ts";
import { startRelationships } from "../../../edge-agent/failover/start.ts";
import { failoverDeadline, onFailoverEvent, onFailoverTick, onLeaseChanged } from "../../../edge-agent/failover/step.ts";
import { Turn } from "../../../edge-agent/failover/turn.ts";
import { EMPTY_STREAM, takeFrames } from "../../../edge-agent/failover/wire/frame.ts";
import { decodeMessage, type FailoverMessage } from "../../../edge-agent/failover/wire/message.ts";
import type { Lease } from "../../../edge-agent/leases/lease.ts";
import { type Ipv4Address, parseIpv4 } from "../../../edge-agent/values/ipv4.ts";
import { type EpochSeconds, epochSeconds, type Instant, monotonicMillis, NO_TIME, seconds } from "../../../edge-agent/values/time.ts";
import { MemoryStore } from "../../support/memory-store.ts";

export const address = (text: string): Ipv4Address => {
  const parsed = parseIpv4(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
};

export function peer(role: "primary" | "secondary", changes: Partial<FailoverPeer> = {}): FailoverPeer {
  return {
    name: "lab",
    role,
    address: "10.78.0.2",
    port: 647,
    peerAddress: "10.78.0.3",
    peerPort: 647,
    maxResponseDelay: seconds(30),
    maxUnackedUpdates: 10,
    mclt: role === "primary" ? seconds(20) : undefined,
    hba: role === "primary" ? Uint8Array.from({ length: 32 }, (_, index) => (index < 16 ? 255 : 0)) : undefined,
    loadBalanceMaxSeconds: 3,
    autoPartnerDown: seconds(0),
    maxLeaseMisbalance: 15,
    maxLeaseOwnership: 10,
    minBalance: seconds(60),
    maxBalance: seconds(3600),
    location: { file: "test", line: 1, column: 1 } as unknown as FailoverPeer["location"],
    ...changes,
  };
}

const START = 1_795_000_000;

/** One server in virtual time: its disk survives, its memory does not. */
export class Node {
  readonly name: string;
  peer: FailoverPeer;
  store = new MemoryStore();
  relationship: Relationship | undefined;
  readonly log: string[] = [];
  readonly effects: FailoverEffect[] = [];
  readonly range: { first: Ipv4Address; last: Ipv4Address };
  skew = 0;

  constructor(name: string, config: FailoverPeer, size: number) {
    this.name = name;
    this.peer = config;
    this.range = { first: address("10.77.0.100"), last: (address("10.77.0.100") + size - 1) as Ipv4Address };
  }

  get live(): Relationship {
    if (this.relationship === undefined) throw new Error(`${this.name} is down`);
    return this.relationship;
  }
  get state(): string {
    return this.live.endpoint.startupUntil === undefined ? this.live.endpoint.state : "STARTUP";
  }

  /** Runs `work` as one step: its writes are on disk before its effects are seen. */
  turn(at: Instant, work: (turn: Turn) => void): void {
    const turn = new Turn({ ...at, wallOffset: this.skew }, this.store.view, () => 0);
    work(turn);
    this.store.apply(turn.writes());
    for (const effect of turn.effects()) {
      if (effect.kind === "log") this.log.push(String(effect.fields["text"]));
      else this.effects.push(effect);
    }
  }

  start(at: Instant): void {
    this.store.layout([{ id: 0, ranges: [this.range] }]);
    this.turn(at, (turn) => {
      const config = { peer: this.peer, pools: [{ id: 0, ranges: [this.range], sharedNetwork: 0, networkName: "10.77.0.0/24" }] };
      this.relationship = startRelationships(turn, [config], (key) => this.store.record(key)).get("lab");
    });
  }

  lease(text: string): Lease | undefined {
    return this.store.view.get(address(text));
  }
  counts(): Readonly<Record<string, number>> {
    return this.store.view.counts(0);
  }
}

/** What crossed the link, for tests that look at the wire. */
export interface Heard {
  readonly from: string;
  readonly message: FailoverMessage;
}

interface FlyingConnection {
  readonly a: LinkId;
  readonly b: LinkId;
  /** Set once an end has closed it. */
  closed: boolean;
}

/** Two servers, a link that can be cut, and a clock that only tests move. */
export class Pair {
  readonly primary: Node;
  readonly secondary: Node;
  readonly heard: Heard[] = [];
  now = START;
  millis = 0;
  cut = false;
  #nextLink = 1;
  readonly #connections: FlyingConnection[] = [];
  readonly #streams = new Map<string, Uint8Array>();

  constructor(size = 20, primary: Partial<FailoverPeer> = {}, secondary: Partial<FailoverPeer> = {}) {
    this.primary = new Node("primary", peer("primary", primary), size);
    this.secondary = new Node("secondary", peer("secondary", secondary), size);
  }

  get at(): Instant {
    return { now: epochSeconds(this.now), monotonic: monotonicMillis(this.millis), wallOffset: 0 };
  }
  other(node: Node): Node {
    return node === this.primary ? this.secondary : this.primary;
  }

  start(...nodes: Node[]): this {
    for (const node of nodes.length === 0 ? [this.primary, this.secondary] : nodes) node.start(this.at);
    this.settle();
    return this;
  }

  event(node: Node, event: FailoverEvent): void {
    if (node.relationship !== undefined) node.turn(this.at, (turn) => onFailoverEvent(turn, node.live, event));
  }
  command(node: Node, command: FailoverCommand): void {
    this.event(node, { kind: "failover-command", peer: "lab", command });
    this.settle();
  }

  /** The process dies; the partner sees its connections end. */
  kill(node: Node): void {
    node.relationship = undefined;
    node.effects.length = 0;
    for (const connection of this.#connections) if (!connection.closed) this.#end(connection, this.other(node), "reset");
    this.settle();
  }

  /** Delivers everything that is under way, and lets time-outs that are due happen, until nothing moves. */
  settle(): void {
    for (let round = 0; round < 200_000; round += 1) {
      const moved = this.#deliver(this.primary) || this.#deliver(this.secondary) || this.#tick(this.primary) || this.#tick(this.secondary);
      if (!moved) return;
    }
    throw new Error("the pair does not come to rest");
  }

  /** Lets `length` seconds pass, stopping wherever a timer is due. */
  pass(length: number): void {
    const end = this.millis + length * 1000;
    this.settle();
    while (this.millis < end) {
      const dues = [this.primary, this.secondary].map((node) =>
        node.relationship === undefined ? undefined : failoverDeadline(node.live, this.at),
      );
      const next = Math.min(end, ...dues.map((due) => Math.max(this.millis + 1, Math.ceil(due ?? end))));
      this.millis = next;
      this.now = START + Math.floor(next / 1000);
      this.settle();
    }
  }

  /** Gives `text` to a client as the server would: stored, and told to the partner. */
  grant(node: Node, text: string, client: number, length = 20, desired = 120): void {
    this.change(node, text, (lease) => {
      const ends = epochSeconds(this.now + length);
      const failover = {
        ...timesOf(lease),
        tstp: potentialExpiry(epochSeconds(this.now), ends, seconds(desired)),
        atsfp: NO_TIME,
        owed: true,
      };
      const hardware = { htype: 1, bytes: Uint8Array.of(2, 0, 0, 0x99, 0, client) };
      const now = epochSeconds(this.now);
      return { ...lease, status: "ACTIVE", starts: now, ends, cltt: now, hardware, hostname: `client-${client}`, failover };
    });
  }
  change(node: Node, text: string, change: (lease: Lease) => Lease): void {
    node.turn(this.at, (turn) => {
      const lease = change(turn.lease(address(text)));
      turn.put(lease);
      onLeaseChanged(turn, node.live, lease);
      onFailoverTick(turn, node.live);
    });
    this.settle();
  }

  #tick(node: Node): boolean {
    if (node.relationship === undefined) return false;
    const due = failoverDeadline(node.live, this.at);
    if (due === undefined || due > this.millis) return false;
    node.turn(this.at, (turn) => onFailoverTick(turn, node.live));
    return true;
  }

  #deliver(node: Node): boolean {
    const effect = node.effects.shift();
    if (effect === undefined) return false;
    const partner = this.other(node);
    if (effect.kind === "failover-dial") this.#dial(node, partner);
    if (effect.kind === "failover-send" || effect.kind === "failover-close") {
      const connection = this.#connections.find((each) => !each.closed && this.#idAt(each, node) === effect.link);
      if (connection === undefined) return true;
      if (effect.kind === "failover-close") this.#end(connection, partner, "closed by partner");
      else if (!this.cut) {
        this.#note(node, effect.link, effect.bytes);
        this.event(partner, { kind: "failover-bytes", peer: "lab", link: this.#idAt(connection, partner), bytes: effect.bytes });
      }
    }
    return true;
  }

  #dial(node: Node, partner: Node): void {
    if (this.cut || partner.relationship === undefined) {
      this.event(node, { kind: "failover-dial-failed", peer: "lab", reason: "refused", local: false });
      return;
    }
    const connection = { a: this.#nextLink, b: this.#nextLink + 1, closed: false };
    this.#nextLink += 2;
    this.#connections.push(connection);
    this.event(node, { kind: "failover-link-opened", peer: "lab", link: this.#idAt(connection, node), direction: "dialled" });
    this.event(partner, { kind: "failover-link-opened", peer: "lab", link: this.#idAt(connection, partner), direction: "accepted" });
  }

  #end(connection: FlyingConnection, told: Node, reason: string): void {
    connection.closed = true;
    if (!this.cut) this.event(told, { kind: "failover-link-closed", peer: "lab", link: this.#idAt(connection, told), reason });
  }
  #idAt(connection: FlyingConnection, node: Node): LinkId {
    return node === this.primary ? connection.a : connection.b;
  }
  #note(node: Node, link: LinkId, bytes: Uint8Array): void {
    const key = `${node.name}${link}`;
    const taken = takeFrames(this.#streams.get(key) ?? EMPTY_STREAM, bytes);
    this.#streams.set(key, taken.rest);
    for (const frame of taken.frames) {
      const message = decodeMessage(frame);
      if (message.ok) this.heard.push({ from: node.name, message: message.value });
    }
  }
}

export const time = (value: number): EpochSeconds => epochSeconds(value);
