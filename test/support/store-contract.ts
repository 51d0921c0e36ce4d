import { describe, expect, test } from "vitest";
import { type Lease, neverUsed } from "../../edge-agent/leases/lease.ts";
import type { StoreWrite } from "../../edge-agent/leases/store-write.ts";
import { CommitFailed, type Store } from "../../edge-agent/runtime/ports.ts";
import type { Ipv4Address } from "../../edge-agent/values/ipv4.ts";
import type { EpochSeconds } from "../../edge-agent/values/time.ts";

/** A place that stores can be opened on, one after another. */
export interface StoreUnderTest {
  open(): Store;
  /** Makes the next commit of `store` that reaches the disk fail. */
  failNext(store: Store): void;
  clean(): void;
}

const lease = (address: number, changes: Partial<Lease> = {}): Lease => ({
  ...neverUsed(address as Ipv4Address),
  status: "ACTIVE",
  starts: 1000 as EpochSeconds,
  ends: 2000 as EpochSeconds,
  clientId: Uint8Array.of(1, address & 255),
  hardware: { htype: 1, bytes: Uint8Array.of(2, 0, 0, 0, 0, address & 255) },
  hostname: "host",
  variables: new Map([["ddns-fwd-name", Uint8Array.of(97)]]),
  ...changes,
});
const write = (address: number, changes: Partial<Lease> = {}): StoreWrite => ({ kind: "lease", lease: lease(address, changes) });
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const POOL = [{ id: 0, ranges: [{ first: 10 as Ipv4Address, last: 19 as Ipv4Address }] }];
const plain = (value: Uint8Array | undefined): number[] | undefined => (value === undefined ? undefined : [...value]);

