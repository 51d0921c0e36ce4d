import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { neverUsed } from "../../edge-agent/leases/lease.ts";
import type { StoreWrite } from "../../edge-agent/leases/store-write.ts";
import { lockFile } from "../../edge-agent/rim/folder-lock.ts";
import { type LmdbStore, openLmdbStore } from "../../edge-agent/rim/lmdb-store.ts";
import { CommitFailed } from "../../edge-agent/runtime/ports.ts";
import type { Ipv4Address } from "../../edge-agent/values/ipv4.ts";

/* The lease store on disks that fill up or cannot be written. Needs root, for mounts. */
let disk = "";
beforeEach(() => {
  disk = mkdtempSync(join(tmpdir(), "tandem-disk-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", disk]);
});
afterEach(() => {
  execFileSync("umount", ["-l", disk]);
  rmSync(disk, { recursive: true });
});

const opened = (): LmdbStore => {
  const store = openLmdbStore(join(disk, "store"), lockFile);
  if (!store.ok) throw new Error(store.error);
  return store.value;
};
const batch = (first: number): StoreWrite[] =>
  Array.from({ length: 100 }, (_, index) => ({
    kind: "lease",
    lease: { ...neverUsed((first + index) as Ipv4Address), clientId: new Uint8Array(100) },
  }));
const fill = (): unknown => spawnSync("dd", ["if=/dev/zero", `of=${join(disk, "filler")}`, "bs=4k"], { stdio: "ignore" });

test("a full disk fails commits, loses nothing that was acknowledged, and is survived", async () => {
  const store = opened();
  const acknowledged: number[] = [];
  for (let first = 100; first <= 500; first += 100) {
    store.apply(batch(first));
    await store.commit();
    acknowledged.push(first);
  }
  fill();
  const outcomes: unknown[] = [];
  for (let first = 600; first <= 3000; first += 100) {
    store.apply(batch(first));
    outcomes.push(
      await store.commit().then(
        () => acknowledged.push(first),
        (error: unknown) => error,
      ),
    );
  }
  const failures = outcomes.filter((outcome) => outcome instanceof CommitFailed);
  expect(failures.length).toBeGreaterThan(10);
  expect(String(failures[0])).toMatch(/leases\.mdb: No space left on device/);
  const addresses = (seen: LmdbStore): number[] => [...seen.view.all()].map(({ address }) => address);
  const expected = acknowledged.flatMap((first) => Array.from({ length: 100 }, (_, index) => first + index));
  expect(addresses(store)).toEqual(expected);

  rmSync(join(disk, "filler"));
  store.apply(batch(5000));
  await store.commit();
  await store.close();
  const again = opened();
  expect(addresses(again)).toEqual([...expected, ...Array.from({ length: 100 }, (_, index) => 5000 + index)]);
  await again.close();
});

test("a disk that is full at the first start is an error with its cure", () => {
  fill();
  const store = openLmdbStore(join(disk, "store"), lockFile);
  expect(store.ok ? "" : store.error).toMatch(/space/);
});

test("a read-only file system is an error with its cure", async () => {
  await opened().close();
  execFileSync("mount", ["-o", "remount,ro", disk]);
  const store = openLmdbStore(join(disk, "store"), lockFile);
  expect(store.ok ? "" : store.error).toMatch(/store.*(read-only|EROFS)/i);
});

test("a commit resolves only after the data is flushed", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tandem-flush-"));
  const trace = join(folder, "trace");
  const script = join(folder, "one-commit.ts");
  const source = (path: string): string => JSON.stringify(join(import.meta.dirname, "../../edge-agent", path));
  writeFileSync(
    script,
    `import { writeSync } from "node:fs";
import { neverUsed } from ${source("leases/lease.ts")};
import { lockFile } from ${source("rim/folder-lock.ts")};
import { openLmdbStore } from ${source("rim/lmdb-store.ts")};
const store = openLmdbStore(${JSON.stringify(join(folder, "store"))}, lockFile);
if (!store.ok) throw new Error(store.error);
for (let round = 1; round <= 5; round += 1) {
  store.value.apply([{ kind: "lease", lease: neverUsed(round as never) }]);
  writeSync(2, \`applied-\${round}\`);
  await store.value.commit();
  writeSync(2, \`resolved-\${round}\`);
}
await store.value.close();
`,
  );
  execFileSync("strace", ["-f", "-o", trace, "-e", "trace=fdatasync,fsync,msync,write", process.execPath, script], { stdio: "ignore" });
  const events = readFileSync(trace, "utf8")
    .split("\n")
    .flatMap((line) =>
      (
        /applied-\d|resolved-\d/.exec(line) ??
        /(fdatasync|fsync|msync)\(\d+\) += 0|(fdatasync|fsync|msync) resumed.*= 0/.exec(line) ??
        []
      ).slice(0, 1),
    );
  const order = events.map((event) => (event.includes("sync") ? "flush" : event)).join(" ");
  for (let round = 1; round <= 5; round += 1) expect(order).toMatch(new RegExp(`applied-${round}( flush)+ resolved-${round}`));
  rmSync(folder, { recursive: true });
});
