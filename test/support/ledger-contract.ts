import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { absent, all, any, compare, equal, type Item, put, update } from "../../cloud/contract/expression.ts";
import { type Ledger, queryAll } from "../../cloud/contract/ledger.ts";

/** What every ledger implementation must do alike. `open` gives an empty table. */
export function ledgerContract(name: string, open: () => Promise<{ ledger: Ledger; close: () => Promise<void> }>): void {
  describe(`${name} keeps the ledger's contract`, () => {
    let opened: { ledger: Ledger; close: () => Promise<void> };
    let ledger: Ledger;
    beforeAll(async () => {
      opened = await open();
      ledger = opened.ledger;
    });
    afterAll(() => opened.close());

    const row = (pk: string, sk: string, more: Item = {}) => ({ pk, sk, ...more });
    const key = (pk: string, sk = "1") => ({ pk, sk });

    test("a put is read back; a missing row is undefined", async () => {
      const item = row("p1", "1", { n: 1.5, text: "ü", flag: true, none: null, list: [1, "a"], map: { deep: { er: 0 } } });
      expect(await ledger.write(put(item))).toEqual({ kind: "done", item });
      expect(await ledger.get(key("p1"))).toEqual(item);
      expect(await ledger.get(key("p1", "2"))).toBeUndefined();
    });
    test("an update sets, adds, removes, and answers with the row after it", async () => {
      await ledger.write(put(row("p2", "1", { n: 1, gone: "x", state: "old" })));
      const after = row("p2", "1", { n: 3, state: "new", exp: 7 });
      expect(await ledger.write(update(key("p2"), { set: { state: "new", exp: 7 }, add: { n: 2 }, remove: ["gone"] }))).toEqual({
        kind: "done",
        item: after,
      });
      expect(await ledger.get(key("p2"))).toEqual(after);
    });
    test("an update of a row that is not there makes it", async () => {
      expect(await ledger.write(update(key("p3"), { set: { a: 1 } }))).toEqual({ kind: "done", item: row("p3", "1", { a: 1 }) });
    });
    test("a failed condition writes nothing and shows the row as it stands", async () => {
      const item = row("p4", "1", { n: 1 });
      await ledger.write(put(item));
      expect(await ledger.write(put(row("p4", "1", { n: 2 }), absent("pk")))).toEqual({
        kind: "refused",
        reasons: [{ kind: "condition", item }],
      });
      expect(await ledger.write(update(key("p4"), { set: { n: 2 } }, equal("n", 9)))).toEqual({
        kind: "refused",
        reasons: [{ kind: "condition", item }],
      });
      expect(await ledger.get(key("p4"))).toEqual(item);
      expect(await ledger.write(update(key("p4", "none"), { set: { n: 2 } }, equal("n", 9)))).toEqual({
        kind: "refused",
        reasons: [{ kind: "condition", item: undefined }],
      });
    });

    const stands = row("pc", "1", { n: 5, t: "m", flag: true });
    const cases = [
      [equal("n", 5), true],
      [equal("n", "5"), false],
      [compare("n", "<>", 5), false],
      [compare("n", "<>", "5"), true],
      [compare("n", "<", 6), true],
      [compare("n", "<", 5), false],
      [compare("n", "<=", 5), true],
      [compare("n", ">", 4), true],
      [compare("n", ">", 5), false],
      [compare("n", ">=", 5), true],
      [compare("n", ">=", 6), false],
      [compare("n", "<", "6"), false],
      [compare("t", "<", "n"), true],
      [compare("t", ">", "M"), true],
      [equal("flag", true), true],
      [equal("missing", 1), false],
      [compare("missing", "<", 1), false],
      [compare("missing", ">=", 1), false],
      [compare("missing", "<>", 1), true],
      [absent("missing"), true],
      [absent("n"), false],
      [all(equal("n", 5), equal("t", "m")), true],
      [all(equal("n", 5), equal("t", "x")), false],
      [any(equal("n", 4), equal("t", "m")), true],
      [any(equal("n", 4), equal("t", "x")), false],
      [any(absent("pk"), all(compare("n", "<", 9), any(equal("t", "x"), compare("n", "<>", 4)))), true],
      [any(absent("pk"), all(compare("n", "<", 9), any(equal("t", "x"), all(equal("n", 4), equal("t", "m"))))), false],
      [all(equal("n", 5)), true],
      [all(any(equal("n", 5)), any(equal("t", "x"), equal("t", "m"))), true],
    ] as const;
    test.each(cases.map(([condition, expected]) => ({ condition, expected, title: JSON.stringify(condition) })))(
      "condition $title is $expected",
      async ({ condition, expected }) => {
        await ledger.write(put(stands));
        const outcome = await ledger.write(put(stands, condition));
        expect(outcome.kind).toBe(expected ? "done" : "refused");
      },
    );

    test("a transaction is all or nothing and names each failed condition with its row", async () => {
      await ledger.write(put(row("t1", "1", { n: 1 })));
      await ledger.write(put(row("t1", "2", { n: 2 })));
      const outcome = await ledger.transact([
        put(row("t1", "3")),
        update(key("t1", "1"), { set: { n: 9 } }, equal("n", 8)),
        update(key("t1", "2"), { set: { n: 9 } }, equal("n", 2)),
        put(row("t1", "4"), equal("n", 1)),
      ]);
      expect(outcome).toEqual({
        kind: "refused",
        reasons: [
          { kind: "met" },
          { kind: "condition", item: row("t1", "1", { n: 1 }) },
          { kind: "met" },
          { kind: "condition", item: undefined },
        ],
      });
      expect(await ledger.get(key("t1", "3"))).toBeUndefined();
      expect(await ledger.get(key("t1", "2"))).toEqual(row("t1", "2", { n: 2 }));
      expect(await ledger.transact([put(row("t1", "3")), update(key("t1", "1"), { add: { n: 1 } }, equal("n", 1))])).toEqual({
        kind: "done",
        item: undefined,
      });
      expect(await ledger.snapshot([key("t1", "1"), key("t1", "9"), key("t1", "3")])).toEqual([
        row("t1", "1", { n: 2 }),
        undefined,
        row("t1", "3"),
      ]);
      expect(await ledger.getMany([key("t1", "3"), key("t1", "9"), key("t1", "1")])).toEqual([
        row("t1", "3"),
        undefined,
        row("t1", "1", { n: 2 }),
      ]);
    });
    test("no keys are no rows", async () => {
      expect([await ledger.snapshot([]), await ledger.getMany([])]).toEqual([[], []]);
    });
    test("a transaction that is malformed throws", async () => {
      await expect(ledger.transact([put(row("t2", "1")), update(key("t2", "1"), { set: { n: 1 } })])).rejects.toThrow();
      await expect(ledger.transact(Array.from({ length: 101 }, (_, index) => put(row("t2", String(index)))))).rejects.toThrow();
      expect(await ledger.get(key("t2", "1"))).toBeUndefined();
    });
    test("a hundred actions go in at once", async () => {
      const writes = Array.from({ length: 100 }, (_, index) => put(row("t3", String(index).padStart(3, "0")), absent("pk")));
      expect((await ledger.transact(writes)).kind).toBe("done");
      expect((await ledger.query({ partition: "t3", consistent: true })).items.length).toBe(100);
    });
    test("a query goes by sort key, either way, within its range", async () => {
      for (const sk of ["a", "b1", "b2", "c", "B"]) await ledger.write(put(row("q1", sk)));
      const keys = async (query: Omit<Parameters<Ledger["query"]>[0], "partition">) =>
        (await ledger.query({ partition: "q1", consistent: true, ...query })).items.map((item) => item["sk"]);
      expect(await keys({})).toEqual(["B", "a", "b1", "b2", "c"]);
      expect(await keys({ descending: true })).toEqual(["c", "b2", "b1", "a", "B"]);
      expect(await keys({ range: { kind: "between", from: "a", to: "b2" } })).toEqual(["a", "b1", "b2"]);
      expect(await keys({ range: { kind: "upTo", to: "b1" }, descending: true, limit: 2 })).toEqual(["b1", "a"]);
      expect(await keys({ range: { kind: "prefix", prefix: "b" } })).toEqual(["b1", "b2"]);
      await expect(keys({ range: { kind: "between", from: "b2", to: "a" } })).rejects.toThrow(/BETWEEN/);
    });
    test.each([false, true])("pages join without gap or repetition (descending: %s)", async (descending) => {
      const pk = `q2${descending}`;
      for (let n = 0; n < 23; n++) await ledger.write(put(row(pk, String(n).padStart(2, "0"), { odd: n % 2 })));
      const seen: unknown[] = [];
      let startAfter: Item | undefined;
      do {
        const page = await ledger.query({
          partition: pk,
          limit: 5,
          descending,
          filter: equal("odd", 1),
          ...(startAfter === undefined ? {} : { startAfter }),
        });
        expect(page.items.length).toBeLessThanOrEqual(5);
        seen.push(...page.items.map((item) => Number(item["sk"])));
        startAfter = page.last;
      } while (startAfter !== undefined);
      const odd = Array.from({ length: 11 }, (_, index) => 2 * index + 1);
      expect(seen).toEqual(descending ? odd.reverse() : odd);
      expect((await queryAll(ledger, { partition: pk, limit: 4 })).length).toBe(23);
    });
    test("an index holds the rows that have its keys, with what it projects, and follows their changes", async () => {
      const item = row("i1", "1", { gs2pk: "F#X", gs2sk: "s1", state: "NORMAL", secret: "not projected" });
      await ledger.write(put(item));
      await ledger.write(put(row("i1", "2", { gs2pk: "F#X", gs2sk: "s1", state: "OTHER" })));
      const rows = async () =>
        [...(await queryAll(ledger, { index: "gs2", partition: "F#X", limit: 1 }))].map((found) => found["sk"]).sort();
      expect(await rows()).toEqual(["1", "2"]);
      const page = await ledger.query({ index: "gs2", partition: "F#X", range: { kind: "prefix", prefix: "s" } });
      expect(page.items.find((found) => found["sk"] === "1")).toEqual({ pk: "i1", sk: "1", gs2pk: "F#X", gs2sk: "s1", state: "NORMAL" });
      await ledger.write(update(key("i1", "1"), { remove: ["gs2pk", "gs2sk"] }));
      expect(await rows()).toEqual(["2"]);
      await ledger.write(update(key("i1", "2"), { set: { gs2pk: "F#Y" } }));
      expect(await rows()).toEqual([]);
    });
    test("a long answer comes in pages", async () => {
      for (let n = 0; n < 8; n++) await ledger.write(put(row("big", String(n), { text: "x".repeat(300_000) })));
      const page = await ledger.query({ partition: "big" });
      expect(page.items.length).toBeLessThan(8);
      expect(page.last).toBeDefined();
      expect((await queryAll(ledger, { partition: "big" })).length).toBe(8);
    });
  });
}
