import type { BindingStatus } from "../../leases/binding-status.ts";
import { type EpochSeconds, epochSeconds, type Instant, NEVER, NO_TIME } from "../../values/time.ts";

/** binding-status on the wire (failover-12 §12.3). A number outside 1 to 7 makes dhcpd exit: it is never sent. */
export const BINDING_STATUS_CODES = {
  FREE: 1,
  ACTIVE: 2,
  EXPIRED: 3,
  RELEASED: 4,
  ABANDONED: 5,
  RESET: 6,
  BACKUP: 7,
} as const satisfies Record<BindingStatus, number>;
const STATUS_BY_CODE: readonly (BindingStatus | undefined)[] = (() => {
  const table = new Array<BindingStatus | undefined>(8).fill(undefined);
  for (const [status, code] of Object.entries(BINDING_STATUS_CODES)) table[code] = status as BindingStatus;
  return table;
})();
export const bindingStatusOf = (code: number | undefined): BindingStatus | undefined =>
  code === undefined ? undefined : STATUS_BY_CODE[code];

/** server-state on the wire (failover-12 §12.24). ISC failover.h gives RECOVER-WAIT 254; the draft gives it no number. */
export const SERVER_STATE_CODES = {
  UNKNOWN: 0,
  STARTUP: 1,
  NORMAL: 2,
  "COMMUNICATIONS-INTERRUPTED": 3,
  "PARTNER-DOWN": 4,
  "POTENTIAL-CONFLICT": 5,
  RECOVER: 6,
  PAUSED: 7,
  SHUTDOWN: 8,
  "RECOVER-DONE": 9,
  "RESOLUTION-INTERRUPTED": 10,
  "CONFLICT-DONE": 11,
  "RECOVER-WAIT": 254,
} as const;
export type ServerState = keyof typeof SERVER_STATE_CODES;

const STATE_BY_CODE: ReadonlyMap<number, ServerState> = new Map(
  Object.entries(SERVER_STATE_CODES).map(([name, code]) => [code, name as ServerState]),
);
export const serverStateOf = (code: number): ServerState | undefined => STATE_BY_CODE.get(code);

/** STARTUP in server-flags (failover-12 §12.23). */
export const STARTUP_FLAG = 1;
/** IP-flags (failover-12 §12.12), two bytes on ISC's wire. */
export const RESERVED_FLAG = 1;
export const BOOTP_FLAG = 2;

const WIRE_NEVER = 0x7fffffff;

/** A lease time as the partner is to see it: on the wall clock, 0x7fffffff for never, 0 for none. */
export function toWireTime(time: EpochSeconds, at: Instant): number {
  if (time === NO_TIME) return 0;
  if (time === NEVER) return WIRE_NEVER;
  return Math.min(Math.max(1, time + at.wallOffset), WIRE_NEVER - 1);
}
/** The partner's time on our lease clock. */
export function fromWireTime(time: number, at: Instant): EpochSeconds {
  if (time === 0) return NO_TIME;
  if (time >= WIRE_NEVER) return NEVER;
  return epochSeconds(time - at.wallOffset);
}
/** The wall clock, for message headers. */
export const wallClock = (at: Instant): number => Math.max(0, at.now + at.wallOffset);
