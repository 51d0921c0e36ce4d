import { expect, test } from "vitest";
import { neverUsed } from "../../edge-agent/leases/lease.ts";
import type { Ipv4Address } from "../../edge-agent/values/ipv4.ts";
import { MemoryStore, memoryDisk } from "./memory-store.ts";
import { storeContract } from "./store-contract.ts";

storeContract("MemoryStore", () => {
  const disk = memoryDisk();
  return { open: () => new MemoryStore(disk), failNext: (store) => (store as MemoryStore).failNext(), clean: () => {} };
});

test("a held commit is lost in a crash", async () => {
  const store = new MemoryStore();
  store.apply([{ kind: "lease", lease: neverUsed(1 as Ipv4Address) }]);
  await store.commit();
  store.hold = true;
  store.apply([{ kind: "lease", lease: neverUsed(2 as Ipv4Address) }]);
  let answered = false;
  void store.commit().finally(() => {
    answered = true;
  });
  store.crash();
  store.release();
  await Promise.resolve();
  expect(answered).toBe(false);
  expect([...new MemoryStore(store.disk).view.all()].map(({ address }) => address)).toEqual([1]);
});
