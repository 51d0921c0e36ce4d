import type { AgentEffect } from "../agent/effect.ts";
import type { LedgerEffect } from "../agent/service-events.ts";
import type { DatagramSender } from "../rim/datagram-sender.ts";
import type { CommandRunner } from "../rim/execute.ts";
import type { FailoverTcp } from "../rim/failover-tcp.ts";
import type { IcmpProbe } from "../rim/icmp-probe.ts";
import type { Logger } from "../rim/logger.ts";
import type { Metrics } from "../rim/metrics-http.ts";
import type { ReverseLookup } from "../rim/reverse-lookup.ts";
import { unreachable } from "../values/assert.ts";
import type { Services } from "./services.ts";

/** What carries out effects. */
export interface Performers {
  readonly sender: DatagramSender;
  readonly probe: IcmpProbe;
  readonly names: ReverseLookup;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Undefined without a partner. */
  readonly failover: FailoverTcp | undefined;
  /** Undefined without a ledger. */
  readonly ledger?: { perform(effect: LedgerEffect): void } | undefined;
  /** Control socket, OMAPI, DNS updates; undefined where none of them is wanted. */
  readonly services?: Services | undefined;
  /** Undefined unless the operator allowed `execute`. */
  readonly commands: CommandRunner | undefined;
}

/** Carries out one effect. Nothing here waits or throws. */
export function performEffect(performers: Performers, effect: AgentEffect): void {
  switch (effect.kind) {
    case "send":
      performers.sender.send(effect);
      return;
    case "log":
      performers.logger.log(effect.event, effect.fields);
      return;
    case "count":
      performers.metrics.count(effect.metric, effect.labels, effect.by);
      return;
    case "probe":
      performers.probe.probe(effect.address, effect.timeoutMillis);
      return;
    case "find-name":
      performers.names.ask(effect.id, effect.address);
      return;
    case "execute":
      if (performers.commands === undefined) {
        performers.logger.line("warn", `execute ${effect.command}: not run; start with --allow-execute to allow it`);
      } else {
        for (const [at, text] of [effect.command, ...effect.arguments].entries())
          performers.logger.log("configured-detail", { text: `execute_statement argv[${at}] = ${text}` });
        performers.commands.run(effect.command, effect.arguments);
      }
      return;
    case "failover-listen":
    case "failover-dial":
    case "failover-send":
    case "failover-close":
      performers.failover?.perform(effect);
      return;
    case "ledger-call":
      performers.ledger?.perform(effect);
      return;
    case "dns-query":
    case "control-reply":
    case "control-reload":
    case "omapi-send":
    case "omapi-close":
    case "declared":
    case "shut-down":
      performers.services?.perform(effect);
      return;
    default:
      unreachable(effect);
  }
}
