import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { open as openLmdb } from "lmdb";
import { afterEach, beforeEach, expect, test } from "vitest";
import { lockFile } from "../../../edge-agent/rim/folder-lock.ts";
import { type LmdbStore, openLmdbStore } from "../../../edge-agent/rim/lmdb-store.ts";
import { MemoryStore } from "../../support/memory-store.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tandem-outbox-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function opened(): LmdbStore {
  const store = openLmdbStore(folder, lockFile);
  if (!store.ok) throw new Error(store.error);
  return store.value;
}
const entry = (lane: string, seq: number, value: number) => ({ kind: "outbox" as const, lane, seq, value: Uint8Array.of(value & 255) });
const seen = (store: { outbox: LmdbStore["outbox"] }, after: number, limit: number, lane: string) =>
  store.outbox(after, limit, lane).map(({ seq, value }) => [seq, ...value]);
const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

const act = fc.oneof(
  fc.record({ kind: fc.constant("append" as const), lane: fc.constantFrom("", "x"), count: fc.integer({ min: 1, max: 150 }) }),
  fc.record({ kind: fc.constant("replace" as const), lane: fc.constantFrom("", "x"), back: fc.nat(200) }),
  fc.record({ kind: fc.constant("trim" as const), lane: fc.constantFrom("", "x"), back: fc.nat(200) }),
  fc.record({ kind: fc.constant("skip" as const), lane: fc.constantFrom("", "x") }),
  fc.constant({ kind: "commit" as const }),
  fc.constant({ kind: "reopen" as const }),
);

test("whatever is appended, replaced and let go, together or apart, the outbox on disk is the one in memory", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 25 }), fc.nat(400), fc.integer({ min: 1, max: 300 }), async (acts, after, limit) => {
      rmSync(folder, { recursive: true });
      let store = opened();
      const model = new MemoryStore();
      const last = new Map([
        ["", 0],
        ["x", 0],
      ]);
      const trimmed = new Map(last);
      let value = 0;
      const look = () => {
        for (const lane of ["", "x"]) {
          for (const [from, count] of [
            [0, 5000],
            [after, limit],
            [(last.get(lane) ?? 0) - 70, 3],
          ] as const)
            expect(seen(store, Math.max(0, from), count, lane)).toEqual(seen(model, Math.max(0, from), count, lane));
        }
      };
      for (const one of acts) {
        const lane = "lane" in one ? one.lane : "";
        const newest = last.get(lane) ?? 0;
        if (one.kind === "append") {
          const writes = numbers(newest + 1, newest + one.count).map((seq) => entry(lane, seq, value++));
          last.set(lane, newest + one.count);
          for (const each of [store, model]) each.apply(writes);
        } else if (one.kind === "replace" && newest - one.back > (trimmed.get(lane) ?? 0)) {
          const write = entry(lane, newest - one.back, value++);
          for (const each of [store, model]) each.apply([write]);
        } else if (one.kind === "trim" && newest - one.back > (trimmed.get(lane) ?? 0)) {
          trimmed.set(lane, newest - one.back);
          for (const each of [store, model]) each.apply([{ kind: "outbox-trim", lane, upTo: newest - one.back }]);
        } else if (one.kind === "skip") last.set(lane, newest + 5);
        else if (one.kind === "commit") await Promise.all([store.commit(), model.commit()]);
        else if (one.kind === "reopen") {
          await Promise.all([store.close(), model.commit()]);
          store = opened();
        }
        look();
      }
      await store.close();
      store = opened();
      look();
      await store.close();
    }),
    { numRuns: 40 },
  );
}, 20_000);

test("a commit that fails is forgotten: the same numbers are stored by the next one", async () => {
  const store = opened();
  store.apply(numbers(1, 10).map((seq) => entry("x", seq, seq)));
  await store.commit();
  // LMDB refuses a key of this length, within the transaction
  store.apply([...numbers(11, 20).map((seq) => entry("x", seq, 1)), { kind: "record", key: "x".repeat(5000), value: Uint8Array.of(1) }]);
  await expect(store.commit()).rejects.toThrow();
  store.apply(numbers(11, 15).map((seq) => entry("x", seq, 2)));
  await store.close();
  const again = opened();
  expect(seen(again, 9, 99, "x")).toEqual([[10, 10], ...numbers(11, 15).map((seq) => [seq, 2])]);
  await again.close();
});

test("a store of format 1, with a record an entry, is read on, and says format 2 from then on", async () => {
  await opened().close();
  const root = openLmdb({ path: join(folder, "leases.mdb"), noSubdir: true, encoding: "binary" });
  const outbox = root.openDB<Buffer, [string, number]>({ name: "outbox", encoding: "binary" });
  for (const seq of numbers(1, 5)) outbox.putSync(["x", seq], Buffer.of(seq));
  const meta = root.openDB<Buffer, string>({ name: "meta", encoding: "binary" });
  meta.putSync("format", Buffer.of(1));
  await root.close();

  const store = opened();
  store.apply(numbers(6, 9).map((seq) => entry("x", seq, seq)));
  store.apply([entry("x", 3, 33), entry("x", 7, 77)]);
  await store.close();
  const again = opened();
  expect(seen(again, 1, 99, "x")).toEqual([2, 33, 4, 5, 6, 77, 8, 9].map((value, index) => [index + 2, value]));
  await again.close();
  const after = openLmdb({ path: join(folder, "leases.mdb"), noSubdir: true, encoding: "binary", readOnly: true });
  expect(after.openDB<Buffer, string>({ name: "meta", encoding: "binary" }).get("format")?.[0]).toBe(2);
  await after.close();
});
