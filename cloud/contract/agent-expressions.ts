import { absent, all, any, compare, equal, type Item, put, update, type Write } from "./expression.ts";
import type { BindingStatus, Mode, Role, Srv } from "./items.ts";
import { SCHEMA_VERSION } from "./items.ts";
import {
  clientPartition,
  clientSort,
  confKey,
  curKey,
  dayOf,
  dayPartition,
  histKey,
  OPEN_CONFLICTS,
  pad,
  type ServerName,
  srvKey,
  ts13,
} from "./tables.ts";

/** What a server believes of itself. Every write of an agent is refused once any of it is no longer so. */
export interface Sender {
  readonly site: string;
  readonly server: ServerName;
  readonly epoch: number;
  readonly mode: Mode;
  readonly boot: string;
  /** Agent's wall clock, milliseconds; for display only. */
  readonly at: number;
  /** How long history rows are kept, milliseconds; 0 = for ever. */
  readonly keepMs: number;
}
/** A binding event that happened on the wire (or, in a claim, is about to). Times in milliseconds since 1970. */
export interface Fact {
  /** Number in the server's outbox, from 1. Claims count from 10^9 (`CLAIM_SEQ`). */
  readonly seq: number;
  /** Last number, if renewals seq..seqTo were merged into this entry; then `renewals` says how many. */
  readonly seqTo?: number;
  readonly renewals?: number;
  /** Time of the last merged renewal. */
  readonly lastTs?: number;
  /** 8 hex digits. */
  readonly address: string;
  readonly status: BindingStatus;
  /** `i:…` or `m:…`; empty if nobody. */
  readonly client: string;
  /** Hybrid clock: never before an earlier event of this address that the server knows of. */
  readonly ts: number;
  readonly expires: number;
  readonly potential: number;
  /** {@link ordOf}. */
  readonly ord: string;
  /** Epoch under which it happened. */
  readonly epoch: number;
  readonly host?: string;
  /** The address is its client's for ever. */
  readonly reserved?: boolean;
  /** True origin, when the partner reported it. */
  readonly origin?: ServerName;
}
/** How an entry of a batch goes in: `current` also moves the address's row. `history: false` leaves out a row that is there already. */
export interface Entry {
  readonly fact: Fact;
  readonly as: "current" | "late" | "conflict" | "contradicted";
  readonly history: boolean;
  /** Who holds the address, for `conflict`. */
  readonly holder?: Item;
}
/** What a heartbeat carries. */
export interface Pulse {
  /** Number of this heartbeat within the incarnation, from 1: a delayed one that was overtaken is refused. */
  readonly beat: number;
  readonly leaseMs: number;
  readonly partnerHb: number;
  readonly partnerStillMs: number;
  readonly peerLeaseAgoMs: number;
  readonly failoverState: string;
  readonly queued: number;
  readonly oldestQueuedAt: number;
  /** Times in which its clock was ahead until it was set back. */
  readonly clockSteps: readonly Gap[];
  readonly version: string;
}
/** First number of claims: they have their own counter, because they overtake the outbox. */
export const CLAIM_SEQ = 1_000_000_000;
/** Claims in one transaction at most (3 actions each would allow 33). */
export const MAX_CLAIMS = 33;
/** Outbox entries in one transaction at most (2 actions each, and the server's own item). */
export const MAX_ENTRIES = 49;

/** Order of events of one address, compared as text: epoch first, so whatever happened under a newer grant beats whatever an unaware
 *  server reports later, whatever its clock says. */
export const ordOf = (epoch: number, ts: number, counter: number, server: ServerName): string =>
  `${pad(epoch, 8)}.${ts13(ts)}.${pad(counter, 5)}.${server}`;

/** A time of which a server has lost what it had not handed in, or in which its clock was ahead. Its wall clock, milliseconds since 1970. */
export interface Gap {
  readonly from: number;
  readonly to: number;
}
const MOST_GAPS = 8;
/** Epoch and role of a server, as it last knew them, and how long a right to serve may still run that the lost ledger gave it. */
export interface Was {
  readonly ep: number;
  readonly mode: Role;
  readonly leaseMs: number;
}

