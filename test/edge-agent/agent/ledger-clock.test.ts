import { beforeEach, expect, test } from "vitest";
import { certaintyOf } from "../../../cloud/domain/certainty.ts";
import { startSite } from "../../../edge-agent/agent/ledger.ts";
import { askFor } from "../../../edge-agent/agent/ledger-claims.ts";
import type { Pool } from "../../../edge-agent/config/agent-config.ts";
import { startCalls } from "../../../edge-agent/ledger/site-calls.ts";
import type { DatagramReceived } from "../../../edge-agent/server/event.ts";
import { epochSeconds, monotonicMillis } from "../../../edge-agent/values/time.ts";
import { type LedgerSite, siteInNormal } from "../../support/ledger-site.ts";
import { START } from "../../support/ledger-site-cloud.ts";
import { memoryDisk } from "../../support/memory-store.ts";
import { address } from "../failover/pair.ts";

const HOUR = 3600;
let site: LedgerSite;

/** The true time, which the servers' clocks show unless they were set. Milliseconds since 1970. */
const trueTime = () => START * 1000 + site.millis;
const minutesLater = (from: number, minutes: number) => from + minutes * 60_000;
/** How sure the history is of a moment, and why. */
async function about(at: number) {
  const read = await site.snapshot();
  return certaintyOf({ ...read, ctl: { ...read.ctl, reg: 0 } }, { from: at, to: at }, 0, trueTime());
}

beforeEach(async () => {
  site = await siteInNormal();
});

test("of the time in which a clock was ahead, and of that which it showed too early, the history says that it is not sure", async () => {
  await site.pass(600);
  const setAhead = trueTime();
  site.wallOffset = HOUR;
  await site.pass(60);
  expect(await site.dora(site.A, 1)).toBeDefined();
  await site.pass(600);
  site.wallOffset = 0;
  const setBack = trueTime();
  await site.pass(60);
  expect(await site.dora(site.A, 2)).toBeDefined();
  await site.pass(30);
  expect(site.A.log.join("\n")).toMatch(/the clock was 3600 s ahead until it was set back/);
  expect((await about(minutesLater(setAhead, -1))).level).toBe("certain");
  // it looks at its clock every 20 s, and before each event
  for (const at of [minutesLater(setAhead, 0.5), setBack, trueTime()]) {
    expect(await about(at)).toMatchObject({
      level: "incomplete",
      statement: expect.stringContaining("clock was ahead until it was set back"),
    });
  }
  await site.pass(3 * HOUR);
  // an hour ahead, and a longest lease of ten minutes
  expect((await about(minutesLater(setBack, 69))).level).toBe("incomplete");
  expect((await about(minutesLater(setBack, 71))).level).toBe("certain");
});

test("the record of it outlives a restart and a lost disk, and is there once", async () => {
  await site.pass(60);
  site.wallOffset = HOUR;
  await site.pass(30);
  expect(await site.dora(site.A, 1)).toBeDefined();
  await site.pass(60);
  site.wallOffset = 0;
  await site.pass(30);
  const { steps } = (await site.snapshot()).servers.A;
  expect(steps.length).toBe(1);
  site.kill(site.A);
  site.boot(site.A);
  await site.pass(30);
  expect((await site.snapshot()).servers.A.steps).toEqual(steps);
  site.kill(site.A);
  site.A.disk = memoryDisk();
  site.boot(site.A);
  await site.pass(30);
  expect((await site.snapshot()).servers.A.steps).toEqual(steps);
});

test("a clock that was set back while its server was down is found by the last event, and what came before it since the clock was ahead counts", async () => {
  const setAhead = trueTime();
  site.wallOffset = HOUR;
  await site.pass(60);
  expect(await site.dora(site.A, 1)).toBeDefined();
  await site.pass(60);
  site.kill(site.A);
  site.wallOffset = 0;
  site.boot(site.A);
  await site.pass(30);
  const [step, ...more] = (await site.snapshot()).servers.A.steps;
  expect(more).toEqual([]);
  // to the second event from the end, it cannot be told how long the server was down
  expect(step?.from).toBeLessThanOrEqual(minutesLater(setAhead, 2));
  expect(step?.to).toBeGreaterThanOrEqual(minutesLater(setAhead, 61));
});

test("a clock that is set back by less than a minute makes nothing unsure", async () => {
  await site.pass(60);
  site.wallOffset = 59;
  await site.pass(30);
  expect(await site.dora(site.A, 1)).toBeDefined();
  await site.pass(30);
  site.wallOffset = 0;
  await site.pass(30);
  expect((await site.snapshot()).servers.A.steps).toEqual([]);
  expect((await site.snapshot()).servers.B.steps).toEqual([]);
});

test("a claim tells which leases are over by the clock, not by the time of its event, which a clock that was ahead has left behind", () => {
  const setting = { relationship: "lab", site: "S", server: "A", autonomyMillis: 60_000, coldStart: "run-down", foreign: false } as const;
  const at = { now: epochSeconds(START), monotonic: monotonicMillis(100_000), wallOffset: 0 };
  const fresh = startSite(setting, { settings: [setting], boot: "b1", outbox: () => [] }, () => undefined, at.monotonic);
  const standing = { epoch: 2, mode: "SOLE", boot: "b1" } as const;
  const config = { ...fresh.core.config, mcltMillis: 60_000 };
  const grant = { epoch: 2, learntAt: monotonicMillis(0), caughtUp: true, basis: "lapsed" } as const;
  const alone = {
    ...fresh,
    core: { ...fresh.core, phase: "running", standing, config, grant } as const,
    outbox: { ...fresh.outbox, lastTs: (START + HOUR) * 1000 },
  };
  const waiting = { bytes: new Uint8Array(0) } as DatagramReceived;
  const asked = askFor(alone, { address: address("10.77.0.100"), client: "m:1:aa", waiting, pool: {} as Pool }, at);
  expect(asked.site.core.claims[0]?.entry.event.ts).toBeGreaterThan((START + HOUR) * 1000);
  const around = { failoverState: "PARTNER-DOWN", interrupted: true, outbox: { head: [], queued: 0 } };
  const claim = startCalls(asked.site.core, at.monotonic, around).calls.find(({ op }) => op === "claim");
  expect(claim).toMatchObject({ safeMillis: START * 1000 - 60_000 - 5000 });
});
