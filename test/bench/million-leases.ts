import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Lease, neverUsed } from "../../edge-agent/leases/lease.ts";
import type { PoolLayout } from "../../edge-agent/leases/lease-view.ts";
import type { StoreWrite } from "../../edge-agent/leases/store-write.ts";
import { lockFile } from "../../edge-agent/rim/folder-lock.ts";
import { type LmdbStore, openLmdbStore } from "../../edge-agent/rim/lmdb-store.ts";
import type { Ipv4Address } from "../../edge-agent/values/ipv4.ts";
import type { EpochSeconds } from "../../edge-agent/values/time.ts";

/*
 * How long a store of a million leases takes to open, what memory it needs, and how fast it writes.
 *   node test/bench/million-leases.ts [LEASES] [FOLDER]
 * The store is filled by one process and opened by another (itself, with "open" as third argument).
 */
const leases = Number(process.argv[2] ?? 1_000_000);
const folder = process.argv[3] ?? mkdtempSync(join(tmpdir(), "tandem-bench-"));
const FIRST = 0x0a000000;
const pools: PoolLayout[] = [{ id: 0, ranges: [{ first: FIRST as Ipv4Address, last: (FIRST + leases * 2) as Ipv4Address }] }];

const opened = (): LmdbStore => {
  const store = openLmdbStore(folder, lockFile);
  if (!store.ok) throw new Error(store.error);
  return store.value;
};

function leaseOf(index: number, starts: number): Lease {
  const mac = Uint8Array.of(2, 0, (index >>> 24) & 255, (index >>> 16) & 255, (index >>> 8) & 255, index & 255);
  return {
    ...neverUsed((FIRST + index) as Ipv4Address),
    status: index % 4 === 0 ? "FREE" : "ACTIVE",
    starts: starts as EpochSeconds,
    ends: (1_700_000_000 + ((index * 7919) % 86_400)) as EpochSeconds,
    cltt: starts as EpochSeconds,
    clientId: Uint8Array.of(1, ...mac),
    hardware: { htype: 1, bytes: mac },
    hostname: `host-${index}`,
    failover: { tstp: 1 as EpochSeconds, tsfp: 1 as EpochSeconds, atsfp: 1 as EpochSeconds, owed: false, rewindStatus: "FREE" },
  };
}

async function measureWrites(store: LmdbStore, batch: number): Promise<void> {
  const rounds = 200;
  const latencies: number[] = [];
  const start = performance.now();
  let applying = 0;
  for (let round = 0; round < rounds; round += 1) {
    const writes = Array.from({ length: batch }, (_, index): StoreWrite => {
      return { kind: "lease", lease: leaseOf((Math.imul(round * batch + index, 7919) % leases) & 0x7fffffff, round + 1) };
    });
    const before = performance.now();
    store.apply(writes);
    applying += performance.now() - before;
    await store.commit();
    latencies.push(performance.now() - before);
  }
  const seconds = (performance.now() - start) / 1000;
  latencies.sort((left, right) => left - right);
  const at = (share: number): string => (latencies[Math.floor(rounds * share)] ?? 0).toFixed(2);
  const applyMicros = ((applying * 1000) / (rounds * batch)).toFixed(1);
  console.log(
    `batches of ${batch}: ${Math.round((rounds * batch) / seconds)} puts/s, apply+commit p50 ${at(0.5)} ms, p99 ${at(0.99)} ms; apply ${applyMicros} µs a lease`,
  );
}

function memory(): string {
  const status = readFileSync("/proc/self/status", "utf8");
  const megabytes = (field: string): number => Math.round(Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024);
  return `RSS ${megabytes("VmRSS")} MB (own ${megabytes("RssAnon")} MB, mapped file ${megabytes("RssFile")} MB)`;
}

if (process.argv[4] === "open") {
  const start = performance.now();
  const store = opened();
  const loaded = performance.now();
  store.layout(pools);
  const laidOut = performance.now();
  console.log(`opened in ${Math.round(loaded - start)} ms, layout in ${Math.round(laidOut - loaded)} ms, ${memory()}`);
  console.log(`counts ${JSON.stringify(store.view.counts(0))}, next due ${store.view.nextDue()}`);
  for (const batch of [64, 256]) await measureWrites(store, batch);
  console.log(`afterwards ${memory()}`);
  await store.close();
} else {
  const store = opened();
  store.layout(pools);
  const start = performance.now();
  for (let index = 0; index < leases; index += 10_000) {
    store.apply(
      Array.from({ length: Math.min(10_000, leases - index) }, (_, offset) => ({ kind: "lease", lease: leaseOf(index + offset, 1) })),
    );
    await store.commit();
  }
  console.log(`filled with ${leases} leases in ${Math.round(performance.now() - start)} ms`);
  await store.close();
  console.log(`file ${Math.round(statSync(join(folder, "leases.mdb")).size / 1e6)} MB`);
  const { spawnSync } = await import("node:child_process");
  spawnSync(process.execPath, [import.meta.filename, String(leases), folder, "open"], { stdio: "inherit" });
  if (process.argv[3] === undefined) rmSync(folder, { recursive: true });
}
