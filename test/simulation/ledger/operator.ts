import { ATTESTATION } from "../../../cloud/contract/api-schemas.ts";
import { ctlKey, partnerOf, type ServerName } from "../../../cloud/contract/tables.ts";
import { cancelPartnerDown } from "../../../cloud/handlers/cancel-partner-down.ts";
import { recoverSite } from "../../../cloud/handlers/recover-site.ts";
import { requestPartnerDown } from "../../../cloud/handlers/request-partner-down.ts";
import { takeOver } from "../../../cloud/handlers/take-over.ts";
import { relationshipOf } from "../checkers/checker.ts";
import type { Machine } from "../machine.ts";
import type { Prng } from "../prng.ts";
import type { World } from "../world.ts";
import { type Cloud, operator, SITE } from "./cloud.ts";
import { serverOf } from "./names.ts";
import type { LedgerOperators } from "./swarm.ts";

/** Longest time that the control plane waits for before it answers an operator; he may then not know what came of it. */
const reason = "the simulation wants it";
const FORCE = { attestation: ATTESTATION, reason } as const;

/** People at the control plane and at the servers' consoles. What they ask for is refused unless it is safe; what they swear to is believed. */
export class LedgerOperator {
  readonly #world: World;
  readonly #cloud: Cloud;
  readonly #kind: LedgerOperators;
  readonly #random: Prng;
  #number = 0;
  /** Requests at a console that are not answered yet: since when, and of which process. */
  readonly waiting = new Map<number, { readonly since: number; readonly process: unknown; readonly machine: Machine }>();

  constructor(world: World, cloud: Cloud, kind: LedgerOperators, random: Prng) {
    this.#world = world;
    this.#cloud = cloud;
    this.#kind = kind;
    this.#random = random;
  }

  /** Something that an operator might think of. */
  act(): void {
    const random = this.#random;
    if (this.#kind === "lying") this.#world.lastFalseWord = this.#world.now;
    if (this.#kind === "none") return;
    const { machines } = this.#world;
    const machine = machines[random.below(machines.length)]!;
    const choice = random.unit();
    if (choice < 0.35) this.#request(serverOf(machine), "first", random.chance(0.5));
    else if (choice < 0.5) this.#console(machine);
    else if (choice < 0.6) this.#cancel();
    else if (choice < 0.75) this.#recover(false);
    else if (choice < 0.9) this.#force(machine);
    else this.#takeOver();
  }

  /** Two operators at once, each for another survivor. */
  quarrel(): void {
    if (this.#kind === "none") return;
    const standing = this.#random.chance(0.5);
    for (const server of ["A", "B"] as const) {
      const wait = this.#random.pick([0, 5, 50, 500]);
      this.#world.agenda.after(wait, () => this.#request(server, `operator-${server}`, standing));
    }
  }

  /** `partner-down` typed at a server's own console. A forced one only where the partner is off, unless the operator lies. */
  #console(machine: Machine): void {
    const partner = this.#world.machines.find((each) => each !== machine)!;
    const forced = this.#random.chance(0.3) && (this.#kind === "lying" || this.#world.faults.keepsOff(partner));
    this.command(machine, forced ? { verb: "partner-down", force: { reason } } : { verb: "partner-down" });
  }

  command(machine: Machine, request: object): void {
    if (machine.process === undefined) return;
    this.#number += 1;
    this.waiting.set(this.#number, { since: this.#world.now, process: machine.process, machine });
    this.#world.trace("operator", `${JSON.stringify(request)} at ${machine.name}`);
    machine.take({ kind: "control-request", id: this.#number, line: JSON.stringify(request) });
  }
  answered(id: number, reply: unknown): void {
    this.waiting.delete(id);
    this.#world.trace("operator", `is answered ${JSON.stringify(reply)}`);
  }

  #request(survivor: ServerName, who: string, standing: boolean, force = false): void {
    const body = { survivor, reason, standing, ...(force ? { force: FORCE } : {}) };
    const key = this.#random.chance(0.5) ? this.#key() : undefined;
    const send = (): void => {
      this.#tell(who, `partner-down for ${survivor}${force ? ", forced" : ""}`);
      void this.#hear(this.#cloud.handle(requestPartnerDown, { params: { site: SITE }, body }, operator(who), key));
    };
    send();
    // the operator presses the button again
    if (this.#random.chance(0.2)) this.#world.agenda.after(this.#random.unit() * 2000, send);
  }

  #cancel(): void {
    this.#tell("first", "cancels");
    void this.#hear(this.#cloud.handle(cancelPartnerDown, { params: { site: SITE } }, operator("first")));
  }

  #recover(force: boolean): void {
    this.#tell("first", `recover${force ? ", forced" : ""}`);
    const body = force ? { force: FORCE } : {};
    void this.#hear(this.#cloud.handle(recoverSite, { params: { site: SITE }, body }, operator("first"), this.#key()));
  }

  /** A word instead of evidence: true (the partner is off, and kept off), or whatever the operator thinks. */
  #force(machine: Machine): void {
    if (this.#kind === "lying" && this.#random.chance(0.3)) this.#recover(true);
    else if (this.#kind !== "careful") this.#request(serverOf(machine), "second", false, true);
    else {
      const partner = this.#world.machines.find((each) => each !== machine)!;
      if (this.#world.faults.keepsOff(partner)) this.#request(serverOf(machine), "second", false, true);
    }
  }

  /** The sole server is gone as well: said only of one that is off and is kept off, unless the operator lies. */
  #takeOver(): void {
    const sole = this.#cloud.row(ctlKey(SITE))?.["sole"];
    if (sole !== "A" && sole !== "B") return;
    const machine = this.#world.machines.find((each) => serverOf(each) === sole)!;
    if (this.#kind !== "lying" && !this.#world.faults.keepsOff(machine)) return;
    const state = relationshipOf(machine)?.endpoint.state ?? "nothing";
    this.#tell("first", `takes over from ${machine.name} (${state})`);
    const body = { survivor: partnerOf(sole), force: FORCE };
    void this.#hear(this.#cloud.handle(takeOver, { params: { site: SITE }, body }, operator("first"), this.#key()));
  }

  async #hear(answer: Promise<{ readonly kind: string; readonly code?: string }>): Promise<void> {
    const { kind, code } = await answer;
    this.#world.trace("operator", `hears ${kind} ${code ?? ""}`);
  }
  #tell(who: string, text: string): void {
    this.#world.trace("operator", `${who}: ${text}`);
  }
  #key(): string {
    this.#number += 1;
    return `operator-key-${this.#number}`;
  }
}
