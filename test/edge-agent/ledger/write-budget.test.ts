import { expect, test } from "vitest";
import type { BindingEvent } from "../../../edge-agent/ledger/binding-event.ts";
import type { LedgerAnswer, OutboxEntry } from "../../../edge-agent/ledger/calls.ts";
import { onLedgerAnswer } from "../../../edge-agent/ledger/site.ts";
import { nextCallAt, startCalls } from "../../../edge-agent/ledger/site-calls.ts";
import { newSite, type SiteState, withClaim } from "../../../edge-agent/ledger/site-state.ts";
import { mirrorUnits, WRITE_BUDGET } from "../../../edge-agent/ledger/write-budget.ts";
import { ipv4 } from "../../../edge-agent/values/ipv4.ts";
import { monotonicMillis } from "../../../edge-agent/values/time.ts";

const event = (address: number, client = "m:1:aa"): BindingEvent => ({
  ...{ address: ipv4(address), status: "ACTIVE", client, ts: 1, expires: 2, potential: 2, epoch: 1, hostname: undefined },
  ...{ fromPartner: false, renewal: false, renewals: 1, lastTs: 1 },
});
const backlog: readonly OutboxEntry[] = Array.from({ length: 49 }, (_, index) => ({ seq: index + 1, event: event(index) }));

/** A site with that budget, whose first batch of 49 has just been taken; it was begun at 1,000 ms. */
function afterOneBatch(writeBudget: number, mode: "PAIR" | "SOLE" = "PAIR"): SiteState {
  const config = { site: "S1", server: "A" as const, leaseMillis: 60_000, mcltMillis: 0, coldStart: "run-down" as const };
  const site = newSite({ ...config, writeBudget, partnerIsForeign: false }, "b", undefined, monotonicMillis(0));
  const standing = { epoch: 1, mode, boot: "b" };
  const running: SiteState = { ...site, phase: "running", standing, notBefore: { ...site.notBefore, beat: monotonicMillis(90_000) } };
  const around = { failoverState: "NORMAL", interrupted: false, outbox: { head: backlog, queued: 100 } };
  const { state, calls } = startCalls(running, monotonicMillis(1000), around);
  expect(calls.map(({ op }) => op)).toEqual(["mirror"]);
  const result = { outcome: "mirrored" as const, upTo: 49, conflicts: 0 };
  const answer: LedgerAnswer = { op: "mirror", begunAt: monotonicMillis(1000), endedAt: monotonicMillis(1030), result };
  return onLedgerAnswer(state, answer, { interrupted: false }, () => 0).state;
}
const next = (state: SiteState) => nextCallAt(state, { interrupted: false, queued: 51 });

test("a batch costs two units a row, and one for each index of a row of history", () => {
  expect(mirrorUnits(backlog)).toBe(2 + 2 * 49 + 4 * 49);
  expect(
    mirrorUnits([
      { seq: 1, event: event(1) },
      { seq: 2, event: event(1, "") },
    ]),
  ).toBe(2 + 2 + 4 + 3);
});

test("the next batch waits until the budget has room for the last; of a pair each server has half", () => {
  expect(next(afterOneBatch(WRITE_BUDGET, "SOLE"))).toBe(1000 + Math.ceil((296 * 1000) / 600));
  expect(next(afterOneBatch(WRITE_BUDGET))).toBe(1000 + Math.ceil((296 * 1000) / 300));
  expect(next(afterOneBatch(0))).toBe(1050);
});

test("claims do not wait for the budget, and the mirror does not slip through with them", () => {
  const state = withClaim(afterOneBatch(WRITE_BUDGET, "SOLE"), event(200), 0);
  expect(next(state)).toBe(1050);
  const around = { failoverState: "PARTNER-DOWN", interrupted: true, outbox: { head: backlog, queued: 51 } };
  const asking = startCalls(state, monotonicMillis(1100), around);
  expect(asking.calls.map(({ op }) => op)).toEqual(["claim"]);
  const answer: LedgerAnswer = {
    ...{ op: "claim", begunAt: monotonicMillis(1100), endedAt: monotonicMillis(1120) },
    result: { outcome: "settled", granted: [true] },
  };
  const settled = onLedgerAnswer(asking.state, answer, { interrupted: true }, () => 0).state;
  expect(startCalls(settled, monotonicMillis(1300), around).calls).toEqual([]);
  expect(next(settled)).toBe(1000 + Math.ceil((296 * 1000) / 600));
});
