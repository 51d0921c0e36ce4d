import type { Guard } from "./guard.ts";

const outbox = "edge-agent/ledger/outbox.ts";

/** A disk that is older than what was handed in. */
export const OLD_DISK: readonly Guard[] = [
  {
    name: "an old disk is known by the ledger's cursor",
    file: "edge-agent/agent/ledger-outbox.ts",
    find: "if (site.isAligned && was.counted !== undefined && cursor > was.counted)",
    replace: "if (false && was.counted !== undefined)",
  },
  {
    name: "what an old disk had handed in is not handed in again",
    file: outbox,
    find: "const ack = counted - outbox.shift;",
    replace: "const { ack } = outbox;",
  },
];