/** What every {@link Store} does. */
export function storeContract(name: string, make: () => StoreUnderTest): void {
  describe(`${name} is a Store`, () => {
    const using = async (body: (place: StoreUnderTest) => Promise<void>): Promise<void> => {
      const place = make();
      try {
        await body(place);
      } finally {
        place.clean();
      }
    };

    test("shows what was applied before it is durable, and keeps it for the next process", () =>
      using(async (place) => {
        const store = place.open();
        store.layout(POOL);
        store.apply([write(10), { kind: "record", key: "failover/a", value: bytes(1, 2) }, { kind: "outbox", seq: 7, value: bytes(3) }]);
        expect(store.view.get(10 as Ipv4Address)).toEqual(lease(10));
        expect(store.view.counts(0)).toMatchObject({ ACTIVE: 1, FREE: 9 });
        expect(plain(store.record("failover/a"))).toEqual([1, 2]);
        await store.commit();
        await store.close();

        const again = place.open();
        again.layout(POOL);
        expect([...again.view.all()]).toEqual([lease(10)]);
        expect(again.view.byClientId(bytes(1, 10))).toEqual([10]);
        expect(again.view.byHardware({ htype: 1, bytes: bytes(2, 0, 0, 0, 0, 10) })).toEqual([10]);
        expect(again.view.nextDue()).toBe(2000);
        expect(plain(again.record("failover/a"))).toEqual([1, 2]);
        expect(again.outbox(0, 10).map(({ seq, value }) => [seq, plain(value)])).toEqual([[7, [3]]]);
        await again.close();
      }));

    test("close keeps what was applied last", () =>
      using(async (place) => {
        const store = place.open();
        store.apply([write(11)]);
        await store.close();
        const again = place.open();
        expect(again.view.get(11 as Ipv4Address)).toEqual(lease(11));
        await again.close();
      }));

    test("commits may overlap with applying; they become durable in order", () =>
      using(async (place) => {
        const store = place.open();
        const order: number[] = [];
        const commits: Promise<void>[] = [];
        for (let round = 0; round < 20; round += 1) {
          store.apply([write(10, { starts: round as EpochSeconds }), write(100 + round)]);
          commits.push(store.commit().then(() => void order.push(round)));
        }
        expect(store.view.get(10 as Ipv4Address)?.starts).toBe(19);
        await Promise.all(commits);
        expect(order).toEqual([...order].sort((left, right) => left - right));
        expect(order.length).toBe(20);
        expect(store.view.get(10 as Ipv4Address)?.starts).toBe(19);
        await store.close();
        const again = place.open();
        expect([...again.view.all()].length).toBe(21);
        await again.close();
      }));

    test("records can be replaced and deleted, the outbox trimmed", () =>
      using(async (place) => {
        const store = place.open();
        for (let seq = 1; seq <= 10; seq += 1) store.apply([{ kind: "outbox", seq, value: bytes(seq) }]);
        store.apply([
          { kind: "record", key: "k", value: bytes(1) },
          { kind: "record", key: "gone", value: bytes(9) },
        ]);
        await store.commit();
        store.apply([
          { kind: "outbox-trim", upTo: 3 },
          { kind: "record", key: "gone", value: undefined },
          { kind: "record", key: "k", value: bytes(2) },
        ]);
        const look = (seen: Store): unknown => [
          seen.outbox(0, 3).map(({ seq }) => seq),
          seen.outbox(8, 100).map(({ seq }) => seq),
          plain(seen.record("gone")),
          plain(seen.record("k")),
        ];
        const expected = [[4, 5, 6], [9, 10], undefined, [2]];
        expect(look(store)).toEqual(expected);
        await store.commit();
        expect(look(store)).toEqual(expected);
        store.apply([
          { kind: "outbox-trim", upTo: 10 },
          { kind: "outbox", seq: 2 ** 40, value: bytes(5) },
        ]);
        expect(store.outbox(0, 9).map(({ seq }) => seq)).toEqual([2 ** 40]);
        await store.close();
        const again = place.open();
        expect(again.outbox(0, 9).map(({ seq }) => seq)).toEqual([2 ** 40]);
        await again.close();
      }));

    test("each lane of the outbox has its own entries, and an entry can be replaced", () =>
      using(async (place) => {
        const store = place.open();
        const put = (lane: string, seq: number, value: number) => store.apply([{ kind: "outbox", lane, seq, value: bytes(value) }]);
        for (let seq = 1; seq <= 5; seq += 1) put("a", seq, seq);
        for (let seq = 1; seq <= 3; seq += 1) put("b", seq, 100 + seq);
        await store.commit();
        put("a", 4, 44);
        put("a", 6, 6);
        store.apply([{ kind: "outbox-trim", lane: "a", upTo: 2 }]);
        const look = (seen: Store): unknown => [
          seen.outbox(0, 2, "a").map(({ seq, value }) => [seq, plain(value)]),
          seen.outbox(3, 9, "a").map(({ seq, value }) => [seq, plain(value)]),
          seen.outbox(0, 9, "b").map(({ seq }) => seq),
          seen.outbox(0, 9),
        ];
        const expected = [
          [
            [3, [3]],
            [4, [44]],
          ],
          [
            [4, [44]],
            [5, [5]],
            [6, [6]],
          ],
          [1, 2, 3],
          [],
        ];
        expect(look(store)).toEqual(expected);
        await store.commit();
        expect(look(store)).toEqual(expected);
        await store.close();
        const again = place.open();
        expect(look(again)).toEqual(expected);
        await again.close();
      }));

    test("a failed commit takes everything that is not durable with it, and the store goes on", () =>
      using(async (place) => {
        const store = place.open();
        store.layout(POOL);
        store.apply([write(10), { kind: "record", key: "k", value: bytes(1) }, { kind: "outbox", seq: 1, value: bytes(1) }]);
        await store.commit();
        place.failNext(store);
        store.apply([
          write(10, { status: "FREE" }),
          write(11),
          { kind: "record", key: "k", value: bytes(2) },
          { kind: "outbox-trim", upTo: 1 },
        ]);
        const first = store.commit().then(
          () => "durable",
          (error: unknown) => error,
        );
        store.apply([write(12)]);
        const second = store.commit().then(
          () => "durable",
          (error: unknown) => error,
        );
        store.apply([write(13)]);
        expect(await first).toBeInstanceOf(CommitFailed);
        expect(await second).toBeInstanceOf(CommitFailed);
        expect([...store.view.all()]).toEqual([lease(10)]);
        expect(store.view.counts(0)).toMatchObject({ ACTIVE: 1, FREE: 9 });
        expect(store.view.byClientId(bytes(1, 11))).toEqual([]);
        expect(plain(store.record("k"))).toEqual([1]);
        expect(store.outbox(0, 9).map(({ seq }) => seq)).toEqual([1]);

        // The writes that were waiting for their commit went too, so that commit cannot succeed.
        store.apply([write(15)]);
        await expect(store.commit()).rejects.toBeInstanceOf(CommitFailed);
        expect(store.view.get(15 as Ipv4Address)).toBeUndefined();

        store.apply([write(14)]);
        await store.commit();
        await store.close();
        const again = place.open();
        expect([...again.view.all()].map(({ address }) => address)).toEqual([10, 14]);
        expect(plain(again.record("k"))).toEqual([1]);
        await again.close();
      }));

    test("addresses outside all pools stay stored and are found", () =>
      using(async (place) => {
        const store = place.open();
        store.layout(POOL);
        store.apply([write(500)]);
        store.layout([]);
        expect(store.view.poolOf(500 as Ipv4Address)).toBeUndefined();
        expect(store.view.byClientId(bytes(1, 244))).toEqual([500]);
        store.layout([{ id: 0, ranges: [{ first: 500 as Ipv4Address, last: 501 as Ipv4Address }] }]);
        expect(store.view.counts(0)).toMatchObject({ ACTIVE: 1, FREE: 1 });
        await store.close();
      }));

    test("a commit of nothing resolves", () =>
      using(async (place) => {
        const store = place.open();
        await store.commit();
        await Promise.all([store.commit(), store.commit()]);
        await store.close();
      }));
  });
}
