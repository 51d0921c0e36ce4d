import { expect, test } from "vitest";
import { put } from "../../../cloud/contract/expression.ts";
import { requestPartnerDown } from "../../../cloud/handlers/request-partner-down.ts";
import { siteOf } from "../checkers/checker.ts";
import { type Script, scripted } from "../mutation/scripts.ts";
import { complaintOf, settingsOf } from "../run.ts";
import { World } from "../world.ts";
import { operator, SITE } from "./cloud.ts";
import type { Copy } from "./restores.ts";
import { LEDGER_TROUBLES, type LedgerSwarm, type LedgerTrouble, NO_RESTORES } from "./swarm.ts";

const PRIMARY = 0;
const SECONDARY = 1;
const CALM: LedgerSwarm = {
  ...{ autonomySeconds: 60, coldStart: "run-down", mergeBacklog: 50_000, cloudSkewSeconds: 0, wanDelay: 20, wanLoss: 0, straggling: 0 },
  ...{ throttling: 0, lostAnswers: 0, indexLag: 0, operators: "careful", restores: NO_RESTORES },
  troubles: Object.fromEntries(LEDGER_TROUBLES.map((kind) => [kind, 0])) as Record<LedgerTrouble, number>,
};

/**
 * The primary dies, and the secondary is granted the site, and gives the primary's addresses. The table is lost, and restored to before the grant.
 * The primary starts, and reaches the ledger, and not its partner.
 */
const unaware = (restore: (world: World, copy: Copy) => void, look: (world: World) => void): Script => ({
  settings: { ledger: CALM, clients: 3, poolSize: 2, faultSeconds: 1200, leaseTime: 1800, maximumLeaseTime: 1800 },
  play: (stage) => {
    const { world } = stage;
    let copy: Copy;
    const body = { survivor: "B", reason: "it burns", standing: true } as const;
    const ask = () => void world.ledger!.cloud.handle(requestPartnerDown, { params: { site: SITE }, body }, operator("first"), "one");
    stage.at(90, () => {
      copy = { at: world.now, rows: [...world.ledger!.cloud.table.rows()] };
    });
    stage.at(100, stage.off(PRIMARY), stage.heard(SECONDARY), ask);
    stage.at(600, stage.comes(1), stage.comes(2));
    stage.at(800, () => restore(world, copy));
    stage.at(801, stage.cut, stage.on(PRIMARY));
    stage.at(870, stage.heard(PRIMARY), stage.comes(3));
    stage.at(1000, () => look(world));
    stage.at(1100, stage.mend, stage.heard());
  },
});

test("a table restored to before a grant: who was declared down and does not know gives nothing", async () => {
  const seen: unknown[] = [];
  const script = unaware(
    (world, copy) => world.ledger!.restore(copy),
    (world) => {
      const [primary, secondary] = world.machines.map((machine) => siteOf(machine)?.core);
      seen.push(primary?.standing.mode, secondary?.standing, world.clients[2]?.holding);
    },
  );
  await scripted(World, script).run();
  expect(seen).toMatchObject(["DOWN", { mode: "SOLE", epoch: 1_000_001 }, undefined]);
});

test("the same without the word that it was restored: two clients have one address", async () => {
  const script = unaware(
    (world, copy) => copy.rows.forEach((row) => void world.ledger!.cloud.table.write(put(row as Parameters<typeof put>[0]))),
    () => {},
  );
  await expect(scripted(World, script).run()).rejects.toThrow();
});

test("ledgers that are restored again and again: no checker complains, and every pair heals", async () => {
  const failures: (string | undefined)[] = [];
  for (let seed = 1; seed <= 40; seed += 1) failures.push(await complaintOf(settingsOf(seed, { ledger: "restored" })));
  expect(failures.filter((failure) => failure !== undefined)).toEqual([]);
}, 120_000);
