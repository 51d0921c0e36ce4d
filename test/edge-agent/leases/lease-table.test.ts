import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BINDING_STATUSES, type BindingStatus } from "../../../edge-agent/leases/binding-status.ts";
import { type Lease, neverUsed } from "../../../edge-agent/leases/lease.ts";
import { LeaseTable } from "../../../edge-agent/leases/lease-table.ts";
import type { PoolLayout, UnboundStatus } from "../../../edge-agent/leases/lease-view.ts";
import { neverUsedPlaces } from "../../../edge-agent/leases/never-used-places.ts";
import { sameBytes, sameHardware, tellsApart } from "../../../edge-agent/values/hardware-address.ts";
import type { Ipv4Address, Ipv4Range } from "../../../edge-agent/values/ipv4.ts";
import { type EpochSeconds, NEVER } from "../../../edge-agent/values/time.ts";
import { anyLease, anyTime } from "../../support/lease-arbitraries.ts";

/** Three /24s, so that ranges cross the borders of the table's chunks. */
const FIRST = 0xc0a800f0;
const LAST = 0xc0a80210;
/** Half the addresses lie close together, so that they meet. */
const anyAddress = fc.oneof(fc.integer({ min: FIRST, max: FIRST + 24 }), fc.integer({ min: FIRST, max: LAST }));

type Action =
  | { readonly kind: "apply"; readonly lease: Lease }
  | { readonly kind: "seal" | "settle" | "roll-back" }
  | { readonly kind: "layout"; readonly pools: readonly PoolLayout[] };

const anyLayout: fc.Arbitrary<readonly PoolLayout[]> = fc
  .uniqueArray(fc.integer({ min: FIRST - 3, max: LAST + 3 }), { minLength: 2, maxLength: 10 })
  .chain((borders) => {
    const sorted = borders.sort((a, b) => a - b);
    const ranges: Ipv4Range[] = [];
    for (let index = 0; index + 1 < sorted.length; index += 2)
      ranges.push({ first: sorted[index] as Ipv4Address, last: (sorted[index + 1]! - 1) as Ipv4Address });
    return fc
      .array(fc.integer({ min: 0, max: 2 }), { minLength: ranges.length, maxLength: ranges.length })
      .map((owners) => [0, 1, 2].map((id) => ({ id, ranges: ranges.filter((_, index) => owners[index] === id).reverse() })));
  });
const anyAction: fc.Arbitrary<Action> = fc.oneof(
  { weight: 12, arbitrary: anyLease(anyAddress).map((lease): Action => ({ kind: "apply", lease })) },
  { weight: 3, arbitrary: fc.constantFrom<Action>({ kind: "seal" }, { kind: "settle" }, { kind: "settle" }, { kind: "roll-back" }) },
  { weight: 1, arbitrary: anyLayout.map((pools): Action => ({ kind: "layout", pools })) },
);

/** The table again, without any index. */
class Model {
  durable = new Map<number, Lease>();
  current = new Map<number, Lease>();
  sealed: Lease[][] = [];
  open: Lease[] = [];
  pools: readonly PoolLayout[] = [];
  /** The addresses that somebody had when the pools were laid out. */
  used: readonly Ipv4Range[] = [];

  addressesOf(pool: number): number[] {
    return (this.pools[pool]?.ranges ?? []).flatMap((range) =>
      Array.from({ length: range.last - range.first + 1 }, (_, index) => range.first + index),
    );
  }
  lease(address: number): Lease {
    return this.current.get(address) ?? neverUsed(address as Ipv4Address);
  }
}

class Pair {
  readonly model = new Model();
  readonly table = new LeaseTable(
    {
      get: (address) => this.model.durable.get(address),
      all: () => [...this.model.durable.values()].sort((left, right) => left.address - right.address),
    },
    7,
  );