/** §2.2: takes the server's item over for a new incarnation; `read` is the item as just read (strongly). `gap`: its former store is lost.
 *  `nameKey`: which key seals clients' names, if any does. `was`: what the server was, told to a ledger that was restored; of two words of
 *  one server, its disk having been replaced in between, the later epoch's stands. */
export function bootWrite(read: Srv, boot: string, gap?: Gap, nameKey?: string, was?: Was): Write {
  const isKnown = gap !== undefined && read.gaps.some(({ from, to }) => from === gap.from && to === gap.to);
  const gaps = gap === undefined || isKnown ? {} : { gaps: [...read.gaps, { from: gap.from, to: gap.to }].slice(-MOST_GAPS) };
  const isNews = read.was === undefined || (was !== undefined && read.was.ep <= was.ep);
  const told =
    was === undefined || read.mode !== "RESTORED"
      ? {}
      : { lm: Math.max(read.lm, was.leaseMs), ...(isNews ? { was: { ep: was.ep, mode: was.mode } } : {}) };
  return update(
    srvKey(read.site, read.srv),
    { set: { boot, bn: 0, ...NO_EVIDENCE, ...gaps, ...told, ...(nameKey === undefined ? {} : { nk: nameKey }) }, add: { hb: 1 } },
    all(equal("ep", read.ep), equal("mode", read.mode), equal("boot", read.boot)),
  );
}

/** §2.3: renews the serving lease, publishes the evidence, and brings back epoch and mode. */
export function heartbeatWrite(sender: Sender, pulse: Pulse): Write {
  const set = {
    bn: pulse.beat,
    at: sender.at,
    lm: pulse.leaseMs,
    oHb: pulse.partnerHb,
    oMs: pulse.partnerStillMs,
    pMs: pulse.peerLeaseAgoMs,
    fs: pulse.failoverState,
    qd: pulse.queued,
    qt: pulse.oldestQueuedAt,
    qa: sender.at,
    kp: sender.keepMs,
    steps: pulse.clockSteps.map(({ from, to }) => ({ from, to })),
    ver: pulse.version,
  };
  return update(srvKey(sender.site, sender.server), { set, add: { hb: 1 } }, all(...asBelieved(sender), compare("bn", "<", pulse.beat)));
}

/** §2.4: outbox entries `(from..to]` as one transaction, led by the sender's own item. Give at most {@link MAX_ENTRIES}, cut by `legalPrefix`. */
export function mirrorWrites(sender: Sender, from: number, to: number, entries: readonly Entry[]): readonly Write[] {
  const lead = update(
    srvKey(sender.site, sender.server),
    { set: { ack: to, at: sender.at }, add: { hb: 1 } },
    all(...asBelieved(sender), equal("ack", from)),
  );
  const chains = new Map<string, { first: Fact; last: Fact }>();
  for (const { fact, as } of entries) {
    if (as !== "current") continue;
    chains.set(fact.address, { first: chains.get(fact.address)?.first ?? fact, last: fact });
  }
  const current = [...chains.values()].map(({ first, last }) => currentWrite(sender, last, mayFollow(first)));
  const history = entries.filter((entry) => entry.history).map((entry) => historyWrite(sender, entry));
  const conflicts = entries
    .filter((entry) => entry.as === "conflict")
    .map((entry) => conflictWrite(sender, entry.fact, entry.holder ?? {}));
  return [lead, ...current, ...history, ...conflicts];
}

/** §2.5: asks for addresses of the partner's share before they are given out. `safe` = wall clock - MCLT - 5 s. Up to {@link MAX_CLAIMS}.
 *  Positions in the transaction: 0 the fence, then for claim i: 1 + 2i the address, 2 + 2i its history row. */
export function claimWrites(sender: Sender, claims: readonly Fact[], safe: number): readonly Write[] {
  const fence = all(equal("ep", sender.epoch), equal("mode", "SOLE"), equal("boot", sender.boot));
  const lead = update(srvKey(sender.site, sender.server), { set: { at: sender.at }, add: { hb: 1 } }, fence);
  return [
    lead,
    ...claims.flatMap((claim) => [
      currentWrite(sender, claim, mayBeClaimed(claim, safe)),
      historyWrite(sender, { fact: claim, as: "current", history: true }, true),
    ]),
  ];
}

