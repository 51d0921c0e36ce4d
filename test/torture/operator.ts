import { Prng } from "../simulation/prng.ts";
import { SITE } from "../support/ledger-lab.ts";
import { sleep } from "../support/netns.ts";
import type { Plan } from "./plan.ts";
import type { TortureServer } from "./servers.ts";
import type { TortureSite } from "./site.ts";

const SERVER_OF = { primary: "A", secondary: "B" } as const;

/**
 * Who gives orders. Without the ledger a right operator declares a server down only when he has switched it off, and keeps it off until it can
 * speak with its partner. With the ledger he asks whenever he likes: the ledger knows when to refuse.
 */
export class Operator {
  /** Declared down: stays off until the partner is there to talk to. */
  readonly locked = new Set<TortureServer>();
  /** Declared down, and started again to talk to the partner: until it has, nothing may come in between. */
  readonly returning = new Set<TortureServer>();
  /** Has been told to be silent. */
  readonly #silenced = new Set<TortureServer>();
  readonly #site: TortureSite;
  readonly #plan: Plan;
  readonly #random: Prng;

  constructor(site: TortureSite, plan: Plan) {
    this.#site = site;
    this.#plan = plan;
    this.#random = new Prng(plan.seed, 14);
  }

  /** Declares the partner of `server` down, if that is right. */
  partnerDown(server: TortureServer, off: ReadonlySet<TortureServer>): void {
    if (!server.running || server.paused) return;
    if (this.#plan.ledger) {
      this.#askLedger(server);
      return;
    }
    if (this.#plan.rash) {
      this.#rash(server);
      return;
    }
    const partner = this.#site.partnerOf(server);
    const isOff = off.has(partner) && !partner.running && !partner.busy;
    if (!isOff || server.state !== "communications-interrupted" || this.locked.size > 0 || partner.lostDisk) return;
    this.locked.add(partner);
    void this.#give(server, "partner-down");
  }

  #askLedger(server: TortureServer): void {
    if (this.#random.chance(0.5)) {
      void this.#give(server, "partner-down");
      return;
    }
    const body = { survivor: SERVER_OF[server.role] };
    void this.#site.ledger?.call("POST", `/v1/sites/${SITE}/partner-down`, body).then(
      (answer) => {
        const outcome = answer.status === 200 ? `granted in epoch ${answer.body.epoch}` : `refused: ${answer.body.code}`;
        this.#say(`asks the ledger for ${server.role} to serve alone: ${outcome}`);
      },
      (error) => this.#say(`cannot ask the ledger: ${error}`),
    );
  }

  #rash(server: TortureServer): void {
    void this.#give(server, "partner-down");
    if (this.#random.chance(0.3)) void this.#give(this.#site.partnerOf(server), "partner-down");
  }

  /** Any other order that comes to mind. */
  order(server: TortureServer): void {
    if (!server.running || server.paused || server.program !== "tandem") return;
    const choice = this.#random.unit();
    if (choice < 0.35) void this.#give(server, "rebalance");
    // An operator looks before he sends a server away
    const partner = this.#site.partnerOf(server);
    if (server.state !== "normal" || partner.state !== "normal" || choice < 0.6 || this.#silenced.size > 0) return;
    if (choice < 0.75) {
      void this.#give(server, "recover", "--force");
      return;
    }
    const verb = choice < 0.9 || partner.lostDisk || partner.program !== "tandem" ? "pause" : "shutdown";
    this.#silenced.add(server);
    void this.#give(server, verb);
    setTimeout(() => this.#resume(server), 5000 + this.#random.exponential(15_000)).unref();
  }

  #resume(server: TortureServer): void {
    if (!this.#silenced.delete(server)) return;
    if (server.running && !server.paused) void this.#give(server, "resume");
    else this.#silenced.add(server);
  }

  /** Takes back every order that silences a server, until it is heard. */
  async undo(): Promise<void> {
    this.#silenced.clear();
    for (let attempt = 0; attempt < 20; attempt += 1) {
      const silent = this.#site.servers.filter(
        ({ program, state }) => program === "tandem" && (state === "paused" || state === "shutdown"),
      );
      if (silent.length === 0) return;
      for (const server of silent) await this.#give(server, "resume");
      await sleep(2000);
    }
  }

  async #give(server: TortureServer, verb: string, ...options: readonly string[]): Promise<void> {
    const outcome = await this.#site.order(server, verb, ...options);
    this.#say(`${verb} to ${server.role}: ${outcome}`);
  }

  #say(text: string): void {
    this.#site.history.add({ kind: "fault", who: "operator", text });
  }

  /** Servers that were declared down and could come back. */
  mayReturn(isReachable: (server: TortureServer) => boolean): readonly TortureServer[] {
    return [...this.locked].filter(isReachable);
  }
  lets(server: TortureServer): void {
    if (this.locked.delete(server)) this.returning.add(server);
  }
  /** Sees which of the returned have spoken with their partners. */
  look(): void {
    for (const server of this.returning) if (server.running && server.state !== "startup") this.returning.delete(server);
    for (const server of this.#silenced) if (server.running && !server.paused && server.state === "normal") this.#silenced.delete(server);
    const { servers } = this.#site;
    if (servers.every(({ running, state }) => running && state === "normal")) for (const server of servers) server.lostDisk = false;
  }
}