  do(action: Action): void {
    const { model, table } = this;
    switch (action.kind) {
      case "apply":
        model.current.set(action.lease.address, action.lease);
        model.open.push(action.lease);
        table.apply(action.lease);
        return;
      case "seal":
        model.sealed.push(model.open);
        model.open = [];
        table.seal();
        return;
      case "settle":
        if (model.sealed.length === 0) return;
        for (const lease of model.sealed.shift() ?? []) model.durable.set(lease.address, lease);
        table.settle();
        return;
      case "roll-back":
        model.current = new Map(model.durable);
        model.sealed = [];
        model.open = [];
        table.rollBack();
        return;
      case "layout":
        model.pools = action.pools;
        model.used = [...model.current.values()]
          .filter(({ status, ends }) => ends !== 0 || status === "ACTIVE")
          .map(({ address }) => ({ first: address, last: address }))
          .sort((left, right) => left.first - right.first);
        table.layout(action.pools);
    }
  }

  compare(): void {
    const { model, table } = this;
    expect([...table.all()]).toEqual([...model.current.values()].sort((left, right) => left.address - right.address));
    for (let address = FIRST - 3; address <= LAST + 3; address += 1) {
      const pool = model.pools.find(({ ranges }) => ranges.some(({ first, last }) => address >= first && address <= last));
      if (table.get(address as Ipv4Address) !== model.current.get(address)) throw new Error(`get(${address})`);
      if (table.poolOf(address as Ipv4Address) !== pool?.id) throw new Error(`poolOf(${address})`);
    }
    for (const { clientId, hardware } of model.current.values()) {
      if (clientId !== undefined)
        expect(ascending(table.byClientId(clientId))).toEqual(this.#having((lease) => sameBytes(lease.clientId, clientId)));
      if (hardware !== undefined)
        expect(ascending(table.byHardware(hardware))).toEqual(
          this.#having((lease) => tellsApart(hardware) && sameHardware(lease.hardware, hardware)),
        );
    }
    for (const pool of [0, 1, 2]) this.#comparePool(pool);
    this.#compareDue();
  }

  #having(wanted: (lease: Lease) => boolean): number[] {
    return ascending([...this.model.current.values()].filter(wanted).map(({ address }) => address));
  }

  #comparePool(pool: number): void {
    const addresses = this.model.addressesOf(pool);
    const places = neverUsedPlaces(this.model.pools, this.model.used).get(pool);
    const place = (address: number): number => places?.placeOf(address) ?? address;
    const counts = Object.fromEntries(BINDING_STATUSES.map((status) => [status, 0])) as Record<BindingStatus, number>;
    for (const address of addresses) counts[this.model.lease(address).status] += 1;
    expect(this.table.counts(pool)).toEqual(counts);
    for (const status of BINDING_STATUSES.filter((each): each is UnboundStatus => each !== "ACTIVE"))
      for (const order of ["ascending", "descending"] as const) {
        const sign = order === "ascending" ? 1 : -1;
        const expected = addresses
          .filter((address) => this.model.lease(address).status === status)
          .sort((left, right) => {
            const byEnds = this.model.lease(left).ends - this.model.lease(right).ends;
            if (byEnds !== 0) return byEnds;
            return this.model.lease(left).ends === 0 ? (place(left) - place(right)) * sign : left - right;
          });
        expect([...this.table.oldest(pool, status, order)]).toEqual(expected);
        expect([...take(this.table.oldest(pool, status, order), 3)]).toEqual(expected.slice(0, 3));
      }
  }

  #compareDue(): void {
    const due = [...this.model.current.values()]
      .filter(({ status, ends }) => (status === "ACTIVE" || status === "ABANDONED") && ends !== NEVER)
      .sort((left, right) => left.ends - right.ends || left.address - right.address);
    expect(this.table.nextDue()).toBe(due[0]?.ends);
    for (const now of [0, 1, 10, 20, NEVER] as EpochSeconds[]) {
      const expected = due.filter(({ ends }) => ends <= now).map(({ address }) => address);
      expect(this.table.due(now, 1000)).toEqual(expected);
      expect(this.table.due(now, 2)).toEqual(expected.slice(0, 2));
    }
  }
}

const ascending = (addresses: readonly number[]): number[] => [...addresses].sort((left, right) => left - right);

