import fc from "fast-check";
import { expect, test } from "vitest";
import type { Relationship } from "../../../edge-agent/failover/relationship.ts";
import { failoverDeadline, onFailoverEvent, onFailoverTick, onLeaseChanged, sendWaiting } from "../../../edge-agent/failover/step.ts";
import { SERVER_STATE_CODES } from "../../../edge-agent/failover/wire/codes.ts";
import { EMPTY_STREAM, takeFrames } from "../../../edge-agent/failover/wire/frame.ts";
import { decodeMessage, encodeMessage } from "../../../edge-agent/failover/wire/message.ts";
import type { MessageType, Options } from "../../../edge-agent/failover/wire/options.ts";
import type { BINDING_STATUSES } from "../../../edge-agent/leases/binding-status.ts";
import type { Lease } from "../../../edge-agent/leases/lease.ts";
import type { Ipv4Address } from "../../../edge-agent/values/ipv4.ts";
import { epochSeconds, monotonicMillis } from "../../../edge-agent/values/time.ts";
import { harmIn } from "../../support/failover-harm.ts";
import { connectTerms } from "../../support/failover-peer.ts";
import { address, Node, peer } from "./pair.ts";

/**
 * A partner of ISC's make that says anything that may be said, in any order, with clients served, time passing and connections lost in
 * between: nothing that we send may end, wedge or blind it, and our books stay in order.
 */
const SIZE = 20;
const FIRST = address("10.77.0.100");
const STATES = [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 254];
const START = 1_795_000_000;

/** What a partner in this state does not survive, or from which it takes itself out of service, by the state that it hears. */
const FATAL: Readonly<Record<number, (state: number) => boolean>> = {
  [SERVER_STATE_CODES["CONFLICT-DONE"]]: (state) => ![2, 5, 10].includes(state),
  [SERVER_STATE_CODES.NORMAL]: (state) => [5, 10, 11].includes(state),
  [SERVER_STATE_CODES["POTENTIAL-CONFLICT"]]: (state) => state === 2,
};

type Move =
  | { readonly kind: "say"; readonly type: MessageType; readonly options: Options }
  | { readonly kind: "acknowledge"; readonly pick: number; readonly reject: number | undefined }
  | { readonly kind: "done" }
  | { readonly kind: "lease"; readonly at: number; readonly status: (typeof BINDING_STATUSES)[number]; readonly length: number }
  | { readonly kind: "pass"; readonly seconds: number }
  | { readonly kind: "lose" };

