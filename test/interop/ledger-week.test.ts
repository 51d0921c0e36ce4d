import { expect, test } from "vitest";
import { queryAll } from "../../cloud/contract/ledger.ts";
import { histPartition } from "../../cloud/contract/tables.ts";
import { address } from "../support/agent-bench.ts";
import { LedgerSite, SITE } from "../support/ledger-site.ts";

test("the cloud is gone for seven days: the pair serves on its partner leases, and the history is complete afterwards", async () => {
  const site = await new LedgerSite({ mclt: 3600, leaseSeconds: 7200 }).register();
  site.boot(site.A);
  site.boot(site.B);
  await site.pass(30);
  expect([site.A.failoverState, site.B.failoverState]).toEqual(["NORMAL", "NORMAL"]);
  site.A.fault = "lost-request";
  site.B.fault = "lost-request";
  const ip = await site.dora(site.A, 1);
  for (let half = 0; half < 7 * 48; half += 1) {
    await site.pass(1800);
    expect(await site.again(site.A, 1, ip ?? "")).toMatchObject({ type: 5 });
  }
  expect(await site.dora(site.B, 2)).toBeDefined();
  expect(site.A.site?.outbox.lastSeq).toBe(7 * 48 + 1);
  site.A.fault = "none";
  site.B.fault = "none";
  await site.pass(120);
  const rows = await queryAll(site.ledger, { partition: histPartition(SITE, (address(ip ?? "") >>> 0).toString(16).padStart(8, "0")) });
  expect(rows.map((row) => row["seq"]).sort((left, right) => Number(left) - Number(right))).toEqual(
    Array.from({ length: 7 * 48 + 1 }, (_, index) => index + 1),
  );
  expect(site.A.site?.outbox.ack).toBe(site.A.site?.outbox.lastSeq);
}, 300_000);
