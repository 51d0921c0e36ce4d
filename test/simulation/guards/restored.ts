import type { Guard } from "./guard.ts";

const site = "edge-agent/ledger/site.ts";
const restored = "edge-agent/ledger/restored.ts";

/** What must hold when the ledger's table was restored from a copy. */
export const RESTORED_GUARDS: readonly Guard[] = [
  {
    name: "a ledger that was restored is told what its servers were",
    file: site,
    find: 'if (state.phase === "running" && isToBeTold(state, row)) return ledgerIsRestored(state, now);',
    replace: "",
  },
  {
    name: "only the settled epoch is that of before",
    file: restored,
    find: "row.epoch % EPOCHS_IN_GENERATION === 1 &&",
    replace: "",
  },
  {
    name: "only the role of before goes on",
    file: restored,
    find: "row.mode === standing.mode",
    replace: "true",
  },
  {
    name: "the silence of a counter that was restored is counted anew",
    file: restored,
    find: "evidence: { ...state.evidence, counter: undefined },",
    replace: "",
  },
  {
    name: "what a lost ledger answered says nothing of the one that there is",
    file: site,
    find: 'if (lane === "data" && isOfFormerGeneration(freed, call)) return only(freed);',
    replace: "",
  },
  {
    name: "two processes of one name do not both tell what they were",
    file: site,
    find: "if (wasLetIn && !isOfLostLedger(row) && row.boot !== state.boot && !state.boots.includes(row.boot)) return onReplaced(state);",
    replace: "",
  },
  {
    name: "an older generation is not believed",
    file: restored,
    find: "row.epoch > state.standing.epoch && (isOfLostLedger(row)",
    replace: "(isOfLostLedger(row)",
  },
  {
    name: "what a restored ledger and the outbox both lack is a gap",
    file: "edge-agent/ledger/outbox.ts",
    find: "if (cursor - outbox.shift >= outbox.trimmed) return undefined;",
    replace: "if (cursor >= 0) return undefined;",
  },
  {
    name: "a right to serve of the lost ledger's is waited for",
    file: site,
    find: "leaseMillis: Math.max(state.publishedLeaseMillis, state.config.leaseMillis)",
    replace: "leaseMillis: 0",
  },
];
