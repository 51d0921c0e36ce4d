import { describe, expect, test } from "vitest";
import { undone } from "../../../edge-agent/agent/state.ts";
import { nextDeadline } from "../../../edge-agent/agent/step.ts";
import type { ControlReply } from "../../../edge-agent/control/protocol.ts";
import { NEVER } from "../../../edge-agent/values/time.ts";
import { Bench } from "../../support/agent-bench.ts";
import { conf, pair } from "../../support/two-agents.ts";

describe("two agents", () => {
  test("say nothing to clients while they start, in dhcpd's words", () => {
    const alone = new Bench(conf("primary"), "10.77.0.2");
    alone.tick();
    expect(alone.send({ type: 1 })).toBeUndefined();
    expect(alone.said().at(-1)).toContain("(startup)");
  });

  test("share the clients: exactly one answers each DISCOVER, from its own half", () => {
    const agents = pair();
    const served = new Set<Bench>();
    for (let mac = 1; mac <= 8; mac += 1) {
      const lease = agents.dora(mac);
      served.add(lease.by);
      expect(lease.seconds).toBe(20);
      expect(agents.both(lease.address)).toEqual(["ACTIVE", "ACTIVE"]);
      expect(Number(lease.address.split(".")[3]) >= 110).toBe(lease.by === agents.primary);
    }
    expect(served.size).toBe(2);
    expect([...agents.primary.said(), ...agents.secondary.said()].join("\n")).toContain("load balance to peer lab");
  });

  test("a client that waited too long is answered by both", () => {
    expect(pair().send({ type: 1, mac: 3, secs: 4 })).toHaveLength(2);
  });

  test("secs of the wrong byte order override balancing, unless they are checked", () => {
    const swapped = 3 << 8;
    expect(pair().send({ type: 1, mac: 3, secs: swapped })).toHaveLength(2);
    const checking = pair("check-secs-byte-order true;");
    expect(checking.send({ type: 1, mac: 3, secs: swapped })).toHaveLength(1);
    for (const secs of [4 << 8, (3 << 8) + 1]) expect(checking.send({ type: 1, mac: 3, secs })).toHaveLength(2);
  });

  test("renewals have the whole time; either server renews the other's leases", () => {
    const agents = pair();
    const { address } = agents.dora(1);
    agents.wait(10);
    const answers = agents.send({ type: 3, mac: 1, ciaddr: address, source: address });
    expect(answers.map(({ answer }) => answer.seconds(51))).toEqual([120, 120]);
  });

  test("an address of the partner's is not given to whoever asks for it", () => {
    const agents = pair();
    expect(agents.primary.send({ type: 3, mac: 9, requested: "10.77.0.101" })).toBeUndefined();
    expect(agents.primary.said().at(-1)).toContain("lease owned by peer");
  });

  test("a release frees the address on both, by way of the partner", () => {
    const agents = pair();
    const { address, by } = agents.dora(1);
    const serverId = by === agents.primary ? "10.77.0.2" : "10.77.0.3";
    agents.send({ type: 7, mac: 1, ciaddr: address, serverId, source: address });
    const [here, there] = agents.both(address);
    expect(here).toBe(there);
    expect(["FREE", "BACKUP"]).toContain(here);
  });

  test("a lease that runs out is ended by the primary, whoever gave it", () => {
    const agents = pair();
    const leases = [1, 2, 3, 4, 5, 6].map((mac) => agents.dora(mac));
    agents.wait(30);
    for (const { address } of leases) {
      const [here, there] = agents.both(address);
      expect(here).toBe(there);
      expect(["FREE", "BACKUP"]).toContain(here);
    }
  });

  test("a lease that has ended goes to nobody while the partner is being told", () => {
    const agents = pair();
    const { address } = agents.dora(1);
    const { primary } = agents;
    primary.wait(25);
    primary.handle({ kind: "tick" } as never);
    expect(primary.record(address)?.status).toBe("EXPIRED");
    expect(primary.send({ type: 3, mac: 1, requested: address })).toBeUndefined();
    expect(primary.said().at(-1)).toContain("lease in transition state expired");
  });

  test("what was done while the link was down is told afterwards", () => {
    const agents = pair();
    agents.cut();
    expect(agents.states()).toEqual(["COMMUNICATIONS-INTERRUPTED", "COMMUNICATIONS-INTERRUPTED"]);
    const offers = agents.send({ type: 1, mac: 7 });
    expect(offers).toHaveLength(2);
    agents.send({ type: 3, mac: 7, requested: offers[0]?.answer.yiaddr ?? "", serverId: "10.77.0.2" });
    agents.wait(6);
    expect(agents.states()).toEqual(["NORMAL", "NORMAL"]);
    expect(agents.both(offers[0]?.answer.yiaddr ?? "")).toEqual(["ACTIVE", "ACTIVE"]);
  });

  test("a recovery is refused where it would silence a server that serves, unless it is forced", () => {
    const agents = pair();
    const order = (request: object) => {
      const effects = agents.primary.handle({ kind: "control-request", id: 1, line: JSON.stringify(request) } as never);
      agents.carry(agents.primary, effects);
      const reply = effects.find(({ kind }) => kind === "control-reply") as { readonly reply: ControlReply } | undefined;
      return reply?.reply.ok === false ? reply.reply.error.message : "ordered";
    };
    expect(order({ verb: "recover" })).toMatch(/is in normal and would serve nobody until its partner has told it everything .*--force/);
    expect(agents.states()).toEqual(["NORMAL", "NORMAL"]);
    expect(order({ verb: "pause" })).toBe("ordered");
    expect(order({ verb: "recover" })).toBe("ordered");
    expect(agents.states()[0]).toMatch(/^RECOVER/);
    expect(order({ verb: "recover" })).toMatch(/it recovers already/);
    agents.wait(60);
    expect(agents.states()).toEqual(["NORMAL", "NORMAL"]);
    expect(order({ verb: "recover", force: true })).toBe("ordered");
    expect(agents.states()[0]).toMatch(/^RECOVER/);
    agents.wait(60);
    expect(agents.states()).toEqual(["NORMAL", "NORMAL"]);
  });

  test("after a failed commit the connection is made anew, and all is well again", () => {
    const agents = pair();
    const before = agents.primary.state;
    agents.primary.send({ type: 1, mac: 1 });
    agents.primary.state = before;
    agents.carry(agents.primary, agents.primary.handle({ kind: "tick" } as never));
    agents.settle();
    agents.wait(40);
    expect(agents.states()).toEqual(["NORMAL", "NORMAL"]);
    expect(agents.dora(2).seconds).toBe(20);
  });

  test("a state whose commit failed is not kept until something happens by chance: the next step is due at once", () => {
    const agents = pair();
    const due = () => nextDeadline(agents.primary.state, agents.primary.store.view) ?? Infinity;
    const before = agents.primary.state;
    expect(due()).toBeGreaterThan(agents.primary.at.monotonic);
    agents.primary.handle({ kind: "failover-command", peer: "lab", command: { verb: "set-state", state: "PAUSED" } } as never);
    expect(agents.states()[0]).toBe("PAUSED");
    agents.primary.state = undone(before);
    expect(due()).toBeLessThanOrEqual(agents.primary.at.monotonic);
    agents.carry(agents.primary, agents.primary.handle({ kind: "tick" } as never));
    expect(agents.states()[0]).not.toBe("PAUSED");
  });

  test("a BOOTP client keeps its address for good, or for the time that is configured, whatever MCLT is: it never renews", () => {
    for (const [statements, length] of [
      ["", undefined],
      ["dynamic-bootp-lease-length 300;", 300],
    ] as const) {
      const agents = pair(statements);
      const { now } = agents.primary;
      // one of the two hears it, once
      const address = agents.primary.send({ type: 0, mac: 9 })?.yiaddr ?? "";
      agents.carry(agents.primary, agents.primary.effects);
      agents.wait(100);
      expect(agents.both(address)).toEqual(["ACTIVE", "ACTIVE"]);
      for (const bench of [agents.primary, agents.secondary])
        expect(bench.record(address)).toMatchObject({ bootp: true, ends: length === undefined ? NEVER : now + length });
    }
  });

  test("a pool may leave failover: what was shared is all ours", () => {
    const agents = pair();
    const alone = conf("primary")
      .replace('failover peer "lab"; range', "range")
      .replace(/failover peer "lab" \{[^}]*\}/, "");
    agents.primary.configure(alone);
    for (let mac = 20; mac < 40; mac += 1) expect(agents.primary.lease({ mac })).toMatch(/^10\.77\.0\.1/);
  });

  test.each([
    ["primary", "secondary"],
    ["secondary", "primary"],
  ] as const)("a pool may join failover while they are connected, on the %s first: leases are told, addresses shared", (first, second) => {
    const agents = pair();
    const alone = "pool { range 10.77.0.140 10.77.0.149; }";
    const shared = 'pool { failover peer "lab"; range 10.77.0.140 10.77.0.149; }';
    agents.primary.configure(conf("primary", "", alone));
    agents.settle();
    for (let mac = 20; mac < 24; mac += 1) agents.primary.lease({ mac, requested: `10.77.0.1${mac + 20}` });
    agents.settle();
    for (const role of [first, second]) {
      agents.carry(agents[role], agents[role].configure(conf(role, "", shared)));
      agents.settle();
    }
    expect(agents.states()).toEqual(["NORMAL", "NORMAL"]);
    for (let last = 140; last < 144; last += 1) expect(agents.both(`10.77.0.${last}`)).toEqual(["ACTIVE", "ACTIVE"]);
    for (const bench of [agents.primary, agents.secondary])
      expect(bench.store.view.counts(0)).toMatchObject({ FREE: 13, BACKUP: 13, ACTIVE: 4 });
  });
});
