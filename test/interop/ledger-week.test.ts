import { expect, test } from "vitest";
import { queryAll } from "../../cloud/contract/ledger.ts";
import { histPartition } from "../../cloud/contract/tables.ts";
import { address } from "../support/agent-bench.ts";
import { LedgerSite } from "../support/ledger-site.ts";
import { SITE } from "../support/ledger-site-cloud.ts";

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

test("a week of comings and goings without the cloud: only renewals of the same client become one row; who had which address, when, is all there", async () => {
  const backlog = 20;
  const site = await new LedgerSite({ mclt: 3600, leaseSeconds: 7200, mergeBacklog: backlog }).register();
  site.boot(site.A);
  site.boot(site.B);
  await site.pass(30);
  site.A.fault = "lost-request";
  site.B.fault = "lost-request";
  let seed = 20_261_122;
  const chance = (below: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (seed >>> 8) % below;
  };
  const wall = () => 1_800_000_000_000 + site.millis;
  const holds = new Map<number, string>();
  const heard: { mac: number; ip: string; at: number }[] = [];
  const changes = { A: 0, B: 0 };
  for (let step = 0; step < 7 * 24 * 4; step += 1) {
    await site.pass(900);
    if (step === 300) {
      site.kill(site.A);
      site.boot(site.A);
      await site.pass(60);
    }
    for (let mac = 1; mac <= 6; mac += 1) {
      const ip = holds.get(mac);
      const server = mac % 2 === 0 ? site.A : site.B;
      if (ip === undefined) {
        if (chance(4) > 0) continue;
        const given = await site.dora(server, mac);
        changes[server.server] += 2;
        if (given !== undefined) {
          holds.set(mac, given);
          heard.push({ mac, ip: given, at: wall() });
        }
      } else if (chance(40) === 0) {
        await site.send(server, { type: 7, mac, ciaddr: ip, serverId: server === site.A ? "10.77.0.2" : "10.77.0.3" });
        changes[server.server] += 2;
        holds.delete(mac);
      } else if (chance(2) === 0) {
        const answer = await site.again(server, mac, ip);
        if (answer?.type === 5) heard.push({ mac, ip, at: wall() });
        else holds.delete(mac);
      }
    }
  }
  expect(heard.length).toBeGreaterThan(1000);
  for (const server of [site.A, site.B]) {
    const { lastSeq = 0, ack = 0 } = server.site?.outbox ?? {};
    expect(lastSeq - ack, `${server.server} has ${lastSeq - ack} entries`).toBeLessThan(heard.length / 4 + backlog);
  }
  site.A.fault = "none";
  site.B.fault = "none";
  await site.pass(300);
  for (const server of [site.A, site.B]) expect(server.site?.outbox.ack).toBe(server.site?.outbox.lastSeq);

  const addresses = [...new Set(heard.map(({ ip }) => ip))];
  const rows = new Map<string, { cid: string; st: string; ts: number; exp: number; n: number; lastTs: number; cf: unknown }[]>();
  for (const ip of addresses) {
    const found = await queryAll(site.ledger, { partition: histPartition(SITE, (address(ip) >>> 0).toString(16).padStart(8, "0")) });
    const typed = found.map((row) => ({
      ...{ cid: String(row["cid"]), st: String(row["st"]), ts: Number(row["ts"]), exp: Number(row["exp"]) },
      ...{ n: Number(row["n"] ?? 1), lastTs: Number(row["lastTs"] ?? row["ts"]), cf: row["cf"] },
    }));
    rows.set(
      ip,
      typed.sort((left, right) => left.ts - right.ts),
    );
  }
  // every acknowledgement that a client heard lies in a row of its own, from the first to the last renewal of which it tells
  const clientOf = (mac: number) => new RegExp(`^m:1:.*${mac.toString(16).padStart(2, "0")}$`);
  for (const { mac, ip, at } of heard) {
    const row = rows
      .get(ip)
      ?.find(({ cid, st, ts, lastTs }) => st === "ACTIVE" && clientOf(mac).test(cid) && ts - 2000 <= at && at <= lastTs + 2000);
    expect(row, `client ${mac} had ${ip} at ${at}: ${JSON.stringify(rows.get(ip))}`).toBeDefined();
  }
  const all = [...rows.values()].flat();
  expect(all.filter(({ cf }) => cf !== undefined)).toEqual([]);
  expect(all.some(({ n }) => n > 1)).toBe(true);
  // nothing but renewals was merged: a row of several has one client, and no other row of the address falls into it
  for (const [ip, list] of rows) {
    for (const [index, row] of list.entries()) {
      const next = list[index + 1];
      if (row.n > 1) expect(row.st).toBe("ACTIVE");
      if (next !== undefined) expect(next.ts, `${ip}: ${JSON.stringify([row, next])}`).toBeGreaterThan(row.lastTs);
    }
  }
}, 590_000);
