import { writeSync } from "node:fs";
import { neverUsed } from "../../edge-agent/leases/lease.ts";
import { lockFile } from "../../edge-agent/rim/folder-lock.ts";
import { type LmdbStore, openLmdbStore } from "../../edge-agent/rim/lmdb-store.ts";
import type { Ipv4Address } from "../../edge-agent/values/ipv4.ts";
import type { EpochSeconds } from "../../edge-agent/values/time.ts";

/*
 * A process that uses a store and may be killed at any time. `open FOLDER` prints how many leases are there, or why it
 * does not open. `count FOLDER` commits one after another, two at a time in flight, and prints each number once its
 * commit is acknowledged: commit N sets the record "counter", the lease of address 1000 + N % 64 with starts = N, and
 * makes N the only outbox entry.
 */
const [, , command = "", folder = ""] = process.argv;
const store = openLmdbStore(folder, lockFile);
if (!store.ok) {
  writeSync(1, `${store.error}\n`);
} else if (command === "open") {
  writeSync(1, `${[...store.value.view.all()].length} leases\n`);
  await store.value.close();
} else {
  await count(store.value);
}

async function count(opened: LmdbStore): Promise<void> {
  const stored = opened.record("counter");
  let next = stored === undefined ? 1 : Buffer.from(stored).readUInt32BE() + 1;
  const commitNext = async (): Promise<void> => {
    const number = next++;
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(number);
    opened.apply([{ kind: "record", key: "counter", value: counter }]);
    const lease = { ...neverUsed((1000 + (number % 64)) as Ipv4Address), starts: number as EpochSeconds, clientId: Buffer.alloc(200) };
    opened.apply([
      { kind: "lease", lease },
      { kind: "outbox-trim", upTo: number - 1 },
      { kind: "outbox", seq: number, value: counter },
    ]);
    await opened.commit();
    writeSync(1, `${number}\n`);
  };
  const forever = async (): Promise<void> => {
    for (;;) await commitNext();
  };
  await Promise.all([forever(), forever()]);
}
