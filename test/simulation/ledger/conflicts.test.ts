import { expect, test } from "vitest";
import { ATTESTATION } from "../../../cloud/contract/api-schemas.ts";
import { requestPartnerDown } from "../../../cloud/handlers/request-partner-down.ts";
import { takeOver } from "../../../cloud/handlers/take-over.ts";
import { type Script, scripted } from "../mutation/scripts.ts";
import { World } from "../world.ts";
import { operator, SITE } from "./cloud.ts";
import { LEDGER_TROUBLES, type LedgerSwarm, type LedgerTrouble, NO_RESTORES } from "./swarm.ts";

const PRIMARY = 0;
const CALM: LedgerSwarm = {
  ...{ autonomySeconds: 60, coldStart: "run-down", mergeBacklog: 50_000, cloudSkewSeconds: 0, wanDelay: 20, wanLoss: 0, straggling: 0 },
  ...{ throttling: 0, lostAnswers: 0, indexLag: 0, operators: "lying", restores: NO_RESTORES },
  troubles: Object.fromEntries(LEDGER_TROUBLES.map((kind) => [kind, 0])) as Record<LedgerTrouble, number>,
};
const force = { attestation: ATTESTATION, reason: "a lie" } as const;

/** Alone on somebody's word, out of the ledger's reach and serving; then its partner is sworn in as the one that is alone. */
const TAKEN_OVER: Script = {
  settings: { ledger: CALM, clients: 3, faultSeconds: 700, leaseTime: 1800, maximumLeaseTime: 1800 },
  play: (stage) => {
    const { world } = stage;
    const cloud = () => world.ledger!.cloud;
    const body = { survivor: "A", reason: "a lie", standing: false, force } as const;
    stage.at(60, stage.cut);
    stage.at(61, () => void cloud().handle(requestPartnerDown, { params: { site: SITE }, body }, operator("liar"), "one"));
    stage.at(120, () => world.ledger!.cut(world.machines[PRIMARY]!, true));
    stage.at(121, stage.heard(PRIMARY), stage.comes(1));
    stage.at(130, stage.heard());
    stage.at(131, () => void cloud().handle(takeOver, { params: { site: SITE }, body: { survivor: "B", force } }, operator("liar"), "two"));
    stage.at(140, stage.comes(2));
    stage.at(141, stage.comes(3));
    stage.at(600, () => world.ledger!.cut(world.machines[PRIMARY]!, false));
    stage.at(640, stage.mend);
  },
};

test("a false takeover: the conflict is found, said, on record, listed and settled, and every address has one holder in the end", async () => {
  const lines: string[] = [];
  const world = scripted(World, TAKEN_OVER, (line) => lines.push(line));
  await world.run();
  expect(lines.filter((line) => line.includes("Lease conflict at 10.20.0.101")).length).toBeGreaterThan(0);
  expect(world.conflictsSettled).toBeGreaterThan(0);
});
