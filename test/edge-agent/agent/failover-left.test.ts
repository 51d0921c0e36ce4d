import { describe, expect, test } from "vitest";
import type { Bench } from "../../support/agent-bench.ts";
import { type Agents, conf, pair } from "../../support/two-agents.ts";

/** A configuration that takes addresses from the partner, or the partner away, and gives it back later. */
const ROLES = ["primary", "secondary"] as const;
const other = (role: (typeof ROLES)[number]) => (role === "primary" ? "secondary" : "primary");
const alone = (role: (typeof ROLES)[number]): string =>
  conf(role)
    .replace('failover peer "lab"; range', "range")
    .replace(/failover peer "lab" \{[^}]*\}/, "");

/** Every address that one of the two gives away, to as many clients as ask. */
function givenBy(agents: Agents, bench: Bench, from: number): string[] {
  const given: string[] = [];
  const send = (message: Parameters<Bench["send"]>[0]) => {
    const answer = bench.send(message);
    agents.carry(bench, bench.effects);
    return answer;
  };
  for (let mac = from; mac < from + 24; mac += 1) {
    const requested = send({ type: 1, mac, secs: 60 })?.yiaddr;
    const serverId = bench === agents.primary ? "10.77.0.2" : "10.77.0.3";
    if (requested !== undefined && send({ type: 3, mac, secs: 60, requested, serverId })?.type === 5) given.push(requested);
  }
  agents.settle();
  return given;
}
const free = (agents: Agents) => [agents.primary, agents.secondary].map((bench) => bench.store.view.counts(0));

describe.each(ROLES)("the %s", (role) => {
  test("leaves failover while its partner is off, gives addresses away, and comes back: the partner recovers first, and nothing is lost", () => {
    const agents = pair();
    const [gone, away] = [agents[role], agents[other(role)]];
    agents.cut();
    agents.carry(gone, gone.configure(alone(role)));
    const given = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12].map((mac) => gone.lease({ mac }));
    gone.restart(conf(role));
    // the partner comes first, and knows nothing of that: what it gives must not be what was given
    away.restart(conf(other(role)));
    agents.settle();
    expect(away.said().join("\n")).toContain("peer moves from normal to partner-down");
    expect(givenBy(agents, away, 40).filter((address) => given.includes(address))).toEqual([]);
    agents.wait(60);
    expect(agents.states()).toEqual(["NORMAL", "NORMAL"]);
    for (const address of given) expect(agents.both(address)).toEqual(["ACTIVE", "ACTIVE"]);
    expect(free(agents)[0]).toEqual(free(agents)[1]);
    agents.wait(200);
    const [one, two] = free(agents);
    expect(one).toEqual(two);
    expect((one?.FREE ?? 0) + (one?.BACKUP ?? 0)).toBe(20);
  });

  test("has other roles in its file before its partner has: it gives nothing away until both have them, and then at once", () => {
    const agents = pair();
    agents.cut();
    const [first, second] = [agents[role], agents[other(role)]];
    const exchanged = (wanted: (typeof ROLES)[number]): string => {
      const [own, peers] = wanted === role ? ["3", "2"] : ["2", "3"];
      const ends = role === "primary" ? [own, peers] : [peers, own];
      return conf(wanted)
        .replace(/; address \S+;/, `; address 10.78.0.${ends[0]};`)
        .replace(/peer address \S+;/, `peer address 10.78.0.${ends[1]};`);
    };
    first.restart(exchanged(other(role)));
    first.said();
    for (let second = 0; second < 40; second += 1) {
      first.wait(1);
      agents.carry(first, first.handle({ kind: "tick" } as never));
    }
    expect(first.said().join("\n")).toContain(`this server was the ${role}`);
    expect(givenBy(agents, first, 40)).toEqual([]);
    second.wait(40);
    expect(givenBy(agents, second, 80).length).toBeGreaterThan(5);
    agents.cut();
    second.restart(exchanged(role));
    agents.settle();
    agents.wait(40);
    expect(agents.states()).toEqual(["NORMAL", "NORMAL"]);
    expect(free(agents)[0]).toEqual(free(agents)[1]);
  });
});
