import type { Pool } from "../config/agent-config.ts";
import type { LedgerReport } from "../control/protocol.ts";
import { distrustStore } from "../failover/endpoint/old-store.ts";
import { nameOf, type Relationship } from "../failover/relationship.ts";
import type { Turn } from "../failover/turn.ts";
import type { LeaseView } from "../leases/lease-view.ts";
import type { StoreWrite } from "../leases/store-write.ts";
import type { LedgerAnswer, LedgerCall } from "../ledger/calls.ts";
import { farewell } from "../ledger/farewell.ts";
import { laterBy } from "../ledger/lengths.ts";
import { headOf, keptFrom, queuedIn, trimmed } from "../ledger/outbox.ts";
import { onLedgerAnswer } from "../ledger/site.ts";
import { nextCallAt, startCalls } from "../ledger/site-calls.ts";
import { MAX_BATCH, withWish } from "../ledger/site-state.ts";
import type { DatagramReceived } from "../server/event.ts";
import type { Exchange } from "../server/exchange.ts";
import type { PoolAuthority, Wanted } from "../server/pool-authority.ts";
import type { Ipv4Address } from "../values/ipv4.ts";
import type { Instant } from "../values/time.ts";
import type { Witness } from "./authority.ts";
import type { AgentEffect } from "./effect.ts";
import type { Failover } from "./failover.ts";
import {
  encodeRecord,
  isInterrupted,
  type LedgerState,
  onTerms,
  type SiteAgent,
  siteKey,
  startSite,
  type Waiter,
  wantsToAsk,
} from "./ledger.ts";
import { HOW_TO_RESTORE, WitnessedAuthority } from "./ledger-authority.ts";
import { SiteBoard } from "./ledger-board.ts";
import { askFor, type ClaimVerdict, lapse, withoutClaim } from "./ledger-claims.ts";
import { followClock } from "./ledger-clock.ts";
import { ASK_MILLIS, ask, onHappening, order, tellWord } from "./ledger-happenings.ts";
import { heardFromLink, isClearPending, promiseOverLink } from "./ledger-link.ts";
import { aligned, lapsedEvent, recordChange, recordEvents } from "./ledger-outbox.ts";
import { siteReport } from "./ledger-report.ts";
import type { LedgerSetting } from "./ledger-setting.ts";

const NOTHING = { again: [], refused: [] } as const;
const TRIM_MILLIS = 60_000;
/** States of one that is not alone, whatever was said before. */
const WITH_PARTNER: ReadonlySet<string> = new Set(["NORMAL", "COMMUNICATIONS-INTERRUPTED", "RECOVER", "RECOVER-WAIT", "RECOVER-DONE"]);

/** One event's work on all sites: what they become, what is to be stored, and what is to be asked. */
export class LedgerTurn implements Witness {
  readonly #board: SiteBoard;
  /** More than serving clients from what is known: what is due is looked at. */
  #isActive = false;

