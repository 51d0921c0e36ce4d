import type { AgentEffect } from "../../edge-agent/agent/effect.ts";
import type { LedgerPorts } from "../../edge-agent/agent/ledger.ts";
import type { AgentState } from "../../edge-agent/agent/state.ts";
import { decodeMessage as decodeDhcp } from "../../edge-agent/dhcp/wire/decode.ts";
import type { StoreWrite } from "../../edge-agent/leases/store-write.ts";
import type { Ipv4Address } from "../../edge-agent/values/ipv4.ts";
import { Agenda } from "./agenda.ts";
import { disagreement } from "./checkers/agreement.ts";
import { bounded } from "./checkers/bounded.ts";
import type { Checker, Scene } from "./checkers/checker.ts";
import { commitBeforeAck } from "./checkers/commit-before-ack.ts";
import { conflictsAreSettled } from "./checkers/conflicts-are-settled.ts";
import { leaseWithinMclt } from "./checkers/lease-within-mclt.ts";
import { noAddressTwice } from "./checkers/no-address-twice.ts";
import { oneOwner } from "./checkers/one-owner.ts";
import { silentStates } from "./checkers/silent-states.ts";
import { stateIsTold } from "./checkers/state-is-told.ts";
import { timersAreKept } from "./checkers/timers-are-kept.ts";
import { Client } from "./client.ts";
import type { Holding } from "./client-types.ts";
import { PEER_NAME, siteConfig } from "./config-text.ts";
import { Faults } from "./faults.ts";
import { Hostile } from "./hostile.ts";
import { Lan } from "./lan.ts";
import { ledgerCheckers } from "./ledger/checkers.ts";
import { settleConflicts } from "./ledger/conflicts.ts";
import { LedgerSide } from "./ledger/site.ts";
import { Machine, type MachineWorld, type Process } from "./machine.ts";
import { MoreFaults } from "./more-faults.ts";
import { OldDisks } from "./old-disk.ts";
import { PeerNetwork } from "./peer-link.ts";
import { Prng } from "./prng.ts";
import { demandProgress } from "./progress.ts";
import type { Swarm } from "./swarm.ts";
import { clockText, wireLines } from "./trace.ts";

/** Something that must hold does not; the message has the seed, the moment and the complaint. */
export class Violation extends Error {
  override readonly name = "Violation";
}

const LOOK_MILLIS = 10_000;
/** Tenths of a second in which a few hundred conflicts are settled. */
const MOST_ROUNDS = 5000;

/** One simulated site: two servers (or one), their networks, clients and troubles, in virtual time. Everything follows from the seed. */
export class World implements MachineWorld, Scene {
  readonly swarm: Swarm;
  readonly agenda = new Agenda();
  readonly random: Prng;
  readonly machines: readonly Machine[];
  readonly clients: readonly Client[];
  readonly lan: Lan;
  readonly link: PeerNetwork;
  readonly faults: Faults;
  readonly moreFaults: MoreFaults;
  readonly oldDisks: OldDisks;
  readonly hostile: readonly Hostile[];
  readonly checkers: readonly Checker[];
  /** Undefined: no ledger, failover's own rules alone. */
  readonly ledger: LedgerSide | undefined;
  partnerDown = false;
  lastFalseWord = Number.NEGATIVE_INFINITY;
  healedAt = Number.NEGATIVE_INFINITY;
  /** How many conflicts the ledger had on record when all was over, all of which were settled. */
  conflictsSettled = 0;
  readonly #print: ((line: string) => void) | undefined;

