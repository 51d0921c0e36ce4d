import type { CaseGroup } from "./case.ts";
import { CLASS_CONDITION_GROUPS } from "./class-conditions.ts";
import { CLASS_GROUPS } from "./classes.ts";
import { CLIENT_GROUPS } from "./clients.ts";
import { CONFORMANCE_GROUPS } from "./conformance.ts";
import { EXCHANGE_GROUPS } from "./exchange.ts";
import { FRAME_GROUPS } from "./frames.ts";
import { OPTION_GROUPS } from "./options.ts";
import { RELAY_GROUPS } from "./relay.ts";
import { SERVER_ID_GROUPS } from "./server-ids.ts";

export const ALL_GROUPS: readonly CaseGroup[] = [
  ...EXCHANGE_GROUPS,
  ...OPTION_GROUPS,
  ...RELAY_GROUPS,
  ...CLIENT_GROUPS,
  ...CLASS_GROUPS,
  ...CLASS_CONDITION_GROUPS,
  ...SERVER_ID_GROUPS,
  ...CONFORMANCE_GROUPS,
  ...FRAME_GROUPS,
];
