import { expect, test } from "vitest";
import { createFailover } from "../../../edge-agent/agent/failover.ts";
import { FailoverAuthority } from "../../../edge-agent/agent/failover-authority.ts";
import { createLedger, type LedgerPorts, startSite } from "../../../edge-agent/agent/ledger.ts";
import { WitnessedAuthority } from "../../../edge-agent/agent/ledger-authority.ts";
import { SiteBoard } from "../../../edge-agent/agent/ledger-board.ts";
import { mergedLease } from "../../../edge-agent/agent/ledger-catch-up.ts";
import { onHappening } from "../../../edge-agent/agent/ledger-happenings.ts";
import { recovered, undone } from "../../../edge-agent/agent/state.ts";
import type { Pool } from "../../../edge-agent/config/agent-config.ts";
import { type Lease, neverUsed } from "../../../edge-agent/leases/lease.ts";
import type { BindingEvent } from "../../../edge-agent/ledger/binding-event.ts";
import { append, openOutbox } from "../../../edge-agent/ledger/outbox.ts";
import { epochSeconds, monotonicMillis, seconds } from "../../../edge-agent/values/time.ts";
import { LedgerSite, siteInNormal } from "../../support/ledger-site.ts";
import { configOf } from "../../support/load-config.ts";
import { address, Pair } from "../failover/pair.ts";

const SETTING = { relationship: "lab", site: "S", server: "A", autonomyMillis: 60_000, coldStart: "run-down", foreign: false } as const;
const PORTS: LedgerPorts = { settings: [SETTING], boot: "b1", host: "h", outbox: () => [] };
const OURS = address("10.77.0.100");
const NOW = 1_800_000_000;
const SEEN = { isOwn: false, wallOffset: 0, mclt: 60, now: epochSeconds(NOW) };

test("a server that lives and learns that its partner was chosen recovers", async () => {
  const site = await siteInNormal();
  site.linkCut = true;
  site.B.fault = "lost-request";
  await site.pass(150);
  expect(await site.grant("A")).toEqual({ outcome: "done" });
  expect(site.B.failoverState).toBe("COMMUNICATIONS-INTERRUPTED");
  site.B.fault = "none";
  await site.pass(40);
  expect(site.B.failoverState).toBe("RECOVER");
});

test("auto-partner-down asks the witness, and does nothing by itself", async () => {
  const site = await siteInNormal();
  site.linkCut = true;
  await site.pass(60);
  const endpoint = site.A.state?.failover.relationships.get("lab")?.endpoint;
  expect(endpoint?.state).toBe("COMMUNICATIONS-INTERRUPTED");
  if (endpoint !== undefined) endpoint.autoPartnerDownAt = epochSeconds(0);
  await site.pass(20);
  expect(site.A.failoverState).toBe("COMMUNICATIONS-INTERRUPTED");
});

test("a table that was set back is sent again what it lacks", () => {
  const at = { now: epochSeconds(NOW), monotonic: monotonicMillis(1000), wallOffset: 0 };
  const board = new SiteBoard(
    createLedger(PORTS),
    createFailover(configOf("subnet 10.0.0.0 netmask 255.0.0.0 {}"), () => undefined),
    at,
  );
  const site = startSite(SETTING, PORTS, () => undefined, at.monotonic);
  board.put("lab", { ...site, outbox: { ...site.outbox, lastSeq: 9, ack: 9 } });
  onHappening(board, "lab", { kind: "set-back", cursor: 4 }, undefined as never, undefined as never);
  expect(board.sites.get("lab")?.outbox.ack).toBe(4);
});

test("without a lease, what is promised ends MCLT after what is acknowledged, also when that is past", () => {
  const { primary, at } = new Pair(4).start();
  const inner = new FailoverAuthority(primary.live, primary.store.view);
  const site = startSite(SETTING, PORTS, () => undefined, monotonicMillis(0));
  const authority = new WitnessedAuthority(inner, primary.live, primary.store.view, () => ({
    site,
    service: "run-down",
    claim: () => "refused",
  }));
  const agreed = epochSeconds(at.now - 5);
  const failover = { tstp: agreed, tsfp: agreed, atsfp: agreed, owed: false, rewindStatus: "ACTIVE" } as const;
  const lease: Lease = { ...neverUsed(OURS), status: "ACTIVE", failover };
  expect(inner.grantable({} as Pool, lease, seconds(600), at)).toBe(20);
  expect(authority.grantable({} as Pool, lease, seconds(600), at)).toBe(15);
});

test("a row of the ledger does not take a lease back that a client was given here since", () => {
  const times = { startsMillis: (NOW - 100) * 1000, expiresMillis: (NOW + 500) * 1000, potentialMillis: (NOW + 900) * 1000 };
  const row = {
    server: "B",
    address: OURS,
    status: "ACTIVE",
    client: "m:1:020000000009",
    hostname: undefined,
    reserved: false,
    ...times,
  } as const;
  const since = epochSeconds(NOW - 10);
  const ours: Lease = { ...neverUsed(OURS), status: "ACTIVE", starts: since, cltt: since, ends: epochSeconds(NOW + 60) };
  expect(mergedLease(ours, row, SEEN)).toBeUndefined();
  const earlier = epochSeconds(NOW - 200);
  expect(mergedLease({ ...ours, starts: earlier, cltt: earlier }, row, SEEN)?.status).toBe("ACTIVE");
});

test("a renewal is not merged into an event that may have been sent", () => {
  const event: BindingEvent = {
    ...{ address: OURS, status: "ACTIVE", client: "m:1:020000000001", ts: 1000, expires: 90_000, potential: 90_000, epoch: 1 },
    ...{ hostname: undefined, fromPartner: false, renewal: true, renewals: 1, lastTs: 1000 },
  };
  const outbox = { ...openOutbox("lab", {}, () => []), lastSeq: 1 };
  const next = { ...event, ts: 2000, lastTs: 2000 };
  const seqOf = (sentUpTo: number) =>
    append(outbox, next, { lastOf: new Map([[OURS, { seq: 1, event }]]), sentUpTo, backlog: 0, squeeze: 1_000_000 }).write;
  expect(seqOf(0)).toMatchObject({ seq: 1 });
  expect(seqOf(1)).toMatchObject({ seq: 2 });
});

test("once writes were undone, renewals are merged into nothing of what came before", async () => {
  const site = await new LedgerSite({ mergeBacklog: 0 }).register();
  site.boot(site.A);
  site.boot(site.B);
  await site.pass(60);
  expect(await site.dora(site.A, 1)).toBeDefined();
  const { state } = site.A;
  if (state === undefined) throw new Error("it does not run");
  expect(state.ledger.lastOf.get("lab")?.size).toBe(1);
  recovered(undone(state), site.A.store.view);
  expect(state.ledger.lastOf.size).toBe(0);
});
