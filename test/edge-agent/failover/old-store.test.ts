import { expect, test } from "vitest";
import { marksKey, privateKey } from "../../../edge-agent/failover/endpoint/state.ts";
import { timesOf } from "../../../edge-agent/failover/lease-times.ts";
import { neverUsed } from "../../../edge-agent/leases/lease.ts";
import { endpointKey } from "../../../edge-agent/leases/lease-file/types.ts";
import { epochSeconds } from "../../../edge-agent/values/time.ts";
import { MemoryStore } from "../../support/memory-store.ts";
import { address, Pair } from "./pair.ts";

const LEASE = "10.77.0.101";
const OTHER = "10.77.0.102";

function copyOf(store: MemoryStore): MemoryStore {
  const copy = new MemoryStore();
  for (const lease of store.view.all()) copy.apply([{ kind: "lease", lease }]);
  for (const key of [endpointKey("lab"), privateKey("lab"), marksKey("lab")]) {
    const value = store.record(key);
    if (value !== undefined) copy.apply([{ kind: "record", key, value }]);
  }
  return copy;
}

/** A copy of the secondary's disk is made; then its client releases one lease, another client gets it, and another lease is made. */
function aheadOfItsBackup(): { readonly pair: Pair; readonly backup: MemoryStore } {
  const pair = new Pair().start();
  pair.grant(pair.secondary, LEASE, 2);
  pair.pass(60);
  const backup = copyOf(pair.secondary.store);
  pair.grant(pair.secondary, OTHER, 3);
  pair.pass(60);
  return { pair, backup };
}

test("an old disk that is put back is known for old by what the partner has had: it is refilled, and waits MCLT, before anybody is served", () => {
  const { pair, backup } = aheadOfItsBackup();
  pair.kill(pair.secondary);
  pair.secondary.store = backup;
  expect(pair.secondary.lease(OTHER)?.status).not.toBe("ACTIVE");
  pair.start(pair.secondary);
  expect(pair.secondary.state).toBe("RECOVER-WAIT");
  expect(pair.secondary.lease(OTHER)?.status).toBe("ACTIVE");
  expect(pair.secondary.log.join("\n")).toContain("this server's leases are older than what was told of them");
  pair.pass(30);
  expect([pair.primary.state, pair.secondary.state]).toEqual(["NORMAL", "NORMAL"]);
  // and once only
  pair.kill(pair.secondary);
  pair.start(pair.secondary);
  expect([pair.primary.state, pair.secondary.state]).toEqual(["NORMAL", "NORMAL"]);
});

test("what an old disk still owed does not outweigh what the partner has heard since", () => {
  const { pair, backup } = aheadOfItsBackup();
  pair.kill(pair.secondary);
  pair.secondary.store = backup;
  // at the time of the copy an extension was still to be told
  const lease = neverUsed(address(LEASE));
  const before = backup.view.get(lease.address) ?? lease;
  const ends = epochSeconds(pair.now + 600);
  backup.apply([{ kind: "lease", lease: { ...before, ends, failover: { ...timesOf(before), owed: true } } }]);
  const told = pair.primary.lease(LEASE);
  pair.start(pair.secondary);
  pair.pass(30);
  expect([pair.primary.state, pair.secondary.state]).toEqual(["NORMAL", "NORMAL"]);
  const said = pair.heard.filter(({ from, message }) => from === "secondary" && message.type === "BNDUPD");
  expect(said.filter(({ message }) => message.options.leaseExpirationTime === ends)).toEqual([]);
  // kept for as long as it may have been promised, and no longer
  expect(pair.primary.lease(LEASE)?.ends).toBe((told?.failover?.tsfp ?? 0) + 20);
  expect(pair.secondary.lease(LEASE)?.status).toBe(pair.primary.lease(LEASE)?.status);
});

test("a partner that was restarted, and one that is told to recover too, know an old disk all the same", () => {
  const { pair, backup } = aheadOfItsBackup();
  pair.kill(pair.secondary);
  pair.kill(pair.primary);
  pair.secondary.store = backup;
  pair.start(pair.primary);
  pair.pass(20);
  pair.command(pair.primary, { verb: "recover" });
  pair.start(pair.secondary);
  expect(pair.secondary.log.join("\n")).toContain("this server's leases are older than what was told of them");
  expect(pair.secondary.state).toBe("RECOVER-WAIT");
  pair.pass(30);
  expect([pair.primary.state, pair.secondary.state]).toEqual(["NORMAL", "NORMAL"]);
});

test("a disk that is as young as all that was told is believed", () => {
  const { pair } = aheadOfItsBackup();
  pair.kill(pair.secondary);
  pair.start(pair.secondary);
  expect([pair.primary.state, pair.secondary.state]).toEqual(["NORMAL", "NORMAL"]);
  expect(pair.secondary.log.join("\n")).not.toContain("older");
});
