import { expect, test } from "vitest";
import { put, update } from "../../../cloud/contract/expression.ts";
import { LedgerUnavailable } from "../../../cloud/contract/ledger.ts";
import { embeddedLedger, type Fault } from "../../../cloud/embedded/ledger.ts";
import { createEmbeddedTable } from "../../../cloud/embedded/table.ts";
import { ledgerContract } from "../../support/ledger-contract.ts";

ledgerContract("the embedded ledger", async () => ({ ledger: embeddedLedger(createEmbeddedTable()), close: async () => {} }));

test("faults: what was lost before, after, and what arrives late", async () => {
  const table = createEmbeddedTable();
  const faults: Fault[] = ["throttled", "conflict", "lost-request", "lost-answer", "late", "none"];
  const ledger = embeddedLedger(table, { fault: () => faults.shift() ?? "none" });
  const add = update({ pk: "p", sk: "1" }, { add: { n: 1 } });
  table.write(put({ pk: "p", sk: "1", n: 0 }));
  const n = () => table.get({ pk: "p", sk: "1" })?.["n"];
  expect((await ledger.write(add)).kind).toBe("busy");
  expect((await ledger.write(add)).kind).toBe("busy");
  expect((await ledger.write(add)).kind).toBe("unknown");
  expect(n()).toBe(0);
  expect((await ledger.write(add)).kind).toBe("unknown");
  expect(n()).toBe(1);
  expect((await ledger.write(add)).kind).toBe("unknown");
  expect(n()).toBe(1);
  expect((await ledger.write(add)).kind).toBe("done");
  expect(n()).toBe(3);
  faults.push("throttled");
  await expect(ledger.get({ pk: "p", sk: "1" })).rejects.toThrow(LedgerUnavailable);
});

test("the table's changes are seen in order of commit", () => {
  const table = createEmbeddedTable();
  const seen: unknown[] = [];
  table.watch((change) => seen.push([change.before?.["n"], change.after?.["n"]]));
  table.write(put({ pk: "p", sk: "1", n: 0 }));
  table.transact([update({ pk: "p", sk: "1" }, { add: { n: 1 } }), put({ pk: "p", sk: "2", n: 7 })]);
  expect(seen).toEqual([
    [undefined, 0],
    [0, 1],
    [undefined, 7],
  ]);
  expect(table.size).toBe(2);
});
