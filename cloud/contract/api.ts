import { HISTORY_ROUTES } from "./api-history.ts";
import { RESTORE_ROUTES } from "./api-restore.ts";
import { SWITCH_ROUTES } from "./api-switch.ts";
import type { ProblemCode } from "./problem.ts";

/** Every route of the control plane, by the name of its handler. */
export const ROUTES = { ...SWITCH_ROUTES, ...RESTORE_ROUTES, ...HISTORY_ROUTES };
export type RouteName = keyof typeof ROUTES;
/** Names of all routes, in order. */
export const ROUTE_NAMES = Object.keys(ROUTES) as RouteName[];
/** Problems that any route may answer with. */
export const COMMON_PROBLEMS: readonly ProblemCode[] = [
  "BAD_REQUEST",
  "UNAUTHENTICATED",
  "FORBIDDEN",
  "TOO_LARGE",
  "INTERNAL",
  "LEDGER_BUSY",
];
