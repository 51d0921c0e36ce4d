import { expect, test } from "vitest";
import { createFailover } from "../../../edge-agent/agent/failover.ts";
import { createLedger, encodeRecord, type LedgerPorts, type SiteAgent, siteKey, startSite } from "../../../edge-agent/agent/ledger.ts";
import { SiteBoard } from "../../../edge-agent/agent/ledger-board.ts";
import { askFor, mayClaim } from "../../../edge-agent/agent/ledger-claims.ts";
import { heardFromLink } from "../../../edge-agent/agent/ledger-link.ts";
import type { Pool } from "../../../edge-agent/config/agent-config.ts";
import { encodeMessage } from "../../../edge-agent/failover/wire/message.ts";
import { encodePrivateData } from "../../../edge-agent/failover/wire/private-data.ts";
import type { LedgerAnswer, LedgerCall, ServerRow } from "../../../edge-agent/ledger/calls.ts";
import { farewell } from "../../../edge-agent/ledger/farewell.ts";
import { safeWait, silenceThatEnds } from "../../../edge-agent/ledger/lengths.ts";
import { alignedWith, openOutbox, overtaken } from "../../../edge-agent/ledger/outbox.ts";
import { noLease, renewedByLedger, renewedByPeer, revoked, serviceAt } from "../../../edge-agent/ledger/serving-lease.ts";
import { onLedgerAnswer } from "../../../edge-agent/ledger/site.ts";
import type { SiteState } from "../../../edge-agent/ledger/site-state.ts";
import { counterSeen, mayGivePeerLease, noEvidence } from "../../../edge-agent/ledger/witness.ts";
import type { DatagramReceived } from "../../../edge-agent/server/event.ts";
import { epochSeconds, monotonicMillis } from "../../../edge-agent/values/time.ts";
import { configOf } from "../../support/load-config.ts";
import { address, Pair } from "../failover/pair.ts";

const ms = monotonicMillis;
const SETTING = { relationship: "lab", site: "S", server: "A", autonomyMillis: 60_000, coldStart: "run-down", foreign: false } as const;
const PORTS: LedgerPorts = { settings: [SETTING], boot: "b1", host: "h", outbox: () => [] };
const AT = { now: epochSeconds(1_800_000_000), monotonic: ms(100_000), wallOffset: 0 };
const ROW: ServerRow = { epoch: 3, mode: "PAIR", boot: "b1", heartbeat: 7, ack: 0, leaseMillis: 60_000, clockSteps: [] };

function running(changes: Partial<SiteState> = {}): SiteAgent {
  const site = startSite(SETTING, PORTS, () => undefined, ms(0));
  const standing = { epoch: 3, mode: "PAIR", boot: "b1" } as const;
  return { ...site, core: { ...site.core, phase: "running", standing, reachable: true, ...changes } };
}
const answered = (core: SiteState, answer: object, call?: LedgerCall) => {
  const busy = call === undefined ? core.busy : { ...core.busy, beat: call };
  return onLedgerAnswer(
    { ...core, busy },
    { begunAt: ms(10_000), endedAt: ms(19_000), ...answer } as LedgerAnswer,
    { interrupted: true },
    () => 0,
  );
};
const beat = (partnerHb: number): LedgerCall => ({
  ...{ op: "heartbeat", standing: { epoch: 3, mode: "PAIR", boot: "b1" }, beat: 1, leaseMillis: 60_000, failoverState: "NORMAL" },
  ...{ evidence: { partnerHb, partnerStillMs: 0, peerLeaseAgoMs: 0 }, queued: 0, oldestQueuedAt: 0, clockSteps: [] },
});

test("a heartbeat gives a right that counts from before it left", () => {
  const { state } = answered(running().core, { op: "heartbeat", result: { outcome: "beating", row: ROW } }, beat(-1));
  expect(state.lease.ledgerUntil).toBe(70_000);
});

test("an answered CONTACT counts from before it left", () => {
  const pair = new Pair(4).start();
  pair.pass(40);
  const { primary } = pair;
  const { link } = primary.live;
  const sentAt = ms(pair.millis - 3000);
  link.asked.set(999, sentAt);
  link.answeredAt = undefined;
  const options = { vendorSpecificOptions: encodePrivateData({ echo: 999 }) };
  const bytes = encodeMessage({ type: "CONTACT", xid: 5, time: pair.now, options });
  pair.event(primary, { kind: "failover-bytes", peer: "lab", link: link.up?.id ?? 0, bytes });
  expect(link.answeredAt).toBe(sentAt);
});

test("who is declared down, or was replaced, gets no right from the partner", () => {
  expect(renewedByPeer(revoked("PAIR"), ms(5), 30_000)).toEqual(revoked("PAIR"));
  expect(serviceAt(renewedByLedger(revoked("DOWN"), ms(5), 30_000), ms(6), "run-down")).toBe("none");
});

test("a store that lost its leases gives no service, whatever the lease", () => {
  const board = new SiteBoard(
    createLedger(PORTS),
    createFailover(configOf("subnet 10.0.0.0 netmask 255.0.0.0 {}"), () => undefined),
    AT,
  );
  const site = running({ lease: { ...noLease("PAIR"), ledgerUntil: ms(500_000) } });
  expect(board.service(site)).toBe("full");
  expect(board.service({ ...site, lost: true })).toBe("none");
});

test("who says farewell serves nobody from then on", () => {
  const { core } = running({ lease: { ...noLease("PAIR"), ledgerUntil: ms(500_000) } });
  const { state, call } = farewell(core, { failoverState: "NORMAL", queued: 0 });
  expect([call?.op, serviceAt(state.lease, ms(100_000), "run-down")]).toEqual(["heartbeat", "none"]);
});

