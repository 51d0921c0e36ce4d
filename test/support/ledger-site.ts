import { expect } from "vitest";
import type { ServerName } from "../../cloud/contract/tables.ts";
import type { AgentEffect } from "../../edge-agent/agent/effect.ts";
import type { AgentEvent } from "../../edge-agent/agent/event.ts";
import { createAgentState } from "../../edge-agent/agent/state.ts";
import { nextDeadline, step } from "../../edge-agent/agent/step.ts";
import type { ControlReply } from "../../edge-agent/control/protocol.ts";
import { address, encode, type Message } from "./agent-bench.ts";
import { SITE, SiteCloud } from "./ledger-site-cloud.ts";
import { configText, readAnswer, SiteServer } from "./ledger-site-server.ts";
import { configOf } from "./load-config.ts";
import { MemoryStore } from "./memory-store.ts";

interface Wire {
  readonly dialler: SiteServer;
  readonly ids: Readonly<Record<ServerName, number>>;
  closed: boolean;
}

/** A branch site in virtual time: two agents, their link, and the embedded ledger. */
export class LedgerSite extends SiteCloud {
  readonly A = new SiteServer("A");
  readonly B = new SiteServer("B");
  linkCut = false;
  /** What the servers think of their clocks. */
  clockDoubt: string | undefined;
  readonly #wires: Wire[] = [];

  other(server: SiteServer): SiteServer {
    return server === this.A ? this.B : this.A;
  }

  boot(server: SiteServer): void {
    server.boots += 1;
    server.store = new MemoryStore(server.disk);
    const config = configOf(configText(server.role, this.options.mclt ?? 60, this.options.extra ?? "", this.options.leaseSeconds ?? 600));
    server.store.layout(config.pools.map(({ id, ranges }) => ({ id, ranges })));
    const setting = {
      relationship: "lab",
      site: SITE,
      server: server.server,
      autonomyMillis: this.options.autonomyMillis ?? 60_000,
      coldStart: "run-down" as const,
      foreign: false,
    };
    const ledger = {
      settings: [setting],
      boot: `boot-${server.server}-${server.boots}`,
      outbox: (lane: string, after: number, limit: number) => server.store.outbox(after, limit, lane),
      clockDoubt: () => this.clockDoubt,
      ...(this.options.mergeBacklog === undefined ? {} : { mergeBacklog: this.options.mergeBacklog }),
    };
    const names = { hostName: server.server, serverPort: 67, clientPort: 68 };
    server.state = createAgentState(config, names, server.store.view, (key) => server.store.record(key), {
      hmac: undefined,
      declarations: [],
      ledger,
    });
    this.event(server, { kind: "tick" });
  }

  /** kill -9: what is applied is on disk here, effects under way are lost. */
  kill(server: SiteServer): void {
    server.state = undefined;
    server.effects.length = 0;
    for (const write of [server.store]) void write.commit();
    for (const wire of this.#wires) if (!wire.closed) this.#end(wire, this.other(server));
  }

  event(server: SiteServer, event: Omit<AgentEvent, "at">): void {
    if (server.state === undefined) return;
    const done = step(server.state, { ...event, at: this.at } as AgentEvent, server.store.view);
    server.state = done.state;
    server.store.apply(done.writes);
    void server.store.commit();
    server.effects.push(...done.effects);
  }

  /** Delivers everything that is under way. */
  async settle(): Promise<void> {
    for (let round = 0; round < 100_000; round += 1) {
      const moved = (await this.#deliver(this.A)) || (await this.#deliver(this.B)) || this.#tick(this.A) || this.#tick(this.B);
      if (!moved) return;
    }
    throw new Error("the site does not come to rest");
  }

  async pass(seconds: number): Promise<void> {
    const end = this.millis + seconds * 1000;
    await this.settle();
    while (this.millis < end) {
      const due = [this.A, this.B].map((server) =>
        server.state === undefined ? end : (nextDeadline(server.state, server.store.view) ?? end + 1_000_000) - 1_000_000,
      );
      this.millis = Math.min(end, Math.max(this.millis + 1, Math.ceil(Math.min(...due))));
      await this.settle();
    }
  }

  #tick(server: SiteServer): boolean {
    if (server.state === undefined) return false;
    const due = nextDeadline(server.state, server.store.view);
    if (due === undefined || due > this.millis + 1_000_000) return false;
    this.event(server, { kind: "tick" });
    return true;
  }

  async #deliver(server: SiteServer): Promise<boolean> {
    const effect = server.effects.shift();
    if (effect === undefined) return false;
    switch (effect.kind) {
      case "log":
        server.log.push(String(effect.fields["text"]));
        break;
      case "send":
        server.answers.push(readAnswer(effect.bytes));
        break;
      case "control-reply":
        server.replies.set(effect.id, effect.reply);
        break;
      case "ledger-call": {
        const { boots } = server;
        const answer = await this.ask(server, effect.call);
        if (server.boots === boots)
          this.event(server, { kind: "ledger-answer", relationship: effect.relationship, answer } as Omit<AgentEvent, "at">);
        break;
      }
      case "failover-dial":
        this.#dial(server);
        break;
      case "failover-send":
      case "failover-close":
        this.#carry(server, effect);
        break;
      default:
        break;
    }
    return true;
  }