  constructor(swarm: Swarm, print?: (line: string) => void) {
    this.swarm = swarm;
    this.#print = print;
    this.random = new Prng(swarm.seed, 2);
    this.machines = (swarm.pair ? ([0, 1] as const) : ([0] as const)).map((index) => {
      const { skew, drift, commitDelay } = swarm;
      const options = { name: index === 0 ? "primary" : "secondary", skewSeconds: skew[index], driftPpm: drift[index], commitDelay };
      return new Machine(options, siteConfig(swarm, index, 0), this);
    });
    this.lan = new Lan(this, this.machines, swarm);
    this.link = new PeerNetwork(this, this.machines, swarm.linkDelay);
    const watch = {
      bound: (client: Client, holding: Holding) => this.#bound(client, holding),
      gone: (client: Client, holding: Holding) => this.#gone(client, holding),
    };
    this.clients = Array.from({ length: swarm.clients }, (_, index) => this.#client(index + 1, watch));
    this.hostile = Array.from({ length: swarm.hostile }, (_, index) => new Hostile(this, index + 1));
    this.checkers = [commitBeforeAck(), leaseWithinMclt(), silentStates(), stateIsTold(), bounded(), timersAreKept()];
    const isTruthful = swarm.operator !== "rash" && swarm.ledger?.operators !== "lying";
    this.checkers = [...(isTruthful ? [noAddressTwice(), oneOwner()] : [conflictsAreSettled()]), ...this.checkers];
    this.faults = new Faults(this);
    this.moreFaults = new MoreFaults(this);
    this.oldDisks = new OldDisks(this);
    this.ledger = swarm.ledger === undefined || !swarm.pair ? undefined : new LedgerSide(this, swarm.ledger);
    if (this.ledger === undefined) return;
    this.checkers = [...this.checkers, ...ledgerCheckers(this.ledger.swarm.operators)];
    this.ledger.cloud.changed = () => {
      for (const checker of this.checkers) this.#hear(checker, checker.ledgerChanged?.(this));
    };
  }

  get now(): number {
    return this.agenda.now;
  }
  get slack(): number {
    const { skew, drift, maximumLeaseTime, lanDelay } = this.swarm;
    const driftMillis = (Math.abs(drift[0]) + Math.abs(drift[1])) * 1e-6 * (maximumLeaseTime + 60) * 1000;
    // a step changes what times on the wire mean, and at the next boot the lease clock too: at either end
    const wall = Math.abs(skew[0] - skew[1]) * 1000 + this.faults.largestStep * 4000;
    const aging = ((Math.abs(drift[0]) + Math.abs(drift[1])) * this.now) / 1e6;
    return 1500 + lanDelay + driftMillis + wall + aging;
  }

  /** Runs faults for as long as the seed says, heals the world, and demands that all comes right again. */
  async run(): Promise<void> {
    try {
      this.begin();
      await this.agenda.runUntil(this.swarm.faultSeconds * 1000);
      this.healedAt = this.now;
      this.moreFaults.heal();
      this.oldDisks.heal();
      this.faults.heal();
      this.ledger?.heal();
      const wait = (millis: number) => this.agenda.runUntil(this.now + millis);
      await demandProgress(this, { wait, refuse: (complaint) => this.#violation(complaint) });
      await this.#settleConflicts(wait);
      for (const checker of this.checkers) this.#hear(checker, checker.atEnd?.(this));
    } catch (error) {
      if (error instanceof Violation) throw error;
      throw this.#violation(error instanceof Error ? (error.stack ?? error.message) : String(error));
    }
  }

  /** What is on record of conflicts is dealt with by somebody, as the API has it. */
  async #settleConflicts(wait: (millis: number) => Promise<void>): Promise<void> {
    if (this.ledger === undefined) return;
    let outcome: number | string | undefined;
    settleConflicts(this.ledger.cloud).then((settled) => {
      outcome = settled;
    });
    for (let round = 0; outcome === undefined && round < MOST_ROUNDS; round += 1) await wait(100);
    if (typeof outcome !== "number") throw this.#violation(`conflicts are found, reported and settled: ${outcome ?? "no answer"}`);
    this.conflictsSettled = outcome;
  }

  begin(): void {
    for (const machine of this.machines)
      this.agenda.after(this.random.between(0, 5000), () => this.faults.isOff(machine) || machine.start());
    for (const client of this.clients) this.agenda.after(this.random.between(0, 60_000), () => client.switchOn());
    for (const hostile of this.hostile) hostile.begin();
    this.#look();
    this.faults.begin();
    this.moreFaults.begin();
    this.oldDisks.begin();
    this.ledger?.begin();
  }

  perform(machine: Machine, effect: AgentEffect): void {
    switch (effect.kind) {
      case "send": {
        const decoded = decodeDhcp(effect.bytes);
        if (decoded.ok) for (const checker of this.checkers) this.#hear(checker, checker.answered?.(this, machine, decoded.value));
        this.lan.fromServer(machine, effect.destination, effect.bytes);
        return;
      }
      case "probe":
        this.#probe(machine, effect.address, effect.timeoutMillis);
        return;
      case "failover-dial":
        this.link.dial(machine);
        return;
      case "failover-listen":
        this.link.listen(machine);
        return;
      case "failover-send":
        for (const checker of this.checkers) this.#hear(checker, checker.told?.(this, machine, effect.bytes));
        if (this.#print !== undefined) for (const line of wireLines(effect.bytes)) this.trace(machine.name, line);
        this.link.send(effect.link, effect.bytes);
        return;
      case "failover-close":
        this.link.close(effect.link);
        return;
      case "ledger-call":
        this.ledger?.perform(machine, effect);
        return;
      case "control-reply":
        this.ledger?.operator.answered(effect.id, effect.reply);
        return;
      case "log":
        for (const checker of this.checkers) checker.logged?.(this, machine, String(effect.fields["text"]));
        if (this.#print !== undefined) this.trace(machine.name, String(effect.fields["text"]));
        return;
      default:
        return;
    }
  }

  ledgerPorts(machine: Machine, process: () => Process): LedgerPorts | undefined {
    return this.ledger?.ports(machine, process);
  }

  stepped(machine: Machine, state: AgentState): void {
    const endpoint = state.failover.relationships.get(PEER_NAME)?.endpoint;
    const name = endpoint === undefined ? "" : endpoint.startupUntil === undefined ? endpoint.state : "STARTUP";
    if (name === machine.state) return;
    machine.state = name;
    machine.stateSince = this.now;
    if (name === "PARTNER-DOWN") this.partnerDown = true;
  }

  diskLost(machine: Machine): void {
    for (const checker of this.checkers) checker.diskLost?.(this, machine);
  }

  ledgerRestored(copiedAt: number): void {
    for (const checker of this.checkers) checker.ledgerRestored?.(this, copiedAt);
  }

  durable(machine: Machine, writes: readonly StoreWrite[]): void {
    for (const checker of this.checkers) this.#hear(checker, checker.durable?.(this, machine, writes));
  }

  trace(who: string, text: string): void {
    this.#print?.(`${clockText(this.now)} ${who.padEnd(10)} ${text}`);
  }

  #client(number: number, watch: ConstructorParameters<typeof Client>[3]): Client {
    const { random, swarm } = this;
    const options = {
      number,
      sendsClientId: random.chance(0.5),
      asksSeconds: random.chance(0.2) ? random.pick(swarm.asks) : undefined,
      broadcasts: random.chance(0.3),
      whims: swarm.whims,
    };
    const client = new Client(options, this, this.lan, watch, new Prng(swarm.seed, 1000 + number));
    this.lan.join(client);
    return client;
  }

  #bound(client: Client, holding: Holding): void {
    for (const checker of this.checkers) this.#hear(checker, checker.bound?.(this, client, holding));
  }
  #gone(client: Client, holding: Holding): void {
    for (const checker of this.checkers) checker.gone?.(this, client, holding);
  }

  #probe(machine: Machine, address: Ipv4Address, timeout: number): void {
    const user = this.clients.find((client) => client.holding?.address === address && client.phase !== "off");
    const answered = user !== undefined && !this.lan.cut.has(machine);
    this.agenda.after(answered ? 2 : timeout, () => machine.take({ kind: "probe-result", address, answered }));
  }

  #look(): void {
    for (const machine of this.machines) {
      if (machine.process?.atRest !== true || machine.paused) continue;
      for (const checker of this.checkers) this.#hear(checker, checker.atRest?.(this, machine));
    }
    this.faults.look();
    if ((this.partnerDown || this.machines.some(({ lostDisk }) => lostDisk)) && disagreement(this) === undefined) {
      this.partnerDown = false;
      for (const machine of this.machines) machine.lostDisk = false;
    }
    this.agenda.after(LOOK_MILLIS, () => this.#look());
  }

  #hear(checker: Checker, complaint: string | undefined): void {
    if (complaint !== undefined) throw this.#violation(`${checker.name}: ${complaint}`);
  }
  #violation(text: string): Violation {
    return new Violation(`seed ${this.swarm.seed}, ${clockText(this.now)}: ${text}`);
  }
}
