import { describe, expect, test } from "vitest";
import { reconfigureRelationship } from "../../../edge-agent/failover/start.ts";
import { seconds } from "../../../edge-agent/values/time.ts";
import { address, Pair } from "./pair.ts";

const states = (pair: Pair) => [pair.primary.state, pair.secondary.state];
const NORMAL = ["NORMAL", "NORMAL"];

describe("two servers of our kind", () => {
  test("that never ran reach NORMAL without waiting for MCLT, and share the addresses", () => {
    const pair = new Pair().start();
    expect(states(pair)).toEqual(NORMAL);
    expect(pair.primary.counts()).toMatchObject({ FREE: 10, BACKUP: 10 });
    expect(pair.secondary.counts()).toMatchObject({ FREE: 10, BACKUP: 10 });
    expect(pair.secondary.lease("10.77.0.100")?.status).toBe("BACKUP");
    expect(pair.secondary.live.endpoint.mclt).toBe(20);
  });

  test("when one is late: the other leaves STARTUP after 15 s and waits", () => {
    const pair = new Pair().start();
    const late = new Pair();
    late.start(late.primary);
    late.pass(14);
    expect(late.primary.state).toBe("STARTUP");
    late.pass(11);
    expect(late.primary.state).toBe("RECOVER");
    late.start(late.secondary);
    expect(states(late)).toEqual(NORMAL);
    expect(states(pair)).toEqual(NORMAL);
  });

  test("exchange bindings: first MCLT, then what was wanted", () => {
    const pair = new Pair().start();
    pair.grant(pair.primary, "10.77.0.110", 1);
    const there = pair.secondary.lease("10.77.0.110");
    expect(there).toMatchObject({
      status: "ACTIVE",
      ends: pair.now + 20,
      hostname: "client-1",
      failover: { tsfp: pair.now + 130, owed: false },
    });
    const here = pair.primary.lease("10.77.0.110");
    expect(here?.failover).toMatchObject({ tsfp: pair.now + 130, atsfp: pair.now + 130, owed: false, rewindStatus: "ACTIVE" });
  });

  test("a lease that ends comes free through the partner, and goes to the server of its client", () => {
    const pair = new Pair().start();
    pair.grant(pair.secondary, "10.77.0.100", 5);
    pair.change(pair.primary, "10.77.0.100", (lease) => ({
      ...lease,
      status: "EXPIRED",
      ends: pair.at.now,
      failover: { ...lease.failover!, atsfp: 0 as never, owed: true },
    }));
    // client 5 hashes to the secondary
    expect(pair.primary.lease("10.77.0.100")?.status).toBe("BACKUP");
    expect(pair.secondary.lease("10.77.0.100")?.status).toBe("BACKUP");
  });

  test("survive the death of one: it comes back into NORMAL at once, with what happened meanwhile", () => {
    const pair = new Pair().start();
    pair.pass(100);
    pair.kill(pair.secondary);
    expect(pair.primary.state).toBe("COMMUNICATIONS-INTERRUPTED");
    for (let client = 1; client < 6; client += 1) pair.grant(pair.primary, `10.77.0.11${client}`, client);
    expect(pair.primary.live.updates.waiting.size).toBe(5);
    pair.pass(60);
    pair.start(pair.secondary);
    pair.pass(6);
    expect(states(pair)).toEqual(NORMAL);
    expect(pair.secondary.lease("10.77.0.113")?.status).toBe("ACTIVE");
    expect(pair.primary.live.updates.waiting.size + pair.primary.live.updates.unacked.size).toBe(0);
  });

  test("notice silence, serve alone, and find each other again", () => {
    const pair = new Pair(20, { maxResponseDelay: 9 as never }, { maxResponseDelay: 9 as never }).start();
    pair.pass(30);
    expect(states(pair)).toEqual(NORMAL);
    pair.cut = true;
    pair.pass(10);
    expect(states(pair)).toEqual(["COMMUNICATIONS-INTERRUPTED", "COMMUNICATIONS-INTERRUPTED"]);
    pair.grant(pair.primary, "10.77.0.115", 1);
    pair.grant(pair.secondary, "10.77.0.100", 2);
    pair.pass(20);
    pair.cut = false;
    pair.pass(20);
    expect(states(pair)).toEqual(NORMAL);
    expect(pair.secondary.lease("10.77.0.115")?.status).toBe("ACTIVE");
    expect(pair.primary.lease("10.77.0.100")?.status).toBe("ACTIVE");
    expect([...pair.primary.live.link.connections.keys()]).toHaveLength(1);
  });

  test("partner-down, and the partner's return by way of RECOVER-WAIT", () => {
    const pair = new Pair(20, { mclt: 40 as never }).start();
    pair.pass(5);
    pair.kill(pair.secondary);
    pair.command(pair.primary, { verb: "partner-down" });
    expect(pair.primary.state).toBe("PARTNER-DOWN");
    pair.grant(pair.primary, "10.77.0.111", 1);
    pair.pass(3);
    pair.start(pair.secondary);
    pair.pass(1);
    pair.pass(6);
    expect(states(pair)).toEqual(["PARTNER-DOWN", "RECOVER-WAIT"]);
    expect(pair.secondary.lease("10.77.0.111")?.status).toBe("ACTIVE");
    pair.pass(40);
    expect(states(pair)).toEqual(NORMAL);
  });

  test("a server that has recovered resolves with a partner that waits in POTENTIAL-CONFLICT since before", () => {
    const pair = new Pair(20, { mclt: 40 as never }).start();
    pair.kill(pair.primary);
    pair.command(pair.secondary, { verb: "partner-down" });
    pair.pass(3);
    pair.start(pair.primary);
    pair.pass(7);
    expect(states(pair)).toEqual(["RECOVER-WAIT", "PARTNER-DOWN"]);
    pair.command(pair.secondary, { verb: "set-state", state: "POTENTIAL-CONFLICT" });
    pair.pass(60);
    expect(states(pair)).toEqual(NORMAL);
  });

  test("partner-down is refused while the partner is there", () => {
    const pair = new Pair().start();
    pair.command(pair.primary, { verb: "partner-down" });
    expect(states(pair)).toEqual(NORMAL);
    expect(pair.primary.log.at(-1)).toContain("refused");
  });

  test("a lost database is filled again, after MCLT, and the partner never goes partner-down unasked", () => {
    const pair = new Pair().start();
    pair.grant(pair.primary, "10.77.0.111", 1);
    pair.grant(pair.secondary, "10.77.0.101", 2);
    pair.pass(100);
    pair.kill(pair.secondary);
    pair.secondary.store = new (Object.getPrototypeOf(pair.secondary.store).constructor)();
    pair.start(pair.secondary);
    pair.pass(7);
    expect(states(pair)).toEqual(["COMMUNICATIONS-INTERRUPTED", "RECOVER-WAIT"]);
    pair.pass(20);
    expect(states(pair)).toEqual(NORMAL);
    expect(pair.secondary.lease("10.77.0.111")?.hardware).toBeDefined();
    expect(pair.secondary.lease("10.77.0.101")?.hardware).toBeDefined();
    expect(pair.secondary.counts()["BACKUP"]).toBeGreaterThan(7);
  });

  test("both told that the other is down: the conflict is found, resolved, and NORMAL reached", () => {
    const pair = new Pair().start();
    pair.cut = true;
    pair.pass(31);
    pair.command(pair.primary, { verb: "partner-down" });
    pair.command(pair.secondary, { verb: "partner-down" });
    pair.pass(25);
    pair.grant(pair.primary, "10.77.0.105", 1);
    pair.grant(pair.secondary, "10.77.0.105", 2);
    pair.grant(pair.secondary, "10.77.0.104", 3);
    pair.cut = false;
    pair.pass(20);
    expect(states(pair)).toEqual(NORMAL);
    const [here, there] = [pair.primary.lease("10.77.0.105"), pair.secondary.lease("10.77.0.105")];
    expect(here?.hardware).toEqual(there?.hardware);
    expect(pair.primary.lease("10.77.0.104")?.status).toBe("ACTIVE");
    expect([...pair.primary.log, ...pair.secondary.log].join("\n")).toContain("Lease conflict at 10.77.0.105");
  });

  test("a resolution that is cut is taken up again", () => {
    const pair = new Pair().start();
    pair.cut = true;
    pair.pass(31);
    pair.command(pair.primary, { verb: "partner-down" });
    pair.command(pair.secondary, { verb: "partner-down" });
    pair.command(pair.primary, { verb: "set-state", state: "POTENTIAL-CONFLICT" });
    pair.command(pair.secondary, { verb: "set-state", state: "RESOLUTION-INTERRUPTED" });
    pair.cut = false;
    pair.pass(20);
    expect(states(pair)).toEqual(NORMAL);
  });

  test("an announced shutdown lets the partner serve alone at once, and costs no wait on return", () => {
    const pair = new Pair().start();
    pair.pass(50);
    pair.command(pair.secondary, { verb: "shutdown" });
    expect(states(pair)).toEqual(["PARTNER-DOWN", "SHUTDOWN"]);
    pair.command(pair.secondary, { verb: "resume" });
    pair.pass(1);
    expect(states(pair)).toEqual(NORMAL);
  });

  test("auto-partner-down comes after its time, and is called off by the partner's return", () => {
    const pair = new Pair(20, { autoPartnerDown: 30 as never }).start();
    pair.kill(pair.secondary);
    pair.pass(20);
    pair.start(pair.secondary);
    pair.pass(20);
    expect(states(pair)).toEqual(NORMAL);
    pair.kill(pair.secondary);
    pair.pass(31);
    expect(pair.primary.state).toBe("PARTNER-DOWN");
  });

  test("clocks too far apart are refused, shown, and tried again", () => {
    const pair = new Pair();
    pair.secondary.skew = 61;
    pair.start();
    pair.pass(30);
    expect(pair.secondary.live.link.skew).toBe(-61);
    expect(pair.primary.live.link.refusal).toContain("time offset");
    pair.secondary.skew = 60;
    pair.pass(6);
    expect(states(pair)).toEqual(NORMAL);
  });

  test("a clock that somebody sets by hours while the partners are connected parts them before a time is believed", () => {
    for (const skew of [7200, -7200]) {
      const pair = new Pair().start();
      pair.primary.skew = skew;
      pair.grant(pair.primary, "10.77.0.110", 1);
      expect(pair.secondary.lease("10.77.0.110")?.status ?? "FREE").toBe("FREE");
      expect(pair.secondary.live.link.skew).toBe(skew);
      expect(states(pair)).toEqual(["COMMUNICATIONS-INTERRUPTED", "COMMUNICATIONS-INTERRUPTED"]);
      pair.primary.skew = 0;
      pair.pass(7);
      expect(states(pair)).toEqual(NORMAL);
      expect(pair.secondary.lease("10.77.0.110")).toMatchObject({ status: "ACTIVE", ends: pair.primary.lease("10.77.0.110")?.ends });
    }
  });

  test("a server that dies unnoticed is taken back as soon as it connects", () => {
    const pair = new Pair().start();
    pair.cut = true;
    pair.kill(pair.secondary);
    pair.cut = false;
    expect(pair.primary.state).toBe("NORMAL");
    pair.start(pair.secondary);
    pair.pass(1);
    expect(states(pair)).toEqual(NORMAL);
  });

  test("another MCLT: waits go by the longer until the two have been NORMAL for so long, promises by the shorter until the partner knows", () => {
    const pair = new Pair().start();
    pair.pass(40);
    const { primary, secondary } = pair;
    const mclts = () => [primary, secondary].map(({ live: { endpoint } }) => [endpoint.mclt, endpoint.formerMclt]);
    const reload = (mclt: number) =>
      primary.turn(pair.at, (turn) => {
        const { config } = primary.live;
        reconfigureRelationship(turn, primary.live, { ...config, peer: { ...config.peer, mclt: seconds(mclt) } });
      });
    pair.cut = true;
    reload(300);
    pair.pass(40);
    expect(mclts()).toEqual([
      [20, 300],
      [20, 0],
    ]);
    pair.cut = false;
    pair.pass(60);
    expect([primary.state, secondary.state]).toEqual(["NORMAL", "NORMAL"]);
    expect(mclts()).toEqual([
      [300, 300],
      [300, 300],
    ]);
    pair.pass(400);
    expect(mclts()).toEqual([
      [300, 0],
      [300, 0],
    ]);
    reload(20);
    pair.pass(60);
    expect(mclts()).toEqual([
      [20, 300],
      [20, 300],
    ]);
  });

  test("fifty thousand leases cross in a moment", () => {
    const pair = new Pair(50_000, { maxUnackedUpdates: 100 }, { maxUnackedUpdates: 100 });
    pair.start(pair.primary);
    pair.pass(16);
    const first = address("10.77.0.100");
    pair.primary.turn(pair.at, (turn) => {
      for (let index = 0; index < 50_000; index += 1) {
        const lease = turn.lease((first + index) as never);
        const failover = { tstp: 1 as never, tsfp: 0 as never, atsfp: 0 as never, owed: true, rewindStatus: "ACTIVE" } as const;
        const hardware = { htype: 1, bytes: Uint8Array.of(2, 0, 0, index >> 16, (index >> 8) & 255, index & 255) };
        turn.put({ ...lease, status: "ACTIVE", ends: (pair.now + 1000) as never, hardware, failover });
      }
    });
    const begun = performance.now();
    pair.start(pair.secondary);
    pair.pass(1);
    expect(states(pair)).toEqual(NORMAL);
    expect(pair.secondary.counts()["ACTIVE"]).toBe(50_000);
    expect(performance.now() - begun).toBeLessThan(30_000);
  });
});
