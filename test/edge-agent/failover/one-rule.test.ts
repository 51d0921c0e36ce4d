import { expect, test } from "vitest";
import { FailoverAuthority } from "../../../edge-agent/agent/failover-authority.ts";
import type { Pool } from "../../../edge-agent/config/agent-config.ts";
import { balancePools } from "../../../edge-agent/failover/binding/pool.ts";
import { timesOf } from "../../../edge-agent/failover/lease-times.ts";
import { onFailoverEvent, onFailoverTick, onLeaseChanged } from "../../../edge-agent/failover/step.ts";
import { Turn } from "../../../edge-agent/failover/turn.ts";
import { toWireTime } from "../../../edge-agent/failover/wire/codes.ts";
import { EMPTY_STREAM, takeFrames } from "../../../edge-agent/failover/wire/frame.ts";
import { decodeMessage, encodeMessage, type FailoverMessage } from "../../../edge-agent/failover/wire/message.ts";
import type { Options } from "../../../edge-agent/failover/wire/options.ts";
import { neverUsed } from "../../../edge-agent/leases/lease.ts";
import { epochSeconds, NO_TIME, seconds } from "../../../edge-agent/values/time.ts";
import { address, type Node, Pair } from "./pair.ts";

const POOL = {} as Pool;
/** The first free address of the primary's, which gives out from the top. */
const OWN = "10.77.0.119";

function normal(): Pair {
  const pair = new Pair(20, {}, {}).start();
  pair.pass(40);
  expect([pair.primary.state, pair.secondary.state]).toEqual(["NORMAL", "NORMAL"]);
  expect(pair.primary.lease(OWN)?.status ?? "FREE").toBe("FREE");
  return pair;
}

/** A client gets `text` for this long, and not a word of it leaves for the partner yet. */
function granted({ at, now }: Pair, node: Node, text: string, length: number): void {
  node.turn(at, (turn) => {
    const lease = turn.lease(address(text));
    const [from, ends] = [epochSeconds(now), epochSeconds(now + length)];
    const failover = { ...timesOf(lease), tstp: epochSeconds(now + 2 * length), atsfp: NO_TIME, owed: true };
    const hardware = { htype: 1, bytes: Uint8Array.of(2, 0, 0, 0, 0, 1) };
    const changed = { ...lease, status: "ACTIVE", starts: from, ends, cltt: from, hardware, failover } as const;
    turn.put(changed);
    onLeaseChanged(turn, node.live, changed);
    onFailoverTick(turn, node.live);
  });
}
const sent = (node: Node): readonly FailoverMessage[] =>
  node.effects.flatMap((effect) =>
    effect.kind !== "failover-send"
      ? []
      : takeFrames(EMPTY_STREAM, effect.bytes).frames.flatMap((frame) => {
          const message = decodeMessage(frame);
          return message.ok ? [message.value] : [];
        }),
  );
const updatesOf = (node: Node) => sent(node).filter(({ type }) => type === "BNDUPD");

function hears({ at, now }: Pair, node: Node, type: "BNDUPD" | "BNDACK", xid: number, options: Options): void {
  const bytes = encodeMessage({ type, xid, time: now, options });
  const link = node.live.link.up?.id ?? 0;
  node.turn(at, (turn) => onFailoverEvent(turn, node.live, { kind: "failover-bytes", peer: "lab", link, bytes }));
}

test("an acknowledgement agrees to the update that it answers, and to nothing else", () => {
  const pair = normal();
  const { primary } = pair;
  primary.effects.length = 0;
  granted(pair, primary, OWN, 20);
  const first = updatesOf(primary).at(-1)?.xid ?? -1;
  hears(pair, primary, "BNDACK", first + 7, { assignedIpAddress: address(OWN) });
  expect(primary.lease(OWN)?.failover).toMatchObject({ owed: true, tsfp: 0 });
  // what has changed since is told again, and only then agreed to
  granted(pair, primary, OWN, 120);
  hears(pair, primary, "BNDACK", first, { assignedIpAddress: address(OWN) });
  expect(primary.lease(OWN)?.failover).toMatchObject({ owed: true, tsfp: 0 });
  const second = updatesOf(primary).at(-1)?.xid ?? -1;
  expect(second).toBe(first + 1);
  hears(pair, primary, "BNDACK", second, { assignedIpAddress: address(OWN) });
  expect(primary.lease(OWN)?.failover).toMatchObject({ owed: false, tsfp: pair.now + 240 });
});

test("from the moment that an update leaves, the partner may believe it: its lease is not wound back when it ends unacknowledged", () => {
  const pair = normal();
  const { primary } = pair;
  granted(pair, primary, OWN, 20);
  expect(updatesOf(primary)).toHaveLength(1);
  primary.effects.length = 0;
  pair.cut = true;
  pair.pass(60);
  expect(primary.state).toBe("COMMUNICATIONS-INTERRUPTED");
  const lease = primary.lease(OWN) ?? neverUsed(address(OWN));
  const authority = new FailoverAuthority(primary.live, primary.store.view);
  expect(authority.ended(POOL, lease, "expired", pair.at).status).toBe("EXPIRED");
});

test("an end that the partner has not acknowledged is not what the next lease of the address is wound back to", () => {
  const pair = normal();
  const { primary } = pair;
  pair.cut = true;
  pair.pass(60);
  const lease = primary.lease(OWN) ?? neverUsed(address(OWN));
  const authority = new FailoverAuthority(primary.live, primary.store.view);
  const grantedAfter = (owed: boolean) => {
    const before = { ...lease, failover: { ...timesOf(lease), owed, rewindStatus: "FREE" } } as const;
    const active = { ...before, status: "ACTIVE", starts: pair.at.now, ends: epochSeconds(pair.now + 20) } as const;
    return authority.changed(POOL, before, active, seconds(20), pair.at);
  };
  const endOf = (owed: boolean) => authority.ended(POOL, grantedAfter(owed), "expired", pair.at);
  expect([endOf(false).status, endOf(false).failover?.owed]).toEqual(["FREE", false]);
  expect([endOf(true).status, endOf(true).failover?.owed]).toEqual(["EXPIRED", true]);
});