const date = fc.oneof(fc.constant(0), fc.integer({ min: START - 200, max: START + 400 }));
const binding = fc.record(
  {
    assignedIpAddress: fc.integer({ min: FIRST - 1, max: FIRST + SIZE }) as fc.Arbitrary<never>,
    bindingStatus: fc.integer({ min: 0, max: 8 }),
    clientIdentifier: fc.uint8Array({ minLength: 1, maxLength: 8 }),
    clientHardwareAddress: fc.nat(5).map((client) => Uint8Array.of(1, 2, 0, 0, 0x99, 0, client)),
    leaseExpirationTime: date,
    potentialExpirationTime: date,
    startTimeOfState: date,
    clientLastTransactionTime: date,
    ipFlags: fc.constantFrom(0, 0, 0, 1, 2),
  },
  { requiredKeys: ["assignedIpAddress", "bindingStatus"] },
);
const state = fc.record({ serverState: fc.constantFrom(...STATES), serverFlags: fc.constantFrom(0, 0, 1), startTimeOfState: date });
const say = (type: MessageType, options: fc.Arbitrary<Options>) => options.map((each): Move => ({ kind: "say", type, options: each }));
const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 8, arbitrary: say("BNDUPD", binding as fc.Arbitrary<Options>) },
  { weight: 4, arbitrary: say("STATE", state) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<MessageType>("POOLREQ", "UPDREQ", "UPDREQALL", "CONTACT").chain((type) => say(type, fc.constant({}))),
  },
  { weight: 1, arbitrary: fc.constant<Move>({ kind: "done" }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("acknowledge" as const),
      pick: fc.nat(30),
      reject: fc.option(fc.constantFrom(1, 2, 16, 19), { freq: 4, nil: undefined }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("lease" as const),
      at: fc.nat(SIZE - 1),
      status: fc.constantFrom<(typeof BINDING_STATUSES)[number]>("ACTIVE", "ACTIVE", "RELEASED", "EXPIRED", "ABANDONED"),
      length: fc.integer({ min: 1, max: 200 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("pass" as const), seconds: fc.constantFrom(0, 1, 2, 9, 31) }) },
  { weight: 1, arbitrary: fc.constant<Move>({ kind: "lose" }) },
);

/** A dhcpd as far as this goes: it connects whenever it is not connected, and believes what it hears. */
class Stock {
  readonly node: Node;
  readonly role: "primary" | "secondary";
  readonly harms: string[] = [];
  /** Messages that we sent. */
  said = 0;
  #now = START;
  #link = 0;
  #isOpen = false;
  #xid = 0;
  #state: number | undefined;
  #rest = EMPTY_STREAM;
  /** Its updates that we owe an answer, and ours that it owes one, by xid. */
  readonly #asked = new Map<number, number>();
  readonly #updates = new Map<number, number>();
  #requested: number | undefined;

  constructor(role: "primary" | "secondary") {
    this.role = role;
    this.node = new Node("ours", peer(role), SIZE);
    this.node.start(this.#at);
    this.#hear();
  }
  get #at() {
    return { now: epochSeconds(this.#now), monotonic: monotonicMillis((this.#now - START) * 1000), wallOffset: 0 };
  }

  make(next: Move): void {
    if (!this.#isOpen) this.#connect();
    switch (next.kind) {
      case "say":
        // only a primary is ever in CONFLICT-DONE
        if (next.options.serverState === SERVER_STATE_CODES["CONFLICT-DONE"] && this.role === "primary") break;
        if (next.type === "STATE") this.#state = next.options.serverState;
        this.#say(next.type, next.options);
        if (next.type === "BNDUPD") this.#asked.set(this.#xid - 1, next.options.assignedIpAddress ?? 0);
        break;
      case "acknowledge":
        this.#acknowledge(next.pick, next.reject);
        break;
      case "done":
        if (this.#requested !== undefined)
          this.#bytes(encodeMessage({ type: "UPDDONE", time: this.#now, xid: this.#requested, options: {} }));
        break;
      case "lease":
        this.#serve(next);
        break;
      case "pass":
        this.#pass(next.seconds);
        break;
      case "lose":
        this.#lose();
        break;
    }
    this.#hear();
  }

  #connect(): void {
    this.#link += 1;
    this.#isOpen = true;
    this.#xid = 0;
    this.#rest = EMPTY_STREAM;
    this.#asked.clear();
    this.#updates.clear();
    this.#requested = undefined;
    this.node.turn(this.#at, (turn) =>
      onFailoverEvent(turn, this.node.live, { kind: "failover-link-opened", peer: "lab", link: this.#link, direction: "accepted" }),
    );
    const { mclt: _, hashBucketAssignment: __, tlsRequest: ___, ...reply } = connectTerms();
    this.#say(this.role === "secondary" ? "CONNECT" : "CONNECTACK", this.role === "secondary" ? connectTerms() : reply);
    this.#hear();
    // a dhcpd sends its state at once; what it was before is what it still is
    this.#say("STATE", { serverState: this.#state ?? 6, serverFlags: 1, startTimeOfState: START });
    this.#state ??= 6;
    this.#hear();
  }
  #lose(): void {
    this.#isOpen = false;
    this.node.turn(this.#at, (turn) =>
      onFailoverEvent(turn, this.node.live, { kind: "failover-link-closed", peer: "lab", link: this.#link, reason: "lost" }),
    );
  }
  #say(type: MessageType, options: Options): void {
    this.#bytes(encodeMessage({ type, time: this.#now, xid: this.#xid, options }));
    this.#xid += 1;
  }
  #bytes(bytes: Uint8Array): void {
    if (this.#isOpen)
      this.node.turn(this.#at, (turn) =>
        onFailoverEvent(turn, this.node.live, { kind: "failover-bytes", peer: "lab", link: this.#link, bytes }),
      );
  }
  #acknowledge(pick: number, rejectReason: number | undefined): void {
    const waiting = [...this.#updates];
    const update = waiting[pick % Math.max(1, waiting.length)];
    if (update === undefined) return;
    this.#updates.delete(update[0]);
    const options = { assignedIpAddress: update[1] as never, ...(rejectReason === undefined ? {} : { rejectReason }) };
    this.#bytes(encodeMessage({ type: "BNDACK", time: this.#now, xid: update[0], options }));
  }
  #serve({ at, status, length }: Extract<Move, { kind: "lease" }>): void {
    const hardware = { htype: 1, bytes: Uint8Array.of(2, 0, 0, 0x99, 1, at) };
    const given = status === "ABANDONED" ? { hardware: undefined, clientId: undefined } : { hardware };
    this.#change((FIRST + at) as never, (lease) => ({
      ...{ ...lease, ...given, status, starts: this.#at.now, cltt: this.#at.now, ends: epochSeconds(this.#now + length) },
      failover: {
        tstp: epochSeconds(this.#now + 2 * length),
        tsfp: lease.failover?.tsfp ?? epochSeconds(0),
        atsfp: epochSeconds(0),
        owed: true,
        rewindStatus: lease.failover?.rewindStatus ?? "FREE",
      },
    }));
  }
  #change(at: Ipv4Address, change: (lease: Lease) => Lease): void {
    this.node.turn(this.#at, (turn) => {
      const lease = change(turn.lease(at));
      turn.put(lease);
      onLeaseChanged(turn, this.node.live, lease);
      sendWaiting(turn, this.node.live);
    });
  }
  #pass(length: number): void {
    const end = this.#now + length;
    for (let round = 0; round < 200; round += 1) {
      const due = failoverDeadline(this.node.live, this.#at);
      if (due !== undefined && due <= this.#at.monotonic) this.node.turn(this.#at, (turn) => onFailoverTick(turn, this.node.live));
      else if (this.#now < end)
        this.#now = due === undefined ? end : Math.min(end, START + Math.max(this.#now - START + 1, Math.ceil(due / 1000)));
      else return;
      this.#hear();
    }
  }

  #hear(): void {
    for (const effect of this.node.effects.splice(0)) {
      if (effect.kind === "failover-close" && effect.link === this.#link) this.#isOpen = false;
      if (effect.kind !== "failover-send" || effect.link !== this.#link) continue;
      const taken = takeFrames(this.#rest, effect.bytes);
      this.#rest = taken.rest;
      for (const frame of taken.frames) this.#judge(frame);
    }
    this.#judgeBooks(this.node.live);
  }
  #judge(frame: Uint8Array): void {
    const read = decodeMessage(frame);
    this.said += 1;
    if (!read.ok) return void this.harms.push(JSON.stringify(read.error));
    const { type, xid, options } = read.value;
    const harm = harmIn(frame, read.value);
    if (harm !== undefined) this.harms.push(`${type}: ${harm}`);
    if (type === "BNDUPD") this.#updates.set(xid, options.assignedIpAddress ?? 0);
    if (type === "UPDREQ" || type === "UPDREQALL") this.#requested = xid;
    // a rejection with xid 0 gives up what dhcpd may count as under way since an earlier connection
    if (type === "BNDACK" && !(xid === 0 && options.rejectReason !== undefined)) {
      if (this.#asked.get(xid) !== (options.assignedIpAddress ?? 0)) this.harms.push(`BNDACK ${xid} answers nothing`);
      this.#asked.delete(xid);
    }
    if (type === "STATE" && this.#state !== undefined && FATAL[this.#state]?.(options.serverState ?? 0))
      this.harms.push(`STATE ${options.serverState} to a partner in ${this.#state}`);
    const { updates } = this.node.live;
    if (type === "UPDDONE" && [...updates.unacked.values()].some(({ transfer }) => transfer !== 0))
      this.harms.push("UPDDONE before its end");
  }
  #judgeBooks({ updates, link, transfer }: Relationship): void {
    const marked = [...updates.waiting.values(), ...[...updates.unacked.values()].map((each) => each.transfer)].filter(
      (mark) => mark !== 0,
    );
    if (marked.length !== updates.transferLeft)
      this.harms.push(`${marked.length} updates of the transfer, ${updates.transferLeft} counted`);
    if (transfer === undefined && marked.length > 0) this.harms.push("updates of no transfer");
    for (const each of updates.unacked.keys())
      if (updates.waiting.has(each) || updates.refused.has(each)) this.harms.push("an address in two places");
    for (const each of updates.refused) if (updates.waiting.has(each)) this.harms.push("an address in two places");
    if (link.connections.size > 4) this.harms.push(`${link.connections.size} connections`);
    const counts = this.node.counts();
    const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
    if (total !== SIZE || Object.values(counts).some((count) => count < 0)) this.harms.push(`counts ${JSON.stringify(counts)}`);
  }
}

test.each(["primary", "secondary"] as const)(
  "as %s: whatever a dhcpd says, nothing that we say hurts it",
  (role) => {
    let said = 0;
    fc.assert(
      fc.property(fc.array(move, { minLength: 20, maxLength: 160, size: "max" }), (moves) => {
        const partner = new Stock(role);
        for (const each of moves) {
          partner.make(each);
          expect(partner.harms).toEqual([]);
        }
        said += partner.said;
      }),
      { numRuns: 250 },
    );
    expect(said).toBeGreaterThan(8_000);
  },
  60_000,
);