function* take<T>(source: Iterable<T>, limit: number): Iterable<T> {
  let taken = 0;
  for (const value of source) {
    yield value;
    taken += 1;
    if (taken >= limit) return;
  }
}

describe("LeaseTable", () => {
  test("answers as a table without indexes would, after any writes, commits, roll-backs and layouts", () => {
    fc.assert(
      fc.property(anyLayout, fc.array(anyAction, { maxLength: 60, size: "max" }), (pools, actions) => {
        const pair = new Pair();
        pair.do({ kind: "layout", pools });
        actions.forEach((action, index) => {
          pair.do(action);
          if (index % 8 === 7) pair.compare();
        });
        pair.compare();
      }),
      { numRuns: 100 },
    );
  });

  test("a table loaded from disk equals one that applied the same records", () => {
    fc.assert(
      fc.property(
        anyLayout,
        fc.uniqueArray(anyLease(anyAddress), { selector: ({ address }) => address, maxLength: 60 }),
        (pools, leases) => {
          const pair = new Pair();
          for (const lease of leases) {
            pair.model.durable.set(lease.address, lease);
            pair.model.current.set(lease.address, lease);
            pair.table.load(lease);
          }
          pair.table.loaded();
          pair.do({ kind: "layout", pools });
          pair.compare();
        },
      ),
      { numRuns: 50 },
    );
  });

  test("a /8 costs nothing until it is used, and its ends are found at once", () => {
    const table = new LeaseTable({ get: () => undefined, all: () => [] }, 1);
    const range = { first: 0x0a000000 as Ipv4Address, last: 0x0affffff as Ipv4Address };
    table.layout([{ id: 0, ranges: [range] }]);
    expect(table.counts(0).FREE).toBe(2 ** 24);
    const used = { ...neverUsed(range.first), status: "ACTIVE" as const, ends: 50 as EpochSeconds };
    table.apply(used);
    // 10.0.128.106 is a multiple of 100003, where dhcpd begins
    expect([...take(table.oldest(0, "FREE", "ascending"), 2)]).toEqual([0x0a00806a, 0x0a00806b]);
    expect([...take(table.oldest(0, "FREE", "descending"), 2)]).toEqual([0x0a008069, 0x0a008068]);
    expect(table.counts(0)).toMatchObject({ FREE: 2 ** 24 - 1, ACTIVE: 1 });
  });

  test("a pool at the very top of the address space has no neighbour", () => {
    const table = new LeaseTable({ get: () => undefined, all: () => [] }, 1);
    table.layout([{ id: 3, ranges: [{ first: 0xfffffffe as Ipv4Address, last: 0xffffffff as Ipv4Address }] }]);
    expect([...table.oldest(3, "FREE", "ascending")]).toEqual([0xfffffffe, 0xffffffff]);
    expect([...table.oldest(3, "FREE", "descending")]).toEqual([0xffffffff, 0xfffffffe]);
  });

  test("overlapping ranges give each address to one pool", () => {
    const table = new LeaseTable({ get: () => undefined, all: () => [] }, 1);
    const range = (first: number, last: number): Ipv4Range => ({ first: first as Ipv4Address, last: last as Ipv4Address });
    table.layout([
      { id: 0, ranges: [range(10, 20)] },
      { id: 1, ranges: [range(15, 30), range(12, 14)] },
    ]);
    expect(table.poolOf(15 as Ipv4Address)).toBe(0);
    expect(table.poolOf(21 as Ipv4Address)).toBe(1);
    expect(table.counts(0).FREE + table.counts(1).FREE).toBe(21);
  });

  test("times of any size are kept", () => {
    fc.assert(
      fc.property(anyTime, (ends) => {
        const table = new LeaseTable({ get: () => undefined, all: () => [] }, 1);
        table.apply({ ...neverUsed(9 as Ipv4Address), status: "ACTIVE", ends });
        expect(table.nextDue()).toBe(ends === NEVER ? undefined : ends);
      }),
    );
  });
});