  #dial(server: SiteServer): void {
    const partner = this.other(server);
    if (this.linkCut || !partner.up) {
      this.event(server, { kind: "failover-dial-failed", peer: "lab", reason: "refused", local: false } as Omit<AgentEvent, "at">);
      return;
    }
    const wire: Wire = { dialler: server, ids: { A: this.next, B: this.next + 1 }, closed: false };
    this.next += 2;
    this.#wires.push(wire);
    const opened = (who: SiteServer, direction: "dialled" | "accepted") =>
      this.event(who, { kind: "failover-link-opened", peer: "lab", link: wire.ids[who.server], direction } as Omit<AgentEvent, "at">);
    opened(server, "dialled");
    opened(partner, "accepted");
  }
  #carry(server: SiteServer, effect: Extract<AgentEffect, { kind: "failover-send" | "failover-close" }>): void {
    const partner = this.other(server);
    const wire = this.#wires.find((each) => !each.closed && each.ids[server.server] === effect.link);
    if (wire === undefined) return;
    if (effect.kind === "failover-close") this.#end(wire, partner);
    else if (!this.linkCut)
      this.event(partner, { kind: "failover-bytes", peer: "lab", link: wire.ids[partner.server], bytes: effect.bytes } as Omit<
        AgentEvent,
        "at"
      >);
  }
  #end(wire: Wire, told: SiteServer): void {
    wire.closed = true;
    if (!this.linkCut)
      this.event(told, { kind: "failover-link-closed", peer: "lab", link: wire.ids[told.server], reason: "reset" } as Omit<
        AgentEvent,
        "at"
      >);
  }

  /** A client's message to one server; its answers, once all that follows has come to rest. */
  async send(server: SiteServer, message: Message): Promise<SiteServer["answers"]> {
    server.answers = [];
    this.event(server, {
      kind: "datagram",
      interfaceName: "eth0",
      interfaceAddresses: [address(server === this.A ? "10.77.0.2" : "10.77.0.3")],
      source: address("0.0.0.0"),
      sourcePort: 68,
      target: address("255.255.255.255"),
      bytes: encode(message),
    } as Omit<AgentEvent, "at">);
    await this.settle();
    return server.answers;
  }
  /** DISCOVER and REQUEST by client `mac`; the address, or undefined if there was no answer. */
  async dora(server: SiteServer, mac: number): Promise<string | undefined> {
    const [offer] = await this.send(server, { type: 1, mac, secs: 10 });
    if (offer === undefined) return undefined;
    const serverId = server === this.A ? "10.77.0.2" : "10.77.0.3";
    const [ack] = await this.send(server, { type: 3, mac, secs: 10, requested: offer.yiaddr, serverId });
    return ack?.type === 5 ? ack.yiaddr : undefined;
  }
  /** REQUEST in INIT-REBOOT. */
  async again(server: SiteServer, mac: number, requested: string): Promise<{ type: number; seconds: number } | undefined> {
    const [answer] = await this.send(server, { type: 3, mac, secs: 10, requested });
    return answer;
  }
  /** A line on the control socket; its reply. */
  async order(server: SiteServer, request: object): Promise<ControlReply | undefined> {
    const id = this.next++;
    this.event(server, { kind: "control-request", id, line: JSON.stringify(request) } as Omit<AgentEvent, "at">);
    await this.settle();
    return server.replies.get(id);
  }
}

/** A site whose two servers have been up for half a minute, and are in NORMAL. */
export async function siteInNormal(): Promise<LedgerSite> {
  const site = await new LedgerSite().register();
  site.boot(site.A);
  site.boot(site.B);
  await site.pass(30);
  expect([site.A.failoverState, site.B.failoverState]).toEqual(["NORMAL", "NORMAL"]);
  return site;
}
