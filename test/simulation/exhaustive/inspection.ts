import type { DhcpMessage } from "../../../edge-agent/dhcp/wire/message.ts";
import { EMPTY_STREAM, takeFrames } from "../../../edge-agent/failover/wire/frame.ts";
import type { StoreWrite } from "../../../edge-agent/leases/store-write.ts";
import { disagreement } from "../checkers/agreement.ts";
import { bounded } from "../checkers/bounded.ts";
import type { Checker, Scene } from "../checkers/checker.ts";
import { leaseWithinMclt } from "../checkers/lease-within-mclt.ts";
import { noAddressTwice } from "../checkers/no-address-twice.ts";
import { oneOwner } from "../checkers/one-owner.ts";
import { silentStates } from "../checkers/silent-states.ts";
import { stateIsTold } from "../checkers/state-is-told.ts";
import type { Holding } from "../client-types.ts";
import { PEER_NAME } from "../config-text.ts";
import type { Machine } from "../machine.ts";
import type { Server } from "./server.ts";
import type { Side, SmallClient, SmallSite } from "./small-site.ts";

/** A checker of the simulation complains. */
export class Complaint extends Error {
  override readonly name = "Complaint";
}

/** What every world of a search is like. */
export interface Dimensions {
  readonly addresses: number;
  readonly mclt: number;
  readonly leaseTime: number;
}

/** Those that judge by what they see at this moment alone. */
const MEMORYLESS: readonly Checker[] = [leaseWithinMclt(), oneOwner(), silentStates(), bounded()];
const STATE_TYPE = 10;
const TYPE_OFFSET = 2;

/** The simulation's checkers after every event; what some of them remember is kept with the world, so that worlds can part. */
export class Inspection {
  readonly #dimensions: Dimensions;
  /** By side: the writes that last recorded a state, and the bytes that last told one. */
  #recorded: [readonly StoreWrite[], readonly StoreWrite[]] = [[], []];
  #told: [Uint8Array | undefined, Uint8Array | undefined] = [undefined, undefined];
  /** By side: what {@link stateIsTold} was last content with. */
  #content: [string, string] = ["", ""];

  constructor(dimensions: Dimensions) {
    this.#dimensions = dimensions;
  }

  fork(): Inspection {
    const copy = new Inspection(this.#dimensions);
    copy.#recorded = [...this.#recorded];
    copy.#told = [...this.#told];
    copy.#content = [...this.#content];
    return copy;
  }

  stored(site: SmallSite, side: Side, writes: readonly StoreWrite[]): void {
    if (writes.length === 0) return;
    if (writes.some((write) => write.kind === "record" && write.key.includes(PEER_NAME))) this.#recorded[side] = writes;
    const scene = this.sceneOf(site);
    for (const checker of MEMORYLESS) hear(checker, checker.durable?.(scene, machineOf(scene, side), writes));
  }
  answered(site: SmallSite, side: Side, answer: DhcpMessage): void {
    const scene = this.sceneOf(site);
    for (const checker of MEMORYLESS) hear(checker, checker.answered?.(scene, machineOf(scene, side), answer));
  }
  told(site: SmallSite, side: Side, bytes: Uint8Array): void {
    const state = takeFrames(EMPTY_STREAM, bytes).frames.findLast((frame) => frame[TYPE_OFFSET] === STATE_TYPE);
    if (state === undefined) return;
    this.#told[side] = state;
    this.#content[side] = "";
    const scene = this.sceneOf(site);
    const checker = stateIsTold();
    checker.durable?.(scene, machineOf(scene, side), this.#recorded[side]);
    hear(checker, checker.told?.(scene, machineOf(scene, side), bytes));
  }
  bound(site: SmallSite, client: SmallClient, holding: Holding): void {
    const scene = this.sceneOf(site);
    const checker = noAddressTwice();
    for (const each of site.clients) {
      if (each.holding !== undefined && each.number !== client.number)
        checker.bound(scene, { name: `client ${each.number}` }, each.holding);
    }
    hear(checker, checker.bound(scene, { name: `client ${client.number}` }, holding));
  }
  atRest(site: SmallSite): void {
    const scene = this.sceneOf(site);
    for (const side of [0, 1] as const) {
      const machine = machineOf(scene, side);
      if (machine.process === undefined) continue;
      for (const checker of MEMORYLESS) hear(checker, checker.atRest?.(scene, machine));
      const told = this.#told[side];
      const link = site.servers[side].relationship?.link;
      const content = `${machine.state} ${link?.up?.id} ${link?.stateHeldUntil}`;
      if (told === undefined || this.#content[side] === content) continue;
      this.#content[side] = content;
      const checker = stateIsTold();
      checker.durable?.(scene, machine, this.#recorded[side]);
      checker.told?.(scene, machine, told);
      hear(checker, checker.atRest?.(scene, machine));
    }
    if ((site.partnerDown || site.servers.some(({ lostDisk }) => lostDisk)) && disagreement(scene) === undefined) {
      site.partnerDown = false;
      for (const side of [0, 1] as const) if (site.servers[side].lostDisk) site.own(side).lostDisk = false;
    }
  }

  /** What the checkers see. They take a world of the simulation; this one has all that they look at. */
  sceneOf(site: SmallSite): Scene {
    const { addresses, mclt, leaseTime } = this.#dimensions;
    const scene = {
      // no time between a state and its STATE: what a server answers, it answers in the state that it is in
      swarm: { pair: true, poolSize: addresses, mclt, maximumLeaseTime: leaseTime, commitDelay: -1 },
      machines: site.servers.map((server) => machineLike(server, site.now)),
      clients: [],
      now: site.now,
      slack: 1500,
      partnerDown: site.partnerDown,
      ledger: undefined,
    };
    return scene as unknown as Scene;
  }
}

const machineLike = (server: Server, now: number) => ({
  name: server.name,
  disk: { leases: server.leases, records: server.records },
  process: server.memory === undefined ? undefined : { loop: { state: server.memory } },
  state: server.state,
  stateSince: now,
  leaseClockAhead: 0,
  lostDisk: server.lostDisk,
  dress: "tandem",
});
const machineOf = (scene: Scene, side: Side): Machine => scene.machines[side]!;

function hear({ name }: Pick<Checker, "name">, complaint: string | undefined): void {
  if (complaint !== undefined) throw new Complaint(`${name}: ${complaint}`);
}
