import type { RouteName } from "../contract/api.ts";
import type { Handler } from "../deps.ts";
import { advanceFailover } from "./advance-failover.ts";
import { agentClear } from "./agent-clear.ts";
import { agentPartnerDown } from "./agent-partner-down.ts";
import { agentWord } from "./agent-word.ts";
import { cancelPartnerDown } from "./cancel-partner-down.ts";
import { configureSite } from "./configure-site.ts";
import { decommissionSite } from "./decommission-site.ts";
import { getAddressHistory } from "./get-address-history.ts";
import { getClientAddresses } from "./get-client-addresses.ts";
import { getClientEverywhere } from "./get-client-everywhere.ts";
import { getFailover } from "./get-failover.ts";
import { getHealth } from "./get-health.ts";
import { getHolder } from "./get-holder.ts";
import { getPartnerDown } from "./get-partner-down.ts";
import { getSite } from "./get-site.ts";
import { getSiteHistory } from "./get-site-history.ts";
import { getUtilisation } from "./get-utilisation.ts";
import { listConflicts } from "./list-conflicts.ts";
import { listEvents, listFleetEvents } from "./list-events.ts";
import { listFailovers } from "./list-failovers.ts";
import { listLeases } from "./list-leases.ts";
import { listSites } from "./list-sites.ts";
import { markRestored } from "./mark-restored.ts";
import { recoverSite } from "./recover-site.ts";
import { registerSite } from "./register-site.ts";
import { requestPartnerDown } from "./request-partner-down.ts";
import { resolveConflict } from "./resolve-conflict.ts";
import { resumeFailover } from "./resume-failover.ts";
import { settleSite } from "./settle-site.ts";
import { startFailover } from "./start-failover.ts";
import { stopFailover } from "./stop-failover.ts";
import { takeOver } from "./take-over.ts";

/** The handler of every route: a route without one does not compile. */
export const HANDLERS: { readonly [Name in RouteName]: Handler<Name> } = {
  registerSite,
  configureSite,
  decommissionSite,
  listSites,
  getSite,
  getHealth,
  getUtilisation,
  requestPartnerDown,
  getPartnerDown,
  cancelPartnerDown,
  recoverSite,
  takeOver,
  markRestored,
  settleSite,
  listFailovers,
  startFailover,
  getFailover,
  advanceFailover,
  stopFailover,
  resumeFailover,
  listLeases,
  getHolder,
  getAddressHistory,
  getSiteHistory,
  getClientAddresses,
  getClientEverywhere,
  listConflicts,
  resolveConflict,
  listFleetEvents,
  listEvents,
  agentPartnerDown,
  agentClear,
  agentWord,
};
