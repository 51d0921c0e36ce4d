import { Prng } from "../simulation/prng.ts";
import { sleep } from "../support/netns.ts";
import { CutWires } from "./cut-wires.ts";
import { hurtLedger } from "./ledger-faults.ts";
import type { Operator } from "./operator.ts";
import { agreedTerms, drawTerms, FAULT_KINDS, type FaultKind, LARGEST_STEP, type Plan } from "./plan.ts";
import type { TortureServer } from "./servers.ts";
import type { TortureSite } from "./site.ts";

/**
 * What goes wrong: faults of each kind come by chance and end by themselves. Like the operator it keeps to the assumptions of docs/safety.md:
 * a server that was declared down stays off until it can speak with its partner, and a disk is lost only while the partner has what was on it.
 */
export class Nemesis {
  readonly #site: TortureSite;
  readonly #plan: Plan;
  readonly #operator: Operator;
  readonly #random: Prng;
  readonly #cuts: CutWires;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #off = new Set<TortureServer>();
  readonly #edition = new Map<TortureServer, number>();
  #healed = false;

  constructor(site: TortureSite, plan: Plan, operator: Operator) {
    this.#site = site;
    this.#plan = plan;
    this.#operator = operator;
    this.#random = new Prng(plan.seed, 13);
    this.#cuts = new CutWires(site, this.#random, {
      say: (who, text) => this.#say(who, text),
      later: (seconds, task) => this.#later(seconds, task),
      duration: (short, long) => this.#while(short, long),
    });
  }

  begin(): void {
    for (const kind of FAULT_KINDS) this.#strike(kind);
    void this.#watch();
  }

  #strike(kind: FaultKind): void {
    const mean = this.#plan.faults[kind];
    if (mean === 0) return;
    this.#later(3 + this.#random.exponential(mean), () => {
      if (this.#operator.returning.size === 0) this.#happen(kind);
      this.#strike(kind);
    });
  }

  #later(seconds: number, task: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (this.#healed) return;
      try {
        task();
      } catch (error) {
        this.#site.history.add({ kind: "trouble", text: String(error instanceof Error ? error.stack : error) });
      }
    }, seconds * 1000);
    this.#timers.add(timer);
  }

  #say(who: string, text: string): void {
    this.#site.history.add({ kind: "fault", who, text });
  }

  /** How long something lasts: mostly shortly, at times past every timer of the pair. */
  #while(short: number, long: number): number {
    return 1 + this.#random.exponential(this.#random.chance(0.7) ? short : long);
  }

  #happen(kind: FaultKind): void {
    const server = this.#random.pick(this.#site.servers as [TortureServer, TortureServer]);
    const ours = (task: () => void) => () => (server.program === "tandem" ? task() : undefined);
    const tasks: Readonly<Record<FaultKind, () => void>> = {
      kill: () => this.#down(server, "SIGKILL", this.#while(3, 30)),
      restart: () => this.#down(server, "SIGTERM", this.#random.pick([0, 0, 5])),
      pause: () => this.#pause(server),
      linkCut: () => this.#cuts.link("linkCut", server),
      oneWayCut: () => this.#cuts.link("oneWayCut", server),
      linkReset: () => this.#cuts.link("linkReset", server),
      lanCut: () => this.#cuts.clients("lanCut", server),
      lanOneWay: () => this.#cuts.clients("lanOneWay", server),
      diskFull: ours(() => this.#fill(server)),
      diskLoss: () => this.#loseDisk(server),
      clockStep: ours(() => this.#setClock(server)),
      clockFar: ours(() => this.#setClockFar(server)),
      reload: ours(() => this.#reload(server)),
      terms: () => this.#changeTerms(server),
      bothLost: () => this.#loseBoth(),
      order: () => this.#operator.order(server),
      partnerDown: () => this.#operator.partnerDown(server, this.#off),
      ledgerCut: () => this.#hurtLedger("ledgerCut", server),
      ledgerSlow: () => this.#hurtLedger("ledgerSlow", server),
    };
    tasks[kind]();
  }

  #down(server: TortureServer, signal: "SIGKILL" | "SIGTERM", seconds: number): void {
    if (this.#off.has(server)) return;
    this.#off.add(server);
    this.#say(server.role, signal === "SIGKILL" ? "is killed" : "is stopped");
    void server.stop(signal).then(() => this.#later(seconds, () => this.#up(server)));
  }
  #up(server: TortureServer): void {
    if (!this.#off.has(server) || this.#operator.locked.has(server)) return;
    this.#off.delete(server);
    this.#say(server.role, "is started");
    void this.#run(server);
  }
  /** Starts it with a configuration that is right. */
  #run(server: TortureServer): Promise<void> {
    this.#site.configure(server, this.#edition.get(server) ?? 0, false);
    return server.start();
  }

  #pause(server: TortureServer): void {
    if (!server.running || server.paused) return;
    const seconds = this.#while(8, 60);
    this.#say(server.role, `is frozen for ${seconds.toFixed(1)} s`);
    server.pause();
    this.#later(seconds, () => this.#wake(server));
  }
  #wake(server: TortureServer): void {
    if (!server.paused) return;
    this.#say(server.role, "goes on");
    server.resume();
  }

  #fill(server: TortureServer): void {
    if (server.diskFull) return;
    const seconds = this.#while(5, 25);
    this.#say(server.role, `has a full disk for ${seconds.toFixed(1)} s`);
    this.#site.configure(server, this.#edition.get(server) ?? 0, false);
    server.fill();
    this.#later(seconds, () => this.#unfill(server));
  }
  #unfill(server: TortureServer): void {
    if (!server.diskFull) return;
    this.#say(server.role, "has room on its disk");
    server.unfill();
  }

  /** The disk is replaced by an empty one, while the partner has all that the pair knows. */
  #loseDisk(server: TortureServer): void {
    const partner = this.#site.partnerOf(server);
    // a dhcpd that goes on alone waits for no promise that it has not heard of: it must have heard all
    const beside = server.program === "dhcpd" || partner.program === "dhcpd";
    const fine = beside ? ["normal"] : ["normal", "communications-interrupted"];
    if (beside && partner.state !== "normal") return;
    if (this.#operator.locked.size > 0 || this.#off.has(server) || server.diskFull || !server.running) return;
    if (partner.lostDisk || server.lostDisk || !partner.running || partner.diskFull) return;
    if (!fine.includes(server.state) || ![...fine, "partner-down"].includes(partner.state)) return;
    this.#off.add(server);
    server.lostDisk = true;
    this.#say(server.role, "is killed, and its disk is lost");
    void server.stop("SIGKILL").then(() => {
      this.#site.forget(server);
      this.#later(this.#while(3, 20), () => this.#up(server));
    });
  }

  #setClock(server: TortureServer): void {
    const target = this.#random.below(2 * LARGEST_STEP + 1) - LARGEST_STEP;
    this.#say(server.role, `its wall clock is set to ${target} s beside the true time`);
    server.setClock(target);
  }

  /** Somebody sets the clock by hours, and later right again. */
  #setClockFar(server: TortureServer): void {
    const target = this.#random.pick([90, 600, 7200, -90, -600, -7200]);
    const seconds = this.#while(15, 40);
    this.#say(server.role, `its wall clock is set to ${target} s beside the true time for ${seconds.toFixed(1)} s`);
    server.setClock(target);
    this.#later(seconds, () => server.setClock(this.#plan.skew[server.role]));
  }

  #reload(server: TortureServer): void {
    if (!server.running || server.diskFull) return;
    const edition = (this.#edition.get(server) ?? 0) + 1;
    this.#edition.set(server, edition);
    const broken = this.#random.chance(0.25);
    this.#say(server.role, broken ? "is to read a configuration with an error" : `is to read edition ${edition} of its configuration`);
    this.#site.configure(server, edition, broken);
    server.hangUp();
    if (broken) this.#later(2, () => this.#site.configure(server, edition, false));
  }

  /** MCLT, buckets and range become others: an agent reads them, a dhcpd is started again. */
  #changeTerms(server: TortureServer): void {
    if (!server.running || server.paused || server.diskFull || this.#off.has(server)) return;
    const before = this.#site.terms.get(server) ?? agreedTerms(this.#plan);
    const terms = drawTerms(this.#random, this.#plan, before, server.program === "tandem");
    this.#site.agree(server, terms);
    const edition = (this.#edition.get(server) ?? 0) + 1;
    this.#edition.set(server, edition);
    this.#say(server.role, `is to go by mclt ${terms.mclt}, split ${terms.split}, a range ${terms.more} larger`);
    this.#site.configure(server, edition, false);
    if (server.program === "tandem") server.hangUp();
    else this.#down(server, "SIGTERM", 0);
  }

  /** Both disks at once: nobody knows of any lease. */
  #loseBoth(): void {
    const { servers } = this.#site;
    if (servers.some((server) => !server.running || server.diskFull || this.#off.has(server)) || this.#operator.locked.size > 0) return;
    this.#say("both", "are killed, and both disks are lost");
    for (const server of servers) {
      this.#off.add(server);
      server.lostDisk = true;
      void server.stop("SIGKILL").then(() => {
        this.#site.forget(server);
        this.#later(this.#while(2, 10), () => this.#up(server));
      });
    }
  }

  #hurtLedger(kind: "ledgerCut" | "ledgerSlow", server: TortureServer): void {
    const { ledger } = this.#site;
    if (ledger === undefined) return;
    const { seconds, text, end } = hurtLedger(ledger, kind, server.role, this.#random, () => this.#while(15, 80));
    this.#say("ledger", `${text} for ${seconds.toFixed(1)} s`);
    this.#later(seconds, end);
  }

  /** Lets servers that were declared down back in, when the partner is there, sees whether they have spoken, and starts what ended by itself. */
  async #watch(): Promise<void> {
    while (!this.#healed) {
      await sleep(500);
      for (const server of this.#operator.mayReturn((server) => this.#isReachable(server))) {
        if (!this.#random.chance(0.15)) continue;
        this.#letReturn(server);
      }
      this.#operator.look();
      for (const server of this.#site.servers) {
        if (!this.#off.has(server) && !server.running && !server.busy && !this.#healed) await this.#run(server);
      }
    }
  }

  #letReturn(server: TortureServer): void {
    this.#operator.lets(server);
    this.#up(server);
  }

  /** The partner is there to talk to. */
  #isReachable(server: TortureServer): boolean {
    const partner = this.#site.partnerOf(server);
    const { wires } = this.#site;
    return (
      partner.running && !partner.paused && partner.state !== "startup" && wires.isWhole("fo0") && !partner.diskFull && !server.diskFull
    );
  }

  /** All faults end, and everything that is off comes on. */
  async heal(): Promise<void> {
    this.#healed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#say("world", "heals");
    const { wires, servers, ledger } = this.#site;
    wires.heal();
    for (const { role } of servers) {
      wires.carrier(role, true);
      ledger?.wan(role, true);
      ledger?.slow(role, 0);
    }
    // both go by the same terms again, and by the larger range: an agent reads them, a dhcpd is started again where they were others
    const more = Math.max(0, ...servers.map((server) => this.#site.terms.get(server)?.more ?? 0));
    for (const server of servers) {
      const changed = this.#site.terms.has(server) || more > 0;
      this.#site.agree(server, agreedTerms(this.#plan, more));
      server.setClock(this.#plan.skew[server.role]);
      if (server.diskFull) this.#unfill(server);
      this.#wake(server);
      this.#site.configure(server, (this.#edition.get(server) ?? 0) + 1, false);
      if (changed && server.program === "tandem") server.hangUp();
      if (changed && server.program === "dhcpd") await server.stop("SIGTERM");
    }
    // Those that were declared down last
    const order = [...servers].sort((left, right) => Number(this.#operator.locked.has(left)) - Number(this.#operator.locked.has(right)));
    for (const server of order) {
      this.#operator.lets(server);
      await server.start();
    }
    await this.#operator.undo();
  }
}
