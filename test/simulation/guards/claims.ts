import type { Guard } from "./guard.ts";

const expressions = "cloud/contract/agent-expressions.ts";

/** The ledger's own conditions on what a server claims, and hands in; and how long it waits before. */
export const CLAIMS: readonly Guard[] = [
  {
    name: "a claim goes in from the server that is alone in that epoch only",
    file: expressions,
    find: 'all(equal("ep", sender.epoch), equal("mode", "SOLE"), equal("boot", sender.boot));',
    replace: 'all(equal("boot", sender.boot));',
  },
  {
    name: "what a server writes is refused once its epoch is over",
    file: expressions,
    find: '[equal("ep", sender.epoch), equal("mode", sender.mode), equal("boot", sender.boot)];',
    replace: '[equal("boot", sender.boot)];',
  },
  {
    name: "a grant counts from when our answers let the partner serve no more",
    file: "edge-agent/ledger/site.ts",
    find: "learntAt: partnerQuietFrom(state, now),",
    replace: "learntAt: now,",
  },
];
