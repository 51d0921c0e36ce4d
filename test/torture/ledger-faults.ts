import type { Prng } from "../simulation/prng.ts";
import type { Role } from "../support/failover-config.ts";
import type { LedgerLab } from "../support/ledger-lab.ts";

/** Cuts the ledger off from one server or both, or slows it down, until `end` is called after `seconds`. */
export function hurtLedger(
  ledger: LedgerLab,
  kind: "ledgerCut" | "ledgerSlow",
  role: Role,
  random: Prng,
  duration: () => number,
): { readonly seconds: number; readonly text: string; readonly end: () => void } {
  const both = random.chance(0.4);
  const roles = both ? (["primary", "secondary"] as const) : ([role] as const);
  const seconds = duration();
  for (const each of roles) {
    if (kind === "ledgerCut") ledger.wan(each, false);
    else ledger.slow(each, random.pick([200, 1500, 6000]));
  }
  const end = (): void => {
    for (const each of roles) {
      if (kind === "ledgerCut") ledger.wan(each, true);
      else ledger.slow(each, 0);
    }
  };
  return { seconds, text: `is ${kind === "ledgerCut" ? "out of reach" : "slow"} for ${both ? "both servers" : role}`, end };
}
