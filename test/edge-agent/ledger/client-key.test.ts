import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import { currentRows } from "../../../cloud/contract/agent-calls.ts";
import type { Item } from "../../../cloud/contract/expression.ts";
import { sealedNames } from "../../../cloud/contract/sealed-names.ts";
import { partnerDownWrites } from "../../../cloud/contract/switch-expressions.ts";
import { histPartition, type ServerName } from "../../../cloud/contract/tables.ts";
import type { LedgerCall, Standing } from "../../../edge-agent/ledger/calls.ts";
import { readClientKey } from "../../../edge-agent/rim/client-key.ts";
import { type LedgerClientOptions, ledgerClient } from "../../../edge-agent/rim/ledger-client.ts";
import { ipv4 } from "../../../edge-agent/values/ipv4.ts";
import { freshSite, rig, SITE, snapshot, WALL } from "./site-rig.ts";

const folder = mkdtempSync(join(tmpdir(), "tandem-client-key-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(freshSite);

const KEYS = ["0a".repeat(32), "0b".repeat(32)] as const;
const CLIENT = "m:1:020000000001";

function clientOf(server: ServerName, key?: string) {
  const names = key === undefined ? {} : { names: sealedNames(key) };
  const options: LedgerClientOptions = {
    ...{ site: SITE, server, keepMillis: 0, version: "test", ...names },
    ...{ wallMillis: () => WALL + rig.now, monotonic: () => rig.now, askControlPlane: undefined },
  };
  const call = ledgerClient(rig.ledger, options);
  // biome-ignore lint/suspicious/noExplicitAny: each call has its own answer
  return async (asked: LedgerCall): Promise<any> => (await call(asked)).result;
}
const standing = (server: ServerName, boot = `boot-${server}`): Standing => ({ epoch: 1, mode: "PAIR", boot });
const boot = (server: ServerName, key?: string, as = `boot-${server}`) =>
  clientOf(
    server,
    key,
  )({
    op: "boot",
    read: { ...standing(server), heartbeat: 0, ack: 0, leaseMillis: 0, clockSteps: [] },
    boot: as,
    lost: false,
    was: { epoch: 0, mode: "PAIR", leaseMillis: 0 },
  });
const entry = (seq: number, hostname: string | undefined) => {
  const times = { ts: WALL + seq, expires: WALL + 3_600_000, potential: WALL + 3_600_000, lastTs: WALL + seq, epoch: 1 };
  const plain = { fromPartner: false, renewal: seq > 1, renewals: 1 };
  return { seq, event: { address: ipv4(0x0a000001), status: "ACTIVE" as const, client: CLIENT, hostname, ...times, ...plain } };
};
const mirror = (seq: number): LedgerCall => ({
  ...{ op: "mirror", standing: standing("A"), from: seq - 1, entries: [entry(seq, 'anna\'s phone, "x"')], limit: 49 },
});
async function stored(): Promise<readonly Item[]> {
  const rows: Item[] = [];
  for await (const page of currentRows(rig.ledger, SITE)) rows.push(...page);
  const history = await rig.ledger.query({ partition: histPartition(SITE, "0a000001") });
  return [...rows, ...history.items];
}

test("under a key no client's name and no host's is in the ledger; agents with the key read both, and renewals contradict nothing", async () => {
  expect(await boot("A", KEYS[0])).toMatchObject({ outcome: "booted" });
  const call = clientOf("A", KEYS[0]);
  expect(await call(mirror(1))).toMatchObject({ outcome: "mirrored", conflicts: 0 });
  expect(await call(mirror(2))).toMatchObject({ outcome: "mirrored", upTo: 2, conflicts: 0 });
  const rows = await stored();
  expect(rows.length).toBe(3);
  expect(JSON.stringify(rows)).not.toMatch(/020000000001|anna/);
  expect(new Set(rows.map((row) => row["cid"])).size).toBe(1);
  const read = await clientOf("B", KEYS[0])({ op: "catch-up" });
  expect(read.rows).toMatchObject([{ client: CLIENT, hostname: 'anna\'s phone, "x"' }]);
});

test("who has not the key reads no leases at all, for they would be nobody's", async () => {
  await boot("A", KEYS[0]);
  await clientOf("A", KEYS[0])(mirror(1));
  for (const key of [KEYS[1], undefined])
    expect(await clientOf("B", key)({ op: "catch-up" })).toMatchObject({
      outcome: "unanswered",
      reason: expect.stringContaining("clientKeyFile"),
    });
});

test("a claim for the client that has the address is granted under the key, and one for another is not", async () => {
  await boot("A", KEYS[0]);
  await clientOf("A", KEYS[0])(mirror(1));
  await boot("B", KEYS[0]);
  await rig.ledger.transact(partnerDownWrites(await snapshot(), "B", "attested", { id: "g", at: 2, by: "test", note: "" }));
  const claim = (seq: number, client: string): LedgerCall => {
    const { event } = entry(seq, undefined);
    const claimed = { seq: 1_000_000_000 + seq, event: { ...event, client, epoch: 2 } };
    return { op: "claim", standing: { ...standing("B"), epoch: 2, mode: "SOLE" }, claims: [claimed], safeMillis: WALL };
  };
  const call = clientOf("B", KEYS[0]);
  expect(await call(claim(7, "m:1:020000000002"))).toMatchObject({ outcome: "settled", granted: [false] });
  expect(await call(claim(8, CLIENT))).toMatchObject({ outcome: "settled", granted: [true] });
});

test("a server keeps the names it began with, and a partner that began with others is found out", async () => {
  const refused = { outcome: "unanswered", reason: expect.stringContaining("another key") };
  expect(await boot("A", KEYS[0])).toMatchObject({ outcome: "booted" });
  expect(await boot("A", KEYS[1], "again")).toMatchObject(refused);
  expect(await boot("A", undefined, "again")).toMatchObject(refused);
  expect(await boot("B", KEYS[1])).toMatchObject(refused);
  expect(await boot("B", KEYS[0])).toMatchObject({ outcome: "booted" });
  expect(await boot("A", KEYS[0], "again")).toMatchObject({ outcome: "booted" });
});

test("a host that calls itself like a sealed name hinders nothing where there is no key", async () => {
  await boot("A");
  await clientOf("A")({ op: "mirror", standing: standing("A"), from: 0, entries: [entry(1, `e:${"00".repeat(30)}`)], limit: 49 });
  expect((await clientOf("B")({ op: "catch-up" })).rows).toMatchObject([{ client: CLIENT, hostname: `e:${"00".repeat(30)}` }]);
});

test("a key file is said to be wrong by what is wrong with it", () => {
  const path = join(folder, "key");
  expect(readClientKey(undefined)).toEqual({ ok: true, value: undefined });
  expect(readClientKey(path)).toMatchObject({ ok: false, error: expect.stringContaining("ENOENT") });
  writeFileSync(path, "secret\n", { mode: 0o600 });
  expect(readClientKey(path)).toMatchObject({ ok: false, error: expect.stringContaining("openssl rand -hex 32") });
  writeFileSync(path, `${KEYS[0]}\n`);
  expect(readClientKey(path)).toMatchObject({ ok: true, value: { id: sealedNames(KEYS[0])?.id } });
  chmodSync(path, 0o644);
  expect(readClientKey(path)).toMatchObject({ ok: false, error: expect.stringContaining("chmod 600") });
});