/** Nothing is known of the partner's counter: how evidence is reset. */
export const NO_EVIDENCE = { oHb: -1, oMs: 0, pMs: 0 } as const;

const asBelieved = (sender: Sender) => [equal("ep", sender.epoch), equal("mode", sender.mode), equal("boot", sender.boot)];

/** The row is older, and its holder is the same client, or nobody, or his time is up. */
const mayFollow = (fact: Fact) =>
  any(
    absent("pk"),
    all(compare("ord", "<", fact.ord), any(equal("cid", fact.client), compare("st", "<>", "ACTIVE"), compare("exp", "<=", fact.ts))),
  );

/** A lease that ran out in time the partner could still have renewed does not count as over before `safe`. */
const mayBeClaimed = (claim: Fact, safe: number) =>
  any(
    absent("pk"),
    all(
      compare("ord", "<", claim.ord),
      compare("st", "<>", "ABANDONED"),
      any(equal("cid", claim.client), compare("st", "<>", "ACTIVE"), compare("pex", "<", safe)),
    ),
  );

function currentWrite(sender: Sender, fact: Fact, when: ReturnType<typeof any>): Write {
  const row = {
    v: SCHEMA_VERSION,
    site: sender.site,
    a: fact.address,
    ep: fact.epoch,
    ord: fact.ord,
    cid: fact.client,
    st: fact.status,
    s: fact.lastTs ?? fact.ts,
    exp: fact.expires,
    pex: fact.potential,
    srv: sender.server,
    seq: fact.seq,
    ...(fact.host === undefined ? {} : { hn: fact.host }),
    ...(fact.reserved === true ? { rs: 1 } : {}),
  };
  // The whole row, so a Put: no agent needs the right to update leases, and there is no update expression to read.
  return put({ ...curKey(sender.site, fact.address), ...row }, when);
}

function historyWrite(sender: Sender, { fact, as }: Entry, claim = false): Write {
  const sort = `${ts13(fact.ts)}#${fact.address}#${sender.server}#${pad(fact.seq, 12)}`;
  return put(
    {
      ...histKey(sender.site, fact.address, fact.ts, sender.server, fact.seq),
      v: SCHEMA_VERSION,
      t: "H",
      site: sender.site,
      a: fact.address,
      st: fact.status,
      cid: fact.client,
      ts: fact.ts,
      exp: fact.expires,
      srv: sender.server,
      seq: fact.seq,
      ep: fact.epoch,
      ord: fact.ord,
      ...(as === "late" ? { late: 1 } : {}),
      ...(as === "conflict" || as === "contradicted" ? { cf: 1 } : {}),
      ...(claim ? { claim: 1 } : {}),
      ...(fact.origin === undefined ? {} : { org: fact.origin }),
      ...(fact.renewals === undefined ? {} : { n: fact.renewals }),
      ...(fact.lastTs === undefined ? {} : { lastTs: fact.lastTs }),
      ...(fact.host === undefined ? {} : { hn: fact.host }),
      ...(fact.client === ""
        ? {}
        : { gs1pk: clientPartition(fact.client), gs1sk: clientSort(sender.site, fact.address, fact.ts, sender.server, fact.seq) }),
      gs3pk: dayPartition(sender.site, dayOf(fact.ts)),
      gs3sk: sort,
      ...(sender.keepMs === 0 ? {} : { ttl: Math.ceil((Math.max(fact.ts, fact.expires) + sender.keepMs) / 1000) }),
    },
    absent("pk"),
  );
}

function conflictWrite(sender: Sender, fact: Fact, holder: Item): Write {
  const key = confKey(sender.site, fact.address, fact.ts, sender.server, fact.seq);
  return put({
    ...key,
    v: SCHEMA_VERSION,
    t: "X",
    site: sender.site,
    a: fact.address,
    basis: "mirror",
    at: fact.ts,
    until: fact.expires,
    winner: { cid: holder["cid"] ?? "", srv: holder["srv"] ?? "", exp: holder["exp"] ?? 0, ord: holder["ord"] ?? "" },
    loser: { cid: fact.client, srv: sender.server, exp: fact.expires, ord: fact.ord, seq: fact.seq },
    gs2pk: OPEN_CONFLICTS,
    gs2sk: `${sender.site}#${key.sk}`,
  });
}
