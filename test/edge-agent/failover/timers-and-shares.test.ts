import { describe, expect, test } from "vitest";
import { balancePools } from "../../../edge-agent/failover/binding/pool.ts";
import { type Connection, contactAt, setUpDeadline, silenceAt, startLink } from "../../../edge-agent/failover/link/state.ts";
import { failoverDeadline } from "../../../edge-agent/failover/step.ts";
import { NO_TIME, seconds } from "../../../edge-agent/values/time.ts";
import { Pair } from "./pair.ts";

/** The link's timers and the sharing out of free addresses, as dhcpd has them. */
const connection = (changes: Partial<Connection>): Connection => ({
  id: 1 as never,
  direction: "accepted",
  phase: "up",
  openedAt: 0 as never,
  lastSent: 0 as never,
  lastReceived: 0 as never,
  rest: new Uint8Array(0),
  nextXid: 0,
  ...changes,
});

describe("timers of the link", () => {
  test.each([
    [60, 20_000],
    [20, 6000],
    [5, 1000],
    // a receive-timer below 3 would make it 0, and CONTACTs without end
    [2, 1000],
    [0, 1000],
  ])("to a partner whose patience is %d s a CONTACT goes %d ms after our last message", (receiveTimer, due) => {
    const link = { ...startLink(10), partnerReceiveTimer: receiveTimer };
    expect(contactAt(link, connection({ lastSent: 500 as never }))).toBe(500 + due);
  });

  test("silence for as long as we announced ends a connection; one that does not come up ends after 15 s, one that never says CONNECT after 5 s", () => {
    expect(silenceAt(connection({ lastReceived: 700 as never }), 30)).toBe(30_700);
    expect(setUpDeadline(connection({ phase: "connectack-awaited", direction: "dialled" }))).toBe(15_000);
    expect(setUpDeadline(connection({ phase: "connect-awaited", direction: "dialled" }))).toBe(15_000);
    expect(setUpDeadline(connection({ phase: "connect-awaited", direction: "accepted" }))).toBe(5000);
  });

  test("a lost connection is tried again after 5 s", () => {
    const pair = new Pair().start();
    pair.pass(40);
    pair.kill(pair.secondary);
    expect(pair.primary.live.link.dialAt).toBe(pair.millis + 5000);
    expect(failoverDeadline(pair.primary.live, pair.at)).toBeLessThanOrEqual(pair.millis + 5000);
  });
});

describe("free addresses", () => {
  test.each([1, 2, 3, 8, 21])("of %d that nobody ever had the primary gives the secondary half, rounded down, the lowest first", (size) => {
    const pair = new Pair(size).start();
    pair.pass(40);
    const theirs = Math.floor(size / 2);
    for (const node of [pair.primary, pair.secondary]) {
      expect([node.counts()["FREE"], node.counts()["BACKUP"]]).toEqual([size - theirs, theirs]);
      const first = Array.from({ length: theirs }, (_, index) => node.lease(`10.77.0.${100 + index}`)?.status);
      expect(first).toEqual(first.map(() => "BACKUP"));
    }
  });

  test("are shared out in NORMAL only: a POOLREQ at any other time is answered with 0", () => {
    const pair = new Pair(20).start();
    pair.pass(40);
    pair.kill(pair.secondary);
    expect(pair.primary.state).toBe("COMMUNICATIONS-INTERRUPTED");
    pair.primary.turn(pair.at, (turn) => expect(balancePools(turn, pair.primary.live)).toEqual({ given: 0, wants: false }));
  });

  test("a server with far less than its half asks for more, by the misbalance that is allowed", () => {
    for (const [inUse, wants] of [
      [0, false],
      [4, false],
      [9, true],
    ] as const) {
      // 20 addresses: what the primary's clients have is missing from its half
      const pair = new Pair(20, { maxLeaseMisbalance: 10 }).start();
      pair.pass(40);
      for (let index = 0; index < inUse; index += 1) pair.grant(pair.primary, `10.77.0.${119 - index}`, index + 1, 600, 600);
      pair.primary.turn(pair.at, (turn) => expect(balancePools(turn, pair.primary.live).wants).toBe(wants));
    }
  });

  test("that were never used are looked at again after max-balance at the latest, and not before min-balance", () => {
    const pair = new Pair(20, { minBalance: seconds(60), maxBalance: seconds(3600) }).start();
    pair.pass(1);
    const { lastRunAt, nextRunAt } = pair.primary.live.balance;
    expect((nextRunAt ?? NO_TIME) - (lastRunAt ?? NO_TIME)).toBeGreaterThanOrEqual(60);
    expect((nextRunAt ?? NO_TIME) - (lastRunAt ?? NO_TIME)).toBeLessThanOrEqual(3604);
  });
});
