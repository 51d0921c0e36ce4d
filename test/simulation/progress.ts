import { CtlItem } from "../../cloud/contract/items.ts";
import { ctlKey } from "../../cloud/contract/tables.ts";
import { queuedIn } from "../../edge-agent/ledger/outbox.ts";
import { disagreement } from "./checkers/agreement.ts";
import { type Scene, siteOf } from "./checkers/checker.ts";
import { SITE } from "./ledger/cloud.ts";
import type { World } from "./world.ts";

/** How long it may take, at most, until a healed world has come to rest; milliseconds. */
export interface Demand {
  readonly wait: (millis: number) => Promise<void>;
  readonly refuse: (complaint: string) => Error;
}

/** After healing: the servers NORMAL and of one mind within a bound, the ledger too, and then every client served. */
export async function demandProgress(world: World, { wait, refuse }: Demand): Promise<void> {
  const { mclt, maximumLeaseTime, linkDelay, poolSize, ledger } = world.swarm;
  const apart = ledger === undefined ? 0 : (2 * mclt + 2 * ledger.autonomySeconds + 900) * 1000;
  const bound = world.now + (2 * mclt + 1800) * 1000 + linkDelay * 8 * (poolSize + 50) + apart;
  for (;;) {
    const problem = disagreement(world) ?? unrest(world);
    if (problem === undefined) break;
    if (world.now >= bound) throw refuse(`the pair does not heal: ${problem}`);
    await wait(7_000);
  }
  const served = world.now + (maximumLeaseTime * 2 + mclt * 2 + 3600) * 1000;
  for (;;) {
    const idle = world.clients.find(({ holding }) => holding === undefined || holding.until < world.now);
    if (idle === undefined || world.swarm.hostile > 0 || world.swarm.whims > 0) break;
    if (world.now >= served) throw refuse(`${idle.name} gets no address, though nothing fails`);
    await wait(60_000);
  }
  // what was given last is on its way to the ledger
  for (let round = 0; unrest(world) !== undefined; round += 1) {
    if (round > 600) throw refuse(`the ledger does not come to rest: ${unrest(world)}`);
    await wait(1_000);
  }
}

/** What keeps the ledger from being one with the pair; undefined if nothing does, or there is none. */
function unrest(scene: Scene): string | undefined {
  const item = scene.ledger?.cloud.row(ctlKey(SITE));
  if (scene.ledger === undefined) return undefined;
  if (item === undefined) return "the site is not registered";
  const { state, sole } = CtlItem.parse(item);
  if (state !== "NORMAL") return `the ledger is in ${state}, ${sole} alone`;
  for (const machine of scene.machines) {
    const site = siteOf(machine);
    if (site === undefined) return `${machine.name} has not begun`;
    const { standing, phase, wishes, claims } = site.core;
    if (phase !== "running" || standing.mode !== "PAIR") return `${machine.name} is ${phase}, ${standing.mode} in epoch ${standing.epoch}`;
    if (wishes.length + claims.length + site.claims.size + site.waiters.length > 0) return `${machine.name} asks for something`;
    if (queuedIn(site.outbox) > 0) return `${machine.name} has ${queuedIn(site.outbox)} events to hand in`;
  }
  return undefined;
}
