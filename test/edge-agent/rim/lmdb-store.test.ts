import { spawn } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { open as openLmdb } from "lmdb";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { neverUsed } from "../../../edge-agent/leases/lease.ts";
import type { StoreWrite } from "../../../edge-agent/leases/store-write.ts";
import { lockFile } from "../../../edge-agent/rim/folder-lock.ts";
import { type LmdbStore, openLmdbStore } from "../../../edge-agent/rim/lmdb-store.ts";
import type { Ipv4Address } from "../../../edge-agent/values/ipv4.ts";
import type { EpochSeconds } from "../../../edge-agent/values/time.ts";
import { storeContract } from "../../support/store-contract.ts";

const opened = (folder: string): LmdbStore => {
  const store = openLmdbStore(folder, lockFile);
  if (!store.ok) throw new Error(store.error);
  return store.value;
};
const temporary = (): string => mkdtempSync(join(tmpdir(), "tandem-store-"));
const leaseWrite = (address: number, starts = 1): StoreWrite => ({
  kind: "lease",
  lease: { ...neverUsed(address as Ipv4Address), status: "ACTIVE", starts: starts as EpochSeconds, clientId: new Uint8Array(7) },
});
/** LMDB refuses a key of this length, within the transaction. */
const REFUSED: StoreWrite = { kind: "record", key: "x".repeat(5000), value: Uint8Array.of(1) };

storeContract("LmdbStore", () => {
  const folder = temporary();
  return {
    open: () => opened(folder),
    failNext: (store) => store.apply([REFUSED]),
    clean: () => rmSync(folder, { recursive: true }),
  };
});

describe("opening an LMDB store", () => {
  let folder = "";
  beforeEach(() => {
    folder = temporary();
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const failure = (): string => {
    const store = openLmdbStore(folder, lockFile);
    if (!store.ok) return store.error;
    throw new Error("opened");
  };

  test("a second opening is refused, naming the process", async () => {
    const store = opened(folder);
    expect(failure()).toBe(`lease store ${folder}: process ${process.pid} has it open. Two servers cannot share one lease store`);
    await store.close();
    await opened(folder).close();
  });

  test("a format that is not ours is refused", async () => {
    await opened(folder).close();
    const root = openLmdb({ path: join(folder, "leases.mdb"), noSubdir: true, encoding: "binary" });
    root.openDB({ name: "meta", encoding: "binary" }).putSync("format", Buffer.of(9));
    await root.close();
    expect(failure()).toContain("leases.mdb: it has format 9, and this program knows only formats up to 2. Use the program");
  });

  test("a lease record that is not ours is refused, naming the address", async () => {
    await opened(folder).close();
    const root = openLmdb({ path: join(folder, "leases.mdb"), noSubdir: true, encoding: "binary" });
    root.openDB({ name: "leases", encoding: "binary", keyEncoding: "uint32" }).putSync(0x0a000001, Buffer.alloc(20, 7));
    await root.close();
    expect(failure()).toContain("the record of 10.0.0.1 cannot be read: it has version 7, and this program knows only version 1");
  });

  test("a file that is no database is refused and left alone", () => {
    const file = join(folder, "leases.mdb");
    writeFileSync(file, Buffer.alloc(20_000, "garbage"));
    expect(failure()).toMatch(new RegExp(`^lease store ${file}: .*Move the file away`));
    expect(statSync(file).size).toBe(20_000);
  });

  test("a folder that cannot be made is named", () => {
    writeFileSync(join(folder, "in-the-way"), "");
    const wrong = openLmdbStore(join(folder, "in-the-way/store"), lockFile);
    expect(wrong.ok ? "" : wrong.error).toMatch(/in-the-way\/store: cannot be made: .*Give the server a folder it may write to/);
  });

  test("a file that was cut short anywhere gives an error or all its leases, never a part of them", async () => {
    const store = opened(folder);
    store.apply(Array.from({ length: 5000 }, (_, index) => leaseWrite(1000 + index)));
    await store.close();
    const whole = join(folder, "leases.mdb");
    const { size } = statSync(whole);
    for (let cut = 1; cut <= 6; cut += 1) {
      const torn = join(folder, `torn-${cut}`);
      mkdirSync(torn);
      copyFileSync(whole, join(torn, "leases.mdb"));
      truncateSync(join(torn, "leases.mdb"), Math.floor((size * cut) / 7));
      const outcome = await openElsewhere(torn);
      expect(outcome).toMatch(/^(lease store .*torn-\d+\/leases\.mdb: .*|5000 leases)$/);
    }
  });

  /** In another process, for the case that it dies. */
  function openElsewhere(path: string): Promise<string> {
    const child = spawn(process.execPath, ["test/support/store-child.ts", "open", path], { stdio: ["ignore", "pipe", "ignore"] });
    return new Promise((resolve) => {
      let output = "";
      child.stdout.on("data", (data) => {
        output += String(data);
      });
      child.on("close", (code, signal) => resolve(output.trim() || `ended with ${code ?? signal}`));
    });
  }
});

describe("kill -9", () => {
  test("every acknowledged write is there afterwards, and each transaction is whole", { timeout: 120_000 }, async () => {
    const folder = temporary();
    let acknowledged = 0;
    for (let round = 0; round < 12; round += 1) {
      acknowledged = Math.max(acknowledged, await runAndKill(folder, 40 + ((round * 37) % 90)));
      const store = opened(folder);
      const counter = store.record("counter");
      const stored = counter === undefined ? 0 : Buffer.from(counter).readUInt32BE();
      expect(stored).toBeGreaterThanOrEqual(acknowledged);
      for (const lease of store.view.all()) expect(lease.starts).toBe(stored - ((stored - (lease.address - 1000)) % 64));
      expect([...store.view.all()].length).toBe(Math.min(64, stored));
      expect(store.outbox(0, 5).map(({ seq }) => seq)).toEqual(stored === 0 ? [] : [stored]);
      await store.close();
    }
    expect(acknowledged).toBeGreaterThan(30);
    rmSync(folder, { recursive: true });
  });

  /** Lets a process commit for `millis` after its first acknowledgement, then kills it; the number of the last acknowledged commit. */
  function runAndKill(folder: string, millis: number): Promise<number> {
    const child = spawn(process.execPath, ["test/support/store-child.ts", "count", folder], { stdio: ["ignore", "pipe", "inherit"] });
    return new Promise((resolve) => {
      let output = "";
      child.stdout.on("data", (data) => {
        if (output === "") setTimeout(() => child.kill("SIGKILL"), millis);
        output += String(data);
      });
      child.on("close", () => resolve(Number(output.split("\n").slice(0, -1).at(-1) ?? 0)));
    });
  }
});
