import { expect, test } from "vitest";
import type { RecordedState } from "../../../edge-agent/failover/endpoint/state.ts";
import type { ServerState } from "../../../edge-agent/failover/wire/codes.ts";
import { Encounter, MODEL_STATES, type Side } from "./dhcpd-model.ts";

/** In which of these a server can be without a connection while it runs. */
const APART: readonly RecordedState[] = [
  ...(["COMMUNICATIONS-INTERRUPTED", "PARTNER-DOWN", "RECOVER", "RECOVER-WAIT"] as const),
  ...(["RECOVER-DONE", "RESOLUTION-INTERRUPTED", "CONFLICT-DONE"] as const),
];
const KNEW: readonly ServerState[] = ["UNKNOWN", ...MODEL_STATES];

function* sides(role: "primary" | "secondary"): Iterable<Side> {
  for (const state of MODEL_STATES) {
    // an operator's states end by an operator
    if (state === "PAUSED" || state === "SHUTDOWN") continue;
    for (const knew of KNEW) {
      if (knew === "PAUSED" || (knew === "CONFLICT-DONE" && role === "primary")) continue;
      yield { state, knew, starting: true };
      // only a primary comes to CONFLICT-DONE; whose roles were exchanged, starts in it
      if (APART.includes(state) && (state !== "CONFLICT-DONE" || role === "primary")) yield { state, knew, starting: false };
    }
  }
}

test.each(["primary", "secondary"] as const)(
  "a %s of ours and a dhcpd, in whatever states they meet, are both in NORMAL in the end",
  (role) => {
    const stuck: string[] = [];
    let encounters = 0;
    for (const ours of sides(role)) {
      for (const theirs of sides(role === "primary" ? "secondary" : "primary")) {
        // some of each pair of states
        encounters += 1;
        if (encounters % 61 !== 0) continue;
        const meeting = new Encounter(role, ours, theirs);
        meeting.run(75);
        if (meeting.states !== "NORMAL and NORMAL")
          stuck.push(`${JSON.stringify(ours)} ${JSON.stringify(theirs)}: ${meeting.states} after ${meeting.story.slice(0, 12).join("; ")}`);
      }
    }
    expect(stuck.slice(0, 12)).toEqual([]);
  },
);

test.each([
  ["we, the secondary, were", "secondary", "CONFLICT-DONE", "POTENTIAL-CONFLICT"],
  ["we, the secondary, were, beside one cut off in it,", "secondary", "CONFLICT-DONE", "RESOLUTION-INTERRUPTED"],
  ["a dhcpd, the secondary, was", "primary", "NORMAL", "CONFLICT-DONE"],
  ["a dhcpd, the secondary, was, beside us cut off in it,", "primary", "RESOLUTION-INTERRUPTED", "CONFLICT-DONE"],
] as const)(
  "roles were exchanged when %s the primary that had resolved a conflict: both are in NORMAL in the end",
  (_, role, ours, theirs) => {
    const meeting = new Encounter(role, { state: ours, knew: "NORMAL", starting: true }, { state: theirs, knew: "NORMAL", starting: true });
    meeting.run(75);
    expect(meeting.states).toBe("NORMAL and NORMAL");
  },
);
