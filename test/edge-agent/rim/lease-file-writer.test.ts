import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Lease, neverUsed } from "../../../edge-agent/leases/lease.ts";
import { DEFAULT_STYLE } from "../../../edge-agent/leases/lease-file/format.ts";
import { parseLeaseFile } from "../../../edge-agent/leases/lease-file/parse.ts";
import { encodeRecord, type LeaseFile, type RecordedEndpoint } from "../../../edge-agent/leases/lease-file/types.ts";
import { lockFile } from "../../../edge-agent/rim/folder-lock.ts";
import { LeaseFileWriter } from "../../../edge-agent/rim/lease-file-writer.ts";
import { openLmdbStore } from "../../../edge-agent/rim/lmdb-store.ts";
import type { Ipv4Address } from "../../../edge-agent/values/ipv4.ts";
import type { EpochSeconds } from "../../../edge-agent/values/time.ts";

const lease = (address: number, starts: number): Lease => ({
  ...neverUsed(address as Ipv4Address),
  status: "ACTIVE",
  starts: starts as EpochSeconds,
  ends: 5000 as EpochSeconds,
});
const endpoint: RecordedEndpoint = {
  name: "lab",
  myState: "normal",
  myStos: 7 as EpochSeconds,
  partnerState: "normal",
  partnerStos: 8 as EpochSeconds,
  mclt: undefined,
};

let folder = "";
let file = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tandem-file-"));
  file = join(folder, "dhcpd.leases");
});
afterEach(() => rmSync(folder, { recursive: true }));
const read = (): LeaseFile => parseLeaseFile(readFileSync(file, "latin1"));

/** A writer over a Map, with what it complained of. */
function writerOver(leases: Map<number, Lease>, troubles: (string | undefined)[] = []): LeaseFileWriter {
  return new LeaseFileWriter(file, {
    leases: () => leases.values(),
    records: () => [encodeRecord(endpoint)],
    now: () => 1 as EpochSeconds,
    style: () => DEFAULT_STYLE,
    serverDuid: Uint8Array.of(0, 1, 2),
    trouble: (problem) => troubles.push(problem),
  });
}

test("writes everything at start, appends changes, is complete when closed", async () => {
  const leases = new Map([[10, lease(10, 1)]]);
  const writer = writerOver(leases);
  await writer.start();
  expect(read()).toMatchObject({ leases: [{ address: 10 }], endpoints: [endpoint], serverDuid: Uint8Array.of(0, 1, 2), problems: [] });
  for (let round = 2; round < 50; round += 1) writer.changed([{ kind: "lease", lease: lease(10 + (round % 3), round) }]);
  writer.changed([{ kind: "record", key: "failover/lab", value: encodeRecord({ ...endpoint, myState: "partner-down" }) }]);
  writer.changed([{ kind: "record", key: "ledger/cursor", value: Uint8Array.of(1) }]);
  expect(await writer.close()).toBe(true);
  const after = read();
  expect(after.leases.map(({ address, starts }) => [address, starts]).sort()).toEqual([
    [10, 48],
    [11, 49],
    [12, 47],
  ]);
  expect(after.endpoints[0]?.myState).toBe("partner-down");
  expect(after.sealed.has("lab")).toBe(true);
  expect(readFileSync(file, "latin1").match(/^lease /gm)?.length).toBe(4);
});

test("the file it found stays as FILE~", async () => {
  const former = writerOver(new Map([[1, lease(1, 1)]]));
  await former.start();
  await former.close();
  const writer = writerOver(new Map([[2, lease(2, 1)]]));
  await writer.start();
  await writer.close();
  expect(parseLeaseFile(readFileSync(`${file}~`, "latin1")).leases[0]?.address).toBe(1);
  expect(read().leases[0]?.address).toBe(2);
});

test("complains once if it cannot write, and writes everything when it can again", async () => {
  const leases = new Map([[1, lease(1, 1)]]);
  const troubles: (string | undefined)[] = [];
  const writer = writerOver(leases, troubles);
  mkdirSync(file);
  await writer.start();
  writer.changed([{ kind: "lease", lease: lease(2, 2) }]);
  leases.set(2, lease(2, 2));
  expect(await writer.flush()).toBe(false);
  expect(troubles.length).toBe(1);
  expect(troubles[0]).toContain(file);
  rmdirSync(file);
  expect(await writer.close()).toBe(true);
  expect(troubles.length).toBe(2);
  expect(troubles[1]).toBeUndefined();
  expect(read().leases.length).toBe(2);
});

test("what changes over and over in a flood is written once, when the flood is over", async () => {
  const writer = writerOver(new Map());
  await writer.start();
  const blocks = (): number => readFileSync(file, "latin1").match(/^lease /gm)?.length ?? 0;
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  try {
    for (let tick = 0; tick < 40; tick += 1) {
      writer.changed(Array.from({ length: 1500 }, (_, index) => ({ kind: "lease" as const, lease: lease(10 + (index % 5), tick) })));
      await vi.advanceTimersByTimeAsync(20);
      expect(blocks()).toBe(0);
    }
    await vi.advanceTimersByTimeAsync(150);
  } finally {
    vi.useRealTimers();
  }
  await vi.waitFor(() => expect(blocks()).toBe(5));
  await writer.close();
  expect(blocks()).toBe(5);
});

test("over a real store, while leases change during the writing", async () => {
  const opened = openLmdbStore(join(folder, "store"), lockFile);
  if (!opened.ok) throw new Error(opened.error);
  const store = opened.value;
  store.apply(Array.from({ length: 20_000 }, (_, index) => ({ kind: "lease" as const, lease: lease(1000 + index, 1) })));
  await store.commit();
  const writer = new LeaseFileWriter(file, {
    leases: () => store.view.all(),
    records: () => store.records("failover/"),
    now: () => 1 as EpochSeconds,
    style: () => DEFAULT_STYLE,
    serverDuid: undefined,
    trouble: () => {},
  });
  const started = writer.start();
  for (let round = 2; round < 40; round += 1) {
    const writes = [0, 1, 2, 3].map((index) => ({ kind: "lease" as const, lease: lease(1000 + index * 5000 + round, round) }));
    store.apply(writes);
    await store.commit();
    writer.changed(writes);
  }
  await started;
  expect(await writer.close()).toBe(true);
  const { leases, problems } = read();
  expect(problems).toEqual([]);
  const expected = [...store.view.all()].map(({ address, starts }) => `${address} ${starts}`);
  expect(leases.map(({ address, starts }) => `${address} ${starts}`).sort()).toEqual(expected.sort());
  expect(existsSync(`${file}.${process.pid}`)).toBe(false);
  await store.close();
});
