import { ATTESTATION } from "../../../cloud/contract/api-schemas.ts";
import { requestPartnerDown } from "../../../cloud/handlers/request-partner-down.ts";
import { takeOver } from "../../../cloud/handlers/take-over.ts";
import { operator, SITE } from "../ledger/cloud.ts";
import type { LedgerSide } from "../ledger/site.ts";
import { type LedgerSwarm, NO_RESTORES } from "../ledger/swarm.ts";
import type { Script, Stage } from "./scripts.ts";

const PRIMARY = 0;
const SECONDARY = 1;
const reason = "the script wants it";

/** A ledger that is quick, and in which nothing fails by itself. */
const CALM: LedgerSwarm = {
  ...{ autonomySeconds: 60, coldStart: "run-down", mergeBacklog: 50, cloudSkewSeconds: 0, wanDelay: 20, wanLoss: 0, straggling: 0 },
  ...{ throttling: 0, lostAnswers: 0, indexLag: 0, operators: "careful", restores: NO_RESTORES },
  troubles: { wanCut: 0, cloudOut: 0, act: 0, quarrel: 0, stop: 0 },
};
const SETTINGS = { ledger: CALM, leaseTime: 60, maximumLeaseTime: 60, asks: [60] } as const;

const ledgerOf = (stage: Stage): LedgerSide => stage.world.ledger!;
/** What goes to the ledger from this server, and comes from it, takes so many milliseconds more. */
const delayed = (stage: Stage, side: 0 | 1, millis: number) => (): void => ledgerOf(stage).delay(stage.world.machines[side]!, millis);
/** An operator wants this server alone; it is granted as soon as the other one's silence is proved. */
const wanted = (stage: Stage, survivor: "A" | "B") => (): void => {
  const body = { survivor, reason, standing: true };
  void ledgerOf(stage).cloud.handle(requestPartnerDown, { params: { site: SITE }, body }, operator("first"), "script-down");
};
/** An operator has the other one take over from a server that was alone and is off. */
const takenOver = (stage: Stage, survivor: "A" | "B") => (): void => {
  const body = { survivor, force: { attestation: ATTESTATION, reason } } as const;
  void ledgerOf(stage).cloud.handle(takeOver, { params: { site: SITE }, body }, operator("first"), "script-over");
};

/** Stories with a ledger. */
export const LEDGER_SCRIPTS: Readonly<Record<string, Script>> = {
  "a claim was held up, who had made it died, and its partner took over": {
    settings: SETTINGS,
    play: (stage) => {
      stage.at(30, stage.heard(PRIMARY), stage.comes(3));
      stage.at(60, stage.off(SECONDARY), wanted(stage, "A"));
      stage.at(400, delayed(stage, PRIMARY, 30_000), stage.comes(1));
      stage.at(403, stage.off(PRIMARY), delayed(stage, PRIMARY, 0));
      stage.at(404, takenOver(stage, "B"));
      stage.at(600, stage.on(SECONDARY));
      stage.at(640, stage.on(PRIMARY), stage.heard());
    },
  },
};
