import { readEndpoint } from "../../../edge-agent/failover/endpoint/state.ts";
import { SERVER_STATE_CODES } from "../../../edge-agent/failover/wire/codes.ts";
import { EMPTY_STREAM, takeFrames } from "../../../edge-agent/failover/wire/frame.ts";
import { decodeMessage } from "../../../edge-agent/failover/wire/message.ts";
import { PEER_NAME } from "../config-text.ts";
import type { Machine } from "../machine.ts";
import { type Checker, relationshipOf } from "./checker.ts";

const STATE_TYPE = 10;
const TYPE_OFFSET = 2;

/**
 * No state without its STATE, and no STATE before its record is on disk (failover-12 §9.2). What one commit brought to the disk leaves in
 * its order: a state that was on disk before is told once more, and then the one that replaced it in that commit.
 */
export function stateIsTold(): Checker {
  const lastTold = new Map<Machine, number>();
  /** By the last commit that recorded any: the state that was on disk before it, and those that it brought, oldest first. */
  const recorded = new Map<Machine, readonly string[]>();
  return {
    name: "no state without its STATE",
    durable(_scene, machine, writes) {
      if (!writes.some((write) => write.kind === "record" && write.key.includes(PEER_NAME))) return undefined;
      const states: string[] = [];
      for (const write of writes) {
        if (write.kind !== "record") continue;
        const read = readEndpoint(PEER_NAME, (key) => (key === write.key ? write.value : undefined));
        if (read !== undefined) states.push(read.state);
      }
      if (states.length > 0) recorded.set(machine, [...(recorded.get(machine)?.slice(-1) ?? []), ...states]);
      return undefined;
    },
    told(scene, machine, bytes) {
      for (const frame of takeFrames(EMPTY_STREAM, bytes).frames) {
        if (frame[TYPE_OFFSET] !== STATE_TYPE) continue;
        const message = decodeMessage(frame);
        const code = message.ok ? message.value.options.serverState : undefined;
        if (code === undefined) continue;
        lastTold.set(machine, code);
        const name = Object.entries(SERVER_STATE_CODES).find(([, value]) => value === code)?.[0] ?? "";
        // a dhcpd that has recovered does not listen to a NORMAL that it was told of before: it is told of another state in between
        const isForStock = name === "COMMUNICATIONS-INTERRUPTED" && scene.machines.some(({ dress }) => dress === "stock");
        if (recorded.get(machine)?.includes(name) !== true && !isForStock)
          return `${machine.name} announces ${name}, which is not on its disk`;
      }
      return undefined;
    },
    atRest(_scene, machine) {
      const relationship = relationshipOf(machine);
      // to a stock partner the first STATE of a connection waits for its own, for a moment
      if (relationship?.link.up === undefined || relationship.link.stateHeldUntil !== undefined) return undefined;
      const { state } = relationship.endpoint;
      if (lastTold.get(machine) === SERVER_STATE_CODES[state]) return undefined;
      return `${machine.name} is in ${state}, which it has not told its partner`;
    },
  };
}
