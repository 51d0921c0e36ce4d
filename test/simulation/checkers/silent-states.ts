import { MESSAGE_TYPE, OPTION } from "../../../edge-agent/dhcp/wire/option-codes.ts";
import { type Checker, relationshipOf } from "./checker.ts";

/** States in which a server gives nothing to anybody (failover-12 §9). */
const SILENT = new Set(["POTENTIAL-CONFLICT", "RECOVER", "RECOVER-WAIT", "PAUSED", "SHUTDOWN"]);

/** A server that may not know what is true serves nobody; what left the core in an earlier state may still be on its way. */
export function silentStates(): Checker {
  return {
    name: "a server that cannot know serves nobody",
    answered(scene, machine, answer) {
      const type = answer.options.get(OPTION.messageType)?.[0];
      const endpoint = relationshipOf(machine)?.endpoint;
      if (endpoint === undefined || (type !== MESSAGE_TYPE.DHCPOFFER && type !== MESSAGE_TYPE.DHCPACK)) return undefined;
      const enteredJustNow = endpoint.startupUntil === undefined && scene.now - machine.stateSince <= scene.swarm.commitDelay * 4 + 1;
      if (enteredJustNow) return undefined;
      if (endpoint.startupUntil === undefined && !SILENT.has(endpoint.state)) return undefined;
      return `${machine.name} answers in ${endpoint.startupUntil === undefined ? endpoint.state : "STARTUP"}`;
    },
  };
}