test("a server that is alone gives its partner no right", () => {
  expect([mayGivePeerLease(noEvidence(ms(0)), "PAIR", undefined), mayGivePeerLease(noEvidence(ms(0)), "SOLE", undefined)]).toEqual([
    true,
    false,
  ]);
});

test("evidence that was out before a restart binds after it", () => {
  const site = running();
  const bound = { ...site, core: { ...site.core, evidence: { ...site.core.evidence, published: true } } };
  const restarted = startSite(SETTING, PORTS, (key) => (key === siteKey("lab") ? encodeRecord(bound, PORTS) : undefined), ms(5));
  expect(restarted.core.evidence.published).toBe(true);
});

test("a counter's silence counts from when the answer came, and anew when it moves", () => {
  const { state } = answered(running().core, { op: "read-partner", result: { outcome: "read", row: ROW } });
  expect(state.evidence.counter).toEqual({ value: 7, since: 19_000 });
  expect(counterSeen(state.evidence, 7, ms(30_000)).counter?.since).toBe(19_000);
  expect(counterSeen(state.evidence, 8, ms(30_000)).counter?.since).toBe(30_000);
});

test("an answer that lets the partner serve is remembered as evidence against its end", () => {
  const pair = new Pair(4).start();
  pair.pass(40);
  pair.primary.live.link.gaveAnswerAt = ms(39_000);
  expect(heardFromLink(running(), pair.primary.live).core.evidence.peerLeaseGivenAt).toBe(39_000);
});

test("an epoch older than one we knew is not believed", () => {
  const older = { ...ROW, epoch: 2, mode: "SOLE" } as const;
  const start = answered({ ...running().core, phase: "reading" }, { op: "read-self", result: { outcome: "read", row: older } });
  expect([start.state.phase, start.calls, start.state.reachable]).toEqual(["reading", [], false]);
  const later = answered(running().core, { op: "heartbeat", result: { outcome: "fenced", row: older } }, beat(-1));
  expect(later.state.standing).toMatchObject({ epoch: 3, mode: "PAIR" });
  expect(later.happenings).toEqual([]);
});

test("this incarnation's name is kept before it is told to the ledger", () => {
  const step = answered(
    { ...running().core, phase: "reading" },
    { op: "read-self", result: { outcome: "read", row: { ...ROW, boot: "b0" } } },
  );
  expect(step.state.boots).toContain("b1");
  expect([step.calls.map(({ op }) => op), step.happenings]).toEqual([["boot"], [{ kind: "remember" }]]);
});

test("a grant counts from when nothing that we answered lets the partner serve any more", () => {
  const heard = (peerLeaseGivenAt: number) => {
    const { state } = answered(
      running({ evidence: { ...noEvidence(ms(0)), peerLeaseGivenAt: ms(peerLeaseGivenAt) } }).core,
      { op: "heartbeat", result: { outcome: "beating", row: { ...ROW, epoch: 4, mode: "SOLE" } }, endedAt: ms(100_000) },
      beat(-1),
    );
    return state.grant?.learntAt;
  };
  expect(heard(99_000)).toBe(99_000 + silenceThatEnds(30_000));
  expect(heard(60_000)).toBe(100_000);
});

test("a claim waits: for the ledger's leases, MCLT after the grant, the partner's autonomy on a person's word, MCLT after a lease's end", () => {
  const grant = { epoch: 3, learntAt: ms(0), caughtUp: true, basis: "lapsed" } as const;
  const may = (changes: Partial<SiteState>, monotonic: number, lease: Parameters<typeof mayClaim>[1] = undefined) =>
    mayClaim(running({ grant, ...changes }), lease, 60, { ...AT, monotonic: ms(monotonic) });
  const wait = safeWait(60_000);
  expect([may({}, wait - 1), may({}, wait)]).toEqual([false, true]);
  expect([may({ grant: { ...grant, caughtUp: false } }, wait), may({ reachable: false }, wait)]).toEqual([false, false]);
  const longer = wait + silenceThatEnds(60_000);
  const attested = { grant: { ...grant, basis: "attested" } as const };
  expect([may(attested, longer - 1), may(attested, longer)]).toEqual([false, true]);
  const pair = new Pair(4).start();
  const ended = {
    ...pair.primary.store.view.get(address("10.77.0.100"))!,
    ends: epochSeconds(AT.now - 59),
    failover: { tstp: 0, tsfp: 0, atsfp: 0, owed: true, rewindStatus: "ACTIVE" },
  };
  expect([may({}, wait, ended as never), may({}, wait, { ...ended, ends: AT.now - 60 } as never)]).toEqual([false, true]);
});

test("an address that is asked for one client is not promised to another", () => {
  const site = running({ standing: { epoch: 3, mode: "SOLE", boot: "b1" } });
  const wanted = { address: address("10.77.0.100"), client: "one", waiting: {} as DatagramReceived, pool: {} as Pool };
  const first = askFor(site, wanted, AT);
  expect([first.verdict, askFor(first.site, { ...wanted, client: "two" }, AT).verdict]).toEqual(["waiting", "refused"]);
});

test("a store that is new to the ledger goes on behind the numbers of the one that is lost", () => {
  const fresh = openOutbox("lab", {}, () => []);
  expect(alignedWith(fresh, 40, true).shift).toBe(40);
});

test("a store that the ledger's cursor has passed hands in nothing that it had when it was opened, and numbers what follows behind the cursor", () => {
  const old = { ...openOutbox("lab", {}, () => []), lastSeq: 6, ack: 2 };
  expect(overtaken(old, 9, 5)).toMatchObject({ ack: 5, shift: 4 });
});
