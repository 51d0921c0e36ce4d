import { beforeEach, expect, test } from "vitest";
import { boot, claim, currentRows, heartbeat, legalPrefix, mirror, readServer } from "../../../cloud/contract/agent-calls.ts";
import { certainlyOverMs, partnerDownWrites } from "../../../cloud/contract/switch-expressions.ts";
import { curKey } from "../../../cloud/contract/tables.ts";
import { embeddedLedger, type Fault } from "../../../cloud/embedded/ledger.ts";
import { createEmbeddedTable } from "../../../cloud/embedded/table.ts";
import { act, claimOf, fact, must, pulse, register, SITE, senderOf, serverOf, siteOf, T0 } from "../../support/ledger-samples.ts";

let faults: Fault[];
let table: ReturnType<typeof createEmbeddedTable>;
let ledger: ReturnType<typeof embeddedLedger>;
const HOUR = 3_600_000;
const row = () => table.get(curKey(SITE, "0a01000a"));
const sender = async (server: "A" | "B") => senderOf(await serverOf(ledger, server));
beforeEach(async () => {
  faults = [];
  table = createEmbeddedTable();
  ledger = embeddedLedger(table, {
    fault: (operation) => (operation === "write" || operation === "transact" ? (faults.shift() ?? "none") : "none"),
  });
  await register(ledger);
  for (const server of ["A", "B"] as const)
    expect((await boot(ledger, (await readServer(ledger, SITE, server))!, `run-${server}`)).kind).toBe("booted");
});

test("a lease counts as certainly over only after its length, drift and a second", () => {
  expect([0, 60_000, 3_600_000].map(certainlyOverMs)).toEqual([0, 63_000, 3_674_000]);
});
test("a batch whose answer was lost is done when it is sent again, even as part of a longer one", async () => {
  const me = await sender("A");
  faults = ["lost-answer"];
  expect((await mirror(ledger, me, 0, [fact(1, "m:1:aa")])).kind).toBe("repeat");
  expect(await mirror(ledger, me, 0, [fact(1, "m:1:aa"), fact(2, "m:1:aa")])).toMatchObject({ kind: "mirrored", upTo: 1 });
  expect(await mirror(ledger, me, 1, [fact(2, "m:1:aa")])).toMatchObject({ kind: "mirrored", upTo: 2 });
});
test("an event that does not fit becomes late, a conflict, or is noted; the rest of its batch goes in", async () => {
  await mirror(ledger, await sender("A"), 0, [fact(1, "m:1:aa", { ts: T0 + 10_000 })]);
  const facts = [
    fact(1, "m:1:bb", { ts: T0, server: "B" }),
    fact(2, "m:1:bb", { ts: T0 + 20_000, server: "B" }),
    fact(3, "m:1:bb", { ts: T0 + 30_000, server: "B", status: "RELEASED" }),
    fact(4, "m:1:cc", { ts: T0 + 2 * HOUR, server: "B" }),
    fact(5, "m:1:dd", { ts: T0, server: "B", address: "0a01000b" }),
  ];
  const answer = await mirror(ledger, await sender("B"), 0, facts);
  expect(answer.kind === "mirrored" && answer.entries.map(({ as }) => as)).toEqual([
    "late",
    "conflict",
    "contradicted",
    "current",
    "current",
  ]);
  expect(row()).toMatchObject({ cid: "m:1:cc", srv: "B" });
});
test("a batch is cut in front of an illegal link", () => {
  const facts = [fact(1, "m:1:aa"), fact(2, "m:1:zz", { address: "0a01000b" }), fact(3, "m:1:bb"), fact(4, "m:1:bb")];
  expect(legalPrefix(facts).length).toBe(2);
  expect(legalPrefix(facts.slice(2)).length).toBe(2);
  expect(legalPrefix([fact(1, "m:1:aa", { status: "RELEASED" }), fact(2, "m:1:bb")]).length).toBe(2);
  expect(legalPrefix(Array.from({ length: 80 }, (_, index) => fact(index + 1, "m:1:aa"))).length).toBe(49);
});
test("an overtaken heartbeat is told apart from a fence, and a second process from both", async () => {
  const me = await sender("A");
  expect((await heartbeat(ledger, me, pulse({ beat: 2 }))).kind).toBe("beating");
  expect((await heartbeat(ledger, me, pulse({ beat: 1 }))).kind).toBe("overtaken");
  await boot(ledger, await serverOf(ledger, "A"), "run-2");
  expect(await heartbeat(ledger, me, pulse({ beat: 3 }))).toMatchObject({ kind: "fenced", server: { boot: "run-2" } });
});
test("claims: granted, repeated after a lost answer, taken, and fenced; the others of a group go on", async () => {
  await mirror(ledger, await sender("A"), 0, [fact(1, "m:1:aa")]);
  const early = claimOf(0, "m:1:bb", { server: "B", address: "0a01000b" });
  expect(await claim(ledger, await sender("B"), [early], T0)).toMatchObject({ kind: "fenced", server: { mode: "PAIR" } });
  must(await ledger.transact(partnerDownWrites(await siteOf(ledger), "B", "attested", act())));
  const me = await sender("B");
  const claims = [
    claimOf(1, "m:1:bb", { server: "B", epoch: 2, ts: T0 + 60_000 }),
    claimOf(2, "m:1:cc", { server: "B", epoch: 2, address: "0a01000c" }),
  ];
  const safe = T0 - 605_000;
  faults = ["lost-answer"];
  expect((await claim(ledger, me, [claims[1]!], safe)).kind).toBe("repeat");
  expect(await claim(ledger, me, claims, safe)).toMatchObject({
    kind: "settled",
    claims: [{ kind: "taken", holder: { cid: "m:1:aa" } }, { kind: "granted" }],
  });
  expect(await mirror(ledger, await sender("A"), 1, [fact(2, "m:1:aa")])).toMatchObject({ kind: "mirrored" });
});
test("a declared-down server hands its backlog in as facts that lose against newer ones", async () => {
  must(await ledger.transact(partnerDownWrites(await siteOf(ledger), "B", "attested", act())));
  const me = await sender("B");
  expect((await claim(ledger, me, [claimOf(1, "m:1:bb", { server: "B", epoch: 2, ts: T0 })], T0)).kind).toBe("settled");
  const answer = await mirror(ledger, await sender("A"), 0, [fact(1, "m:1:aa", { ts: T0 + 5 * HOUR })]);
  expect(answer.kind === "mirrored" && answer.entries[0]!.as).toBe("late");
  expect(row()?.["cid"]).toBe("m:1:bb");
  const rows = [];
  for await (const page of currentRows(ledger, SITE)) rows.push(...page);
  expect(rows.length).toBe(1);
});
