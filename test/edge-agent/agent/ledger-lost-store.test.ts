import { beforeEach, expect, test } from "vitest";
import { queryAll } from "../../../cloud/contract/ledger.ts";
import { addressKey, histPartition } from "../../../cloud/contract/tables.ts";
import { certaintyOf } from "../../../cloud/domain/certainty.ts";
import { type LedgerSite, siteInNormal } from "../../support/ledger-site.ts";
import { SITE, START } from "../../support/ledger-site-cloud.ts";
import { memoryDisk } from "../../support/memory-store.ts";
import { address } from "../failover/pair.ts";

let site: LedgerSite;

beforeEach(async () => {
  site = await siteInNormal();
});

test("a server whose store is empty though the ledger knows it serves nobody, alone or not, before it has its leases back", async () => {
  const ip = await site.dora(site.B, 1);
  await site.pass(10);
  site.kill(site.A);
  site.kill(site.B);
  site.B.disk = memoryDisk();
  await site.pass(100);
  site.boot(site.B);
  await site.pass(100);
  expect(site.B.site?.lost).toBe(true);
  expect(await site.grant("B", "attested")).toEqual({ outcome: "done" });
  await site.pass(300);
  expect(site.B.mode).toBe("SOLE");
  expect(site.B.failoverState).not.toBe("PARTNER-DOWN");
  expect(await site.again(site.B, 1, ip ?? "")).toBeUndefined();
  expect(await site.dora(site.B, 2)).toBeUndefined();
});

test("what a server mirrored itself is no word of the partner's: read again after a restart, it is agreed to by nobody", async () => {
  const ip = (await site.dora(site.A, 1)) ?? "";
  await site.pass(10);
  site.kill(site.B);
  await site.pass(100);
  expect(await site.grant("A")).toEqual({ outcome: "done" });
  await site.pass(10);
  await site.again(site.A, 1, ip);
  await site.pass(10);
  const agreed = site.A.store.view.get(address(ip))?.failover?.tsfp ?? 0;
  site.kill(site.A);
  site.boot(site.A);
  await site.pass(30);
  expect([site.A.mode, site.A.site?.core.grant?.caughtUp]).toEqual(["SOLE", true]);
  const times = site.A.store.view.get(address(ip))?.failover;
  expect(times?.tsfp).toBe(agreed);
  expect(times?.tstp).toBeGreaterThan(agreed);
});

test("what was lost with a disk before it was handed in is a gap in the history, and the answers about that time say so", async () => {
  const clock = () => (START + site.millis / 1000) * 1000;
  await site.dora(site.B, 1);
  await site.pass(30);
  site.kill(site.B);
  site.boot(site.B);
  await site.pass(30);
  expect((await site.snapshot()).servers.B.gaps).toEqual([]);
  site.B.fault = "lost-request";
  await site.pass(30);
  const cutAt = clock();
  expect(await site.dora(site.B, 2)).toBeDefined();
  site.kill(site.B);
  await site.pass(60);
  site.B.disk = memoryDisk();
  site.B.fault = "none";
  site.boot(site.B);
  await site.pass(30);
  const read = await site.snapshot();
  const { gaps } = read.servers.B;
  expect(gaps).toEqual([{ from: expect.any(Number), to: expect.any(Number) }]);
  expect(gaps[0]?.from).toBeLessThan(cutAt);
  expect(gaps[0]?.to).toBeGreaterThan(cutAt);
  const about = (at: number) => certaintyOf({ ...read, ctl: { ...read.ctl, reg: 0 } }, { from: at, to: at }, 0, clock());
  expect(about(cutAt)).toMatchObject({ level: "incomplete", statement: expect.stringContaining("Server B lost its disk") });
  // the lease may have run for as long as a lease lasts
  expect(about((gaps[0]?.to ?? 0) + read.ctl.cfg.maxLeaseMs).level).toBe("incomplete");
  expect(about((gaps[0]?.from ?? 0) - 1).level).toBe("certain");
});

test("a server whose store is empty has its leases back once it has recovered with its partner", async () => {
  await site.dora(site.B, 1);
  await site.pass(10);
  site.kill(site.B);
  site.B.disk = memoryDisk();
  site.boot(site.B);
  await site.pass(30);
  expect(site.B.site?.lost).toBe(true);
  await site.pass(150);
  expect([site.B.failoverState, site.B.site?.lost]).toEqual(["NORMAL", false]);
  expect(await site.dora(site.B, 2)).toBeDefined();
});

test("an old disk is known for old also at its second start, and what it did since it was put back goes into the history", async () => {
  const first = (await site.dora(site.B, 1)) ?? "";
  await site.pass(60);
  const { leases, records, outbox } = site.B.disk;
  const backup = { leases: new Map(leases), records: new Map(records), outbox: new Map(outbox) };
  for (const client of [2, 3, 4, 5]) expect(await site.dora(site.B, client)).toBeDefined();
  await site.pass(10);
  const before = (await site.snapshot()).servers.B.ack;
  site.kill(site.B);
  site.B.disk = backup;
  // only the partner can be asked, and lets it serve; then it is started again
  site.B.fault = "lost-request";
  site.boot(site.B);
  await site.pass(150);
  const renewed = START * 1000 + site.millis;
  expect(await site.again(site.B, 1, first)).toMatchObject({ type: 5 });
  await site.pass(30);
  site.kill(site.B);
  site.boot(site.B);
  await site.pass(30);
  site.B.fault = "none";
  await site.pass(300);
  expect([site.A.failoverState, site.B.failoverState]).toEqual(["NORMAL", "NORMAL"]);
  expect((await site.snapshot()).servers.B.ack).toBeGreaterThan(before);
  const rows = await queryAll(site.ledger, { partition: histPartition(SITE, addressKey(first) ?? "") });
  expect(rows.filter(({ srv, st, ts }) => srv === "B" && st === "ACTIVE" && Number(ts) >= renewed).length).toBe(1);
});

test("an old disk that is put back is known for old by the ledger's cursor: it serves nobody, and what it had handed in is not sent again", async () => {
  const first = (await site.dora(site.B, 1)) ?? "";
  await site.pass(60);
  const { leases, records, outbox } = site.B.disk;
  const backup = { leases: new Map(leases), records: new Map(records), outbox: new Map(outbox) };
  const second = (await site.dora(site.B, 2)) ?? "";
  await site.pass(10);
  const before = (await site.snapshot()).servers.B.ack;
  // the partner is out of reach: nobody but the ledger can tell
  site.kill(site.A);
  site.kill(site.B);
  site.B.disk = backup;
  site.boot(site.B);
  await site.pass(30);
  expect(site.B.site?.lost).toBe(true);
  expect(await site.dora(site.B, 3)).toBeUndefined();
  expect(await site.again(site.B, 1, first)).toBeUndefined();
  site.boot(site.A);
  await site.pass(600);
  expect([site.A.failoverState, site.B.failoverState]).toEqual(["NORMAL", "NORMAL"]);
  expect(site.B.site?.lost).toBe(false);
  expect(site.B.store.view.get(address(second))?.status).not.toBe("FREE");
  expect(await site.dora(site.B, 3)).toBeDefined();
  await site.pass(10);
  expect((await site.snapshot()).servers.B.ack).toBeGreaterThan(before);
  expect(site.B.site?.core.conflicts).toBe(0);
});