test("one that recovers believes what its partner freed meanwhile, before either serves beside the other", () => {
  const pair = new Pair(20, { mclt: 40 as never }).start();
  pair.grant(pair.primary, OWN, 1);
  const ends = pair.secondary.lease(OWN)?.ends ?? NO_TIME;
  pair.pass(5);
  pair.kill(pair.secondary);
  pair.command(pair.primary, { verb: "partner-down" });
  pair.pass(ends - pair.now);
  pair.change(pair.primary, OWN, (lease) => ({
    ...lease,
    status: "FREE",
    failover: { ...timesOf(lease), tstp: ends, atsfp: NO_TIME, owed: true },
  }));
  pair.start(pair.secondary);
  pair.pass(7);
  expect(pair.secondary.state).toBe("RECOVER-WAIT");
  expect(pair.secondary.lease(OWN)?.status).toBe("FREE");
  expect(timesOf(pair.primary.lease(OWN) ?? neverUsed(address(OWN))).owed).toBe(false);
});

test("a lease that nobody was told of is simply free when it ends", () => {
  const pair = normal();
  const { primary } = pair;
  pair.cut = true;
  pair.pass(60);
  granted(pair, primary, OWN, 20);
  const lease = primary.lease(OWN) ?? neverUsed(address(OWN));
  expect(new FailoverAuthority(primary.live, primary.store.view).ended(POOL, lease, "expired", pair.at).status).toBe("FREE");
});

test("a lease that is given anew was agreed to no further than what was announced since", () => {
  const pair = normal();
  const { primary } = pair;
  const at = (ahead: number) => epochSeconds(pair.now + ahead);
  // agreed to 500 s; then it ended early and went out for less, of which the partner may know already
  const times = { tstp: at(30), tsfp: at(500), atsfp: at(500), owed: true, rewindStatus: "ACTIVE" } as const;
  const before = { ...neverUsed(address(OWN)), status: "ACTIVE", ends: at(30), failover: times } as const;
  const authority = new FailoverAuthority(primary.live, primary.store.view);
  const after = authority.changed(POOL, before, { ...before, ends: at(50) }, seconds(120), pair.at);
  expect(after.failover).toMatchObject({ tsfp: at(30), owed: true });
  expect(timesOf(after).tstp).toBeGreaterThanOrEqual(at(500));
  // at the next renewal the horizon that it announces now is not agreed to either
  expect(authority.grantable(POOL, after, seconds(3600), pair.at)).toBe(50);
});

test("no more updates are under way than the partner takes", () => {
  const pair = normal();
  const { primary } = pair;
  primary.live.link.partnerMaxUnacked = 2;
  primary.effects.length = 0;
  for (const last of [115, 116, 117, 118, 119]) granted(pair, primary, `10.77.0.${last}`, 20);
  expect(updatesOf(primary)).toHaveLength(2);
  expect([primary.live.updates.unacked.size, primary.live.updates.waiting.size]).toEqual([2, 3]);
});

test("the partner cannot make free what is in use here and promised for longer", () => {
  const pair = normal();
  const { primary } = pair;
  granted(pair, primary, OWN, 120);
  pair.settle();
  expect(primary.lease(OWN)?.failover?.owed).toBe(false);
  const promised = toWireTime(epochSeconds(pair.now + 300), pair.at);
  const free = { bindingStatus: 1, leaseExpirationTime: 0, potentialExpirationTime: promised, startTimeOfState: pair.now };
  primary.effects.length = 0;
  hears(pair, primary, "BNDUPD", 77, { assignedIpAddress: address(OWN), ...free });
  expect(primary.lease(OWN)?.status).toBe("ACTIVE");
  expect(sent(primary).find(({ xid }) => xid === 77)?.options.rejectReason).toBe(2);
});

test("an address that a client was offered is not given away", () => {
  const alone = new Pair(20);
  alone.primary.start(alone.at);
  const { live, store } = alone.primary;
  live.endpoint.state = "NORMAL";
  live.endpoint.startupUntil = undefined;
  const shared = (promised: boolean) =>
    balancePools(
      new Turn(
        alone.at,
        store.view,
        () => 0,
        () => promised,
      ),
      live,
    ).given;
  expect(shared(true)).toBe(0);
  expect(shared(false)).toBe(10);
});

test("an abandoned address goes to nobody before the partner has heard of it, unless the partner is down", () => {
  const pair = normal();
  const { primary } = pair;
  pair.cut = true;
  pair.pass(60);
  const abandoned = (owed: boolean) => {
    const lease = neverUsed(address(OWN));
    return { ...lease, status: "ABANDONED", ends: epochSeconds(pair.now), failover: { ...timesOf(lease), owed } } as const;
  };
  const may = (owed: boolean) => {
    const authority = new FailoverAuthority(primary.live, primary.store.view);
    return [authority.mayAllocate(POOL, abandoned(owed), pair.at), authority.mayExpire(POOL, abandoned(owed), pair.at)];
  };
  expect([may(true), may(false)]).toEqual([
    [false, false],
    [true, true],
  ]);
  pair.command(primary, { verb: "partner-down" });
  pair.pass(30);
  expect(may(true)).toEqual([true, true]);
});
