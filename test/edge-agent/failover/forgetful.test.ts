import { expect, test } from "vitest";
import { timesOf } from "../../../edge-agent/failover/lease-times.ts";
import { reconfigureRelationship } from "../../../edge-agent/failover/start.ts";
import { epochSeconds, NO_TIME, seconds } from "../../../edge-agent/values/time.ts";
import { MemoryStore } from "../../support/memory-store.ts";
import { Pair } from "./pair.ts";

const LEASE = "10.77.0.101";

const expire = (pair: Pair): void =>
  pair.change(pair.primary, LEASE, (lease) => ({
    ...lease,
    status: "EXPIRED",
    failover: { ...timesOf(lease), atsfp: NO_TIME, owed: true },
  }));

/** The secondary's client has a lease of 20 s, agreed on for 130 s; the link is cut, the primary has seen the lease end, and the secondary dies. */
function cutAndEnded(): { readonly pair: Pair; readonly agreed: number } {
  const pair = new Pair().start();
  pair.grant(pair.secondary, LEASE, 2);
  const agreed = pair.now + 130;
  expect(pair.primary.lease(LEASE)).toMatchObject({ ends: pair.now + 20, failover: { tsfp: agreed } });
  pair.cut = true;
  pair.pass(40);
  expire(pair);
  pair.kill(pair.secondary);
  return { pair, agreed };
}

function returns(pair: Pair): void {
  pair.cut = false;
  pair.start(pair.secondary);
  pair.pass(30);
  expect([pair.primary.state, pair.secondary.state]).toEqual(["NORMAL", "NORMAL"]);
}

test("the end of a lease that a lost disk may have extended waits until MCLT past what was agreed, at both servers", () => {
  const { pair, agreed } = cutAndEnded();
  pair.secondary.store = new MemoryStore();
  returns(pair);
  for (const node of [pair.primary, pair.secondary])
    expect(node.lease(LEASE)).toMatchObject({ status: "ACTIVE", ends: agreed + 20, failover: { owed: false } });
  // losing the disk once more promises nothing more
  pair.kill(pair.secondary);
  pair.secondary.store = new MemoryStore();
  returns(pair);
  expect(pair.primary.lease(LEASE)).toMatchObject({ status: "ACTIVE", ends: agreed + 20 });
  pair.pass(agreed + 20 - pair.now);
  expire(pair);
  expect(["FREE", "BACKUP"]).toContain(pair.primary.lease(LEASE)?.status);
  expect(pair.secondary.lease(LEASE)?.status).toBe(pair.primary.lease(LEASE)?.status);
});

test("the same after PARTNER-DOWN, whose wait is not cut short by one that knows nothing", () => {
  const { pair, agreed } = cutAndEnded();
  pair.command(pair.primary, { verb: "partner-down" });
  pair.secondary.store = new MemoryStore();
  returns(pair);
  for (const node of [pair.primary, pair.secondary]) expect(node.lease(LEASE)).toMatchObject({ status: "ACTIVE", ends: agreed + 20 });
});

test("a partner that has its memory is believed: the address comes free", () => {
  const { pair } = cutAndEnded();
  returns(pair);
  expect(["FREE", "BACKUP"]).toContain(pair.primary.lease(LEASE)?.status);
});

for (const victim of ["primary", "secondary"] as const)
  test(`MCLT was shortened, and the ${victim} loses its disk at once: it waits by the longer one, by which it may have promised`, () => {
    const pair = new Pair(20, { mclt: seconds(300) }).start();
    pair.pass(40);
    const lost = pair[victim];
    const { primary } = pair;
    const shorter = { ...primary.live.config.peer, mclt: seconds(20) };
    primary.turn(pair.at, (turn) => reconfigureRelationship(turn, primary.live, { ...primary.live.config, peer: shorter }));
    pair.pass(30);
    pair.kill(lost);
    lost.store = new MemoryStore();
    primary.peer = shorter;
    pair.pass(10);
    pair.start(lost);
    pair.pass(200);
    expect([lost.state, lost.live.endpoint.mclt, lost.live.endpoint.formerMclt]).toEqual(["RECOVER-WAIT", 20, 300]);
    pair.pass(110);
    expect([pair.primary.state, pair.secondary.state]).toEqual(["NORMAL", "NORMAL"]);
  });

test("an end that comes too early for a partner that keeps the lease longer is refused, and the longer lease told instead", () => {
  const { pair } = cutAndEnded();
  pair.secondary.store = new MemoryStore();
  returns(pair);
  // the client has a shorter lease of the primary's since, of which the secondary has not heard
  pair.change(pair.primary, LEASE, (lease) => ({ ...lease, status: "EXPIRED", ends: epochSeconds(pair.now - 1) }));
  pair.grant(pair.primary, LEASE, 2);
  pair.cut = true;
  pair.pass(60);
  expire(pair);
  pair.change(pair.secondary, LEASE, (lease) => ({ ...lease, ends: epochSeconds(pair.now + 200) }));
  pair.cut = false;
  pair.pass(30);
  expect(pair.primary.live.updates.refused.size).toBe(0);
  expect(pair.primary.lease(LEASE)).toMatchObject({ status: "ACTIVE", ends: pair.secondary.lease(LEASE)?.ends });
});