  constructor(ledger: LedgerState, failover: Failover, at: Instant) {
    this.#board = new SiteBoard(ledger, failover, at);
    followClock(this.#board);
  }

  site(name: string): SiteAgent | undefined {
    return this.#board.sites.get(name);
  }
  /** For `tandem status`. */
  reports(): readonly LedgerReport[] {
    return [...this.#board.sites.values()].map((site) =>
      siteReport(site, this.#board.service(site), this.#board.ledger.ports.outbox, this.#board.at),
    );
  }
  isAlone(name: string): boolean {
    return this.#board.sites.get(name)?.core.standing.mode === "SOLE";
  }
  over(relationship: Relationship, authority: PoolAuthority, view: LeaseView): PoolAuthority {
    const name = nameOf(relationship);
    const known = this.#board.sites.get(name);
    if (known === undefined) return authority;
    return new WitnessedAuthority(authority, relationship, view, () => {
      const site = this.#board.sites.get(name) ?? known;
      return { site, service: this.#board.service(site), claim: (wanted, pool) => this.#claim(name, wanted, pool) };
    });
  }

  #claim(name: string, wanted: Wanted & { readonly client: string }, pool: Pool): ClaimVerdict {
    const site = this.#board.sites.get(name);
    if (site === undefined) return "granted";
    // the bytes outlive the event
    const waiting = { ...wanted.datagram, bytes: Uint8Array.from(wanted.datagram.bytes) };
    this.#isActive = true;
    const asked = askFor(site, { address: wanted.address, client: wanted.client, waiting, pool }, this.#board.at);
    this.#board.put(name, asked.site);
    return asked.verdict;
  }

  /**
   * Before the event: what the link may promise the partner, and what it has brought. Not for a client's message: that changes nothing
   * here unless an address is claimed, and whatever falls due meanwhile has its tick.
   */
  open(): void {
    this.#isActive = true;
    for (const [name, site] of this.#board.sites) {
      const relationship = this.#board.failover.relationships.get(name);
      if (relationship === undefined) continue;
      const told = promiseOverLink(site, relationship);
      const clockDoubt = this.#board.ledger.ports.clockDoubt?.();
      if (told !== site || clockDoubt !== site.clockDoubt) this.#board.put(name, { ...told, clockDoubt });
      const { endpoint } = relationship;
      // the witness is asked instead of the clock believed
      if (
        endpoint.autoPartnerDownAt !== undefined &&
        endpoint.autoPartnerDownAt <= this.#board.at.now &&
        site.core.standing.mode === "PAIR"
      ) {
        endpoint.autoPartnerDownAt = undefined;
        ask(this.#board, name, undefined);
      }
    }
  }

  /** An answer of the ledger. */
  onAnswer(name: string, answer: LedgerAnswer, exchange: Exchange, turn: Turn): void {
    const site = this.#board.sites.get(name);
    const relationship = this.#board.failover.relationships.get(name);
    if (site === undefined) return;
    const { phase } = site.core;
    const step = onLedgerAnswer(site.core, answer, { interrupted: isInterrupted(relationship) }, turn.chance);
    let next: SiteAgent = { ...site, core: step.state };
    const isLetIn = step.state.phase === "running" || step.state.phase === "told";
    if (answer.op === "boot" && isLetIn && (phase === "booting" || phase === "restored")) {
      next = aligned(site, next, phase === "booting" && exchange.view.all()[Symbol.iterator]().next().done === true);
      if (!next.lost && this.#lacks(site, step.state.ack) !== undefined) next = { ...next, core: { ...next.core, compares: true } };
      if (next.lost && !site.lost && relationship?.endpoint.storeIntact === true) distrustStore(turn, relationship);
      if (next.lost) this.#board.say("warn", `ledger: site ${site.setting.site}: this server's leases are lost: ${HOW_TO_RESTORE}`);
      this.#board.mark(name);
    }
    this.#board.put(name, next);
    for (const call of step.calls) this.#board.effects.push({ kind: "ledger-call", relationship: name, call: this.#withGap(site, call) });
    for (const happening of step.happenings) onHappening(this.#board, name, happening, turn, exchange);
  }

  /** A ledger that is older than what the outbox still has hears of which time it lacks. */
  #withGap(site: SiteAgent, call: LedgerCall): LedgerCall {
    return call.op === "boot" ? { ...call, keptFrom: this.#lacks(site, call.read.ack) } : call;
  }
  /** Since when the outbox has what a ledger lacks whose cursor stands there; undefined: it has it all. */
  #lacks({ outbox, isAligned }: SiteAgent, cursor: number): number | undefined {
    return isAligned ? keptFrom(outbox, this.#board.ledger.ports.outbox, cursor, this.#board.wallMillis) : undefined;
  }

  /** An operator wants this server to be alone. */
  ask(name: string, waiter: Waiter | undefined): void {
    ask(this.#board, name, waiter);
  }

  /** agent.json was read again: what stays goes on as it is, under the new terms. */
  reconfigure(settings: readonly LedgerSetting[]): void {
    const board = this.#board;
    const before = board.sites;
    board.replace(new Map());
    for (const setting of settings) {
      const site = before.get(setting.relationship);
      const isSame = site !== undefined && site.setting.site === setting.site && site.setting.server === setting.server;
      board.put(
        setting.relationship,
        isSame ? onTerms(site, setting) : startSite(setting, board.ledger.ports, board.failover.record, board.at.monotonic),
      );
    }
    board.settings = settings;
  }

  /** The process ends in good order: leases are given up. */
  stop(): void {
    for (const [name, site] of this.#board.sites) {
      const { state, call } = farewell(site.core, { failoverState: this.#board.stateOf(name), queued: queuedIn(site.outbox) });
      this.#board.put(name, { ...site, core: state });
      if (call !== undefined) this.#board.effects.push({ kind: "ledger-call", relationship: name, call });
    }
  }

  /** Messages that may be served now, and addresses that are somebody else's. */
  takeAgain(): { readonly again: readonly DatagramReceived[]; readonly refused: readonly Ipv4Address[] } {
    const { again, refused } = this.#board;
    return again.length + refused.length === 0 ? NOTHING : { again: again.splice(0), refused: refused.splice(0) };
  }

  /** After the event: leases from the partner, forced orders, and whatever is due to be asked. Before the failover turn is closed. */
  settle(turn: Turn): void {
    if (!this.#isActive) return;
    for (const name of this.#board.orders.splice(0))
      order(this.#board, turn, this.#board.failover.relationships.get(name), { verb: "partner-down" });
    for (const [name, site] of this.#board.sites) {
      const relationship = this.#board.failover.relationships.get(name);
      this.#board.put(
        name,
        this.#withoutOldWord(name, this.#foundAgain(name, heardFromLink(site, relationship), relationship), relationship),
      );
      this.#askOfOurselves(name, relationship);
      tellWord(this.#board, name, relationship);
      this.#lapse(name, relationship);
      this.#startCalls(name, relationship);
      this.#trim(name);
    }
  }

  /** A server that has recovered with its partner has its leases back. */
  #foundAgain(name: string, site: SiteAgent, relationship: Relationship | undefined): SiteAgent {
    const isFound = site.lost && relationship?.endpoint.state === "NORMAL" && relationship.endpoint.startupUntil === undefined;
    if (!isFound) return site;
    this.#board.mark(name);
    // alone in the ledger still: what being alone was for is over, and the pair is asked for
    const { mode, epoch } = site.core.standing;
    return { ...site, lost: false, entered: mode === "SOLE" ? epoch : site.entered };
  }

  /** A word that the partner is off says nothing any more once this server is alone no more: it must not free it from its leases for ever. */
  #withoutOldWord(name: string, site: SiteAgent, relationship: Relationship | undefined): SiteAgent {
    if (site.forced === undefined || relationship === undefined) return site;
    const { state, startupUntil } = relationship.endpoint;
    if (startupUntil !== undefined || !WITH_PARTNER.has(state)) return site;
    this.#board.mark(name);
    return { ...site, forced: undefined };
  }

  #askOfOurselves(name: string, relationship: Relationship | undefined): void {
    const site = this.#board.sites.get(name);
    if (site === undefined || site.core.phase !== "running" || site.askAfter > this.#board.at.monotonic) return;
    const wish = wantsToAsk(site, relationship);
    if (wish === "partner-down") ask(this.#board, name, undefined);
    if (wish !== "clear") return;
    const core = withWish(site.core, { op: "ask-clear", epoch: site.core.standing.epoch });
    this.#board.put(name, { ...site, core, askAfter: laterBy(this.#board.at.monotonic, ASK_MILLIS) });
  }

  /** Promised addresses that nobody came for are given back, and all of them when the partner is back. */
  #lapse(name: string, relationship: Relationship | undefined): void {
    const site = this.#board.sites.get(name);
    if (site === undefined || site.claims.size === 0) return;
    const { site: next, unused } = lapse(site, this.#board.at, relationship !== undefined && isClearPending(site, relationship));
    if (next === site) return;
    const events = unused.map(([address, client]) => lapsedEvent(address, client, next.core.standing.epoch));
    this.#board.put(name, { ...next, outbox: recordEvents(next, this.#board, events) });
  }

  #startCalls(name: string, relationship: Relationship | undefined): void {
    const site = this.#board.sites.get(name);
    if (site === undefined) return;
    const { core } = site;
    const interrupted = isInterrupted(relationship);
    const queued = queuedIn(site.outbox);
    const due = nextCallAt(core, { interrupted, queued });
    if (due === undefined || due > this.#board.at.monotonic) return;
    const head = queued > 0 ? headOf(site.outbox, this.#board.ledger.ports.outbox, MAX_BATCH) : [];
    // numbers without entries: nothing of them can ever be sent
    const outbox =
      queued > 0 && head.length === 0 && this.#board.writes.length === 0 ? { ...site.outbox, ack: site.outbox.lastSeq } : site.outbox;
    const around = { failoverState: this.#board.stateOf(name), interrupted, outbox: { head, queued } };
    const started = startCalls(core, this.#board.at.monotonic, around);
    if (started.state.evidence.published !== core.evidence.published) this.#board.mark(name);
    this.#board.put(name, { ...site, core: started.state, outbox });
    for (const call of started.calls) this.#board.effects.push({ kind: "ledger-call", relationship: name, call });
  }

  #trim(name: string): void {
    const site = this.#board.sites.get(name);
    if (site === undefined || site.trimAfter > this.#board.at.monotonic) return;
    const done = trimmed(site.outbox, this.#board.ledger.ports.outbox, this.#board.wallMillis);
    this.#board.put(name, { ...site, outbox: done.outbox, trimAfter: laterBy(this.#board.at.monotonic, TRIM_MILLIS) });
    this.#board.writes.push(...done.writes);
    if (done.writes.length > 0) this.#board.mark(name);
  }

  /** All that changed leases in this step, as history; in the same transaction as the leases. */
  record(exchange: Exchange): void {
    for (const change of exchange.changes) {
      const name = change.pool.failoverPeer;
      const site = name === undefined ? undefined : this.#board.sites.get(name);
      if (name === undefined || site === undefined || this.#board.merged?.has(change.after.address) === true) continue;
      const outbox = recordChange(site, this.#board, change);
      const kept = change.after.status === "ACTIVE" ? withoutClaim(site, change.after.address) : site;
      if (outbox !== site.outbox || kept !== site) this.#board.put(name, { ...kept, outbox });
    }
  }

  /** What it all comes to. */
  close(): { readonly ledger: LedgerState; readonly writes: readonly StoreWrite[]; readonly effects: readonly AgentEffect[] } {
    for (const name of this.#board.dirty) {
      const site = this.#board.sites.get(name);
      if (site !== undefined)
        this.#board.writes.push({ kind: "record", key: siteKey(name), value: encodeRecord(site, this.#board.ledger.ports) });
    }
    const { settings, ledger: was } = this.#board;
    const ports = settings === undefined ? was.ports : { ...was.ports, settings };
    const { sites, at, writes, effects } = this.#board;
    const isSame = sites === was.sites && ports === was.ports && at.wallOffset === was.wallOffset;
    return { ledger: isSame ? was : { ...was, ports, sites, wallOffset: at.wallOffset }, writes, effects };
  }
}
