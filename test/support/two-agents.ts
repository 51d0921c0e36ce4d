import { expect } from "vitest";
import type { AgentEffect } from "../../edge-agent/agent/effect.ts";
import { failoverStatus } from "../../edge-agent/agent/failover.ts";
import { nextDeadline } from "../../edge-agent/agent/step.ts";
import { Bench } from "./agent-bench.ts";

/** dhcpd.conf of one of two: twenty addresses in failover. `statements` before all, `more` in the subnet. */
export const conf = (
  role: "primary" | "secondary",
  statements = "",
  more = "",
) => `${statements} authoritative; default-lease-time 120; max-lease-time 120; ping-check off; dhcp-cache-threshold 0;
failover peer "lab" { ${role}; address 10.78.0.${role === "primary" ? 2 : 3}; port 647; peer address 10.78.0.${role === "primary" ? 3 : 2}; peer port 647;
  max-response-delay 30; max-unacked-updates 10; load balance max seconds 3; ${role === "primary" ? "mclt 20; split 128;" : ""} }
subnet 10.77.0.0 netmask 255.255.255.0 { pool { failover peer "lab"; range 10.77.0.100 10.77.0.119; } ${more} }`;

/** Two whole agents, their failover link a pair of queues, one clock. */
export class Agents {
  readonly primary: Bench;
  readonly secondary: Bench;
  #next = 1;
  readonly #partner = new Map<string, { readonly bench: Bench; readonly link: number }>();

  constructor(statements: string) {
    this.primary = new Bench(conf("primary", statements), "10.77.0.2");
    this.secondary = new Bench(conf("secondary", statements), "10.77.0.3");
  }

  settle(): void {
    for (let round = 0; round < 5000; round += 1) {
      const due = [this.primary, this.secondary].filter(
        (bench) => (nextDeadline(bench.state, bench.store.view) ?? Infinity) <= bench.at.monotonic,
      );
      if (due.length === 0) return;
      for (const bench of due) this.carry(bench, bench.handle({ kind: "tick" } as never));
    }
    throw new Error("the agents do not come to rest");
  }
  carry(from: Bench, effects: readonly AgentEffect[]): void {
    const to = from === this.primary ? this.secondary : this.primary;
    const [here, there] = from === this.primary ? ["P", "S"] : ["S", "P"];
    for (const effect of effects) {
      if (effect.kind === "failover-dial") {
        const link = this.#next;
        this.#next += 1;
        this.#partner.set(`${here}${link}`, { bench: to, link });
        this.#partner.set(`${there}${link}`, { bench: from, link });
        this.carry(from, from.handle({ kind: "failover-link-opened", peer: "lab", link, direction: "dialled" } as never));
        this.carry(to, to.handle({ kind: "failover-link-opened", peer: "lab", link, direction: "accepted" } as never));
      } else if (effect.kind === "failover-send") {
        const end = this.#partner.get(`${here}${effect.link}`);
        if (end !== undefined)
          this.carry(end.bench, end.bench.handle({ kind: "failover-bytes", peer: "lab", link: end.link, bytes: effect.bytes } as never));
      } else if (effect.kind === "failover-close") {
        const end = this.#partner.get(`${here}${effect.link}`);
        this.#partner.delete(`${here}${effect.link}`);
        this.#partner.delete(`${there}${effect.link}`);
        if (end !== undefined)
          this.carry(end.bench, end.bench.handle({ kind: "failover-link-closed", peer: "lab", link: end.link, reason: "closed" } as never));
      }
    }
  }
  cut(): void {
    for (const [name, bench] of [
      ["P", this.primary],
      ["S", this.secondary],
    ] as const) {
      for (const key of [...this.#partner.keys()].filter((each) => each.startsWith(name))) {
        const link = Number(key.slice(1));
        this.#partner.delete(key);
        this.carry(bench, bench.handle({ kind: "failover-link-closed", peer: "lab", link, reason: "cut" } as never));
      }
    }
  }
  wait(length: number): void {
    for (let second = 0; second < length; second += 1) {
      this.primary.wait(1);
      this.secondary.wait(1);
      this.settle();
    }
  }
  /** A client's message to both servers; who answered. */
  send(message: Parameters<Bench["send"]>[0]): { readonly by: Bench; readonly answer: NonNullable<ReturnType<Bench["send"]>> }[] {
    const answers = [this.primary, this.secondary].flatMap((by) => {
      const answer = by.send(message);
      this.carry(by, by.effects);
      return answer === undefined ? [] : [{ by, answer }];
    });
    this.settle();
    return answers;
  }
  dora(mac: number): { readonly by: Bench; readonly address: string; readonly seconds: number } {
    const [offer, ...others] = this.send({ type: 1, mac });
    expect(others).toEqual([]);
    const serverId = offer?.by === this.primary ? "10.77.0.2" : "10.77.0.3";
    const [ack] = this.send({ type: 3, mac, requested: offer?.answer.yiaddr ?? "", serverId });
    if (ack === undefined) throw new Error("no ACK");
    return { by: ack.by, address: ack.answer.yiaddr, seconds: ack.answer.seconds(51) };
  }
  states(): (string | undefined)[] {
    return [this.primary, this.secondary].map((bench) => failoverStatus(bench.state.failover, bench.store.view, bench.at)[0]?.state);
  }
  both(address: string): (string | undefined)[] {
    return [this.primary.record(address)?.status, this.secondary.record(address)?.status];
  }
}

/** Both in NORMAL. */
export const pair = (statements = ""): Agents => {
  const agents = new Agents(statements);
  agents.settle();
  expect(agents.states()).toEqual(["NORMAL", "NORMAL"]);
  return agents;
};
