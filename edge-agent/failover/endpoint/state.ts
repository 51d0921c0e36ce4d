import { decodeEndpoint, encodeRecord, endpointKey, type RecordedState as PrintedState } from "../../leases/lease-file/types.ts";
import { ByteReader } from "../../values/byte-reader.ts";
import { ByteWriter } from "../../values/byte-writer.ts";
import { type EpochSeconds, epochSeconds, NO_TIME, type Seconds, seconds } from "../../values/time.ts";
import type { ServerState } from "../wire/codes.ts";

/** The states that are stored and sent (failover-12 §9). STARTUP is a flag beside one of them, UNKNOWN is no state of ours. */
export type RecordedState = Exclude<ServerState, "UNKNOWN" | "STARTUP">;

/** One server's end of a relationship. Mutable: `step` owns it. */
export interface Endpoint {
  /** Ours; while `startupUntil` is set, the one that was stored and to which we return. */
  state: RecordedState;
  /** Start-time-of-state (failover-12 §12.25). */
  since: EpochSeconds;
  /** In STARTUP until then, or until the partner's first STATE (failover-12 §9.3). */
  startupUntil: EpochSeconds | undefined;
  partner: ServerState;
  partnerSince: EpochSeconds;
  /** The partner's first STATE of this connection has come: communications are restored (failover-12 §8.3). */
  communicating: boolean;
  /** PARTNER-DOWN by itself at this time (`auto-partner-down`). */
  autoPartnerDownAt: EpochSeconds | undefined;
  /** When PARTNER-DOWN's waits count from: its start, or the partner's attested last sign of life. */
  partnerLastAlive: EpochSeconds;
  /** What may be promised beyond what is agreed. */
  mclt: Seconds;
  /** Since MCLT was changed: the longest by which either server may have promised something that is not told yet; 0 if there is none. */
  formerMclt: Seconds;
  /** Whose bucket is whose; the secondary learns it by CONNECT. */
  hba: Uint8Array | undefined;
  /** The partner is an agent of our own kind, as its last CONNECT or CONNECTACK said. */
  partnerIsTandem: boolean;
  /** Our store has all that we ever acknowledged: it knew this relationship when we started, or got everything from the partner since. */
  storeIntact: boolean;
  /** Our store is older than what we have told: an old disk was put back. The partner's word outweighs it until it has told us all. */
  isOld: boolean;
  /** A number that only ever grows, as it is on our disk, and the highest that the partner has had of us, and we of it. */
  marks: Marks;
  /** Which of the two this server is. */
  readonly role?: Role | undefined;
  /** The update request that the partner has not ended with UPDDONE on this connection. */
  requested: { readonly type: "UPDREQ" | "UPDREQALL"; readonly xid: number } | undefined;
}

export type Role = "primary" | "secondary";

/** See {@link Endpoint.marks}; 0 for none. */
export interface Marks {
  readonly own: number;
  readonly partners: number;
}

/** What is kept on disk of an {@link Endpoint}: what dhcpd's lease file says of it too, and beside it what only we know. */
export interface StoredEndpoint {
  readonly state: RecordedState;
  readonly since: EpochSeconds;
  readonly partner: ServerState;
  readonly partnerSince: EpochSeconds;
  readonly partnerLastAlive: EpochSeconds;
  readonly mclt: Seconds;
  readonly formerMclt: Seconds;
  readonly hba: Uint8Array | undefined;
  readonly partnerIsTandem: boolean;
  readonly storeIntact: boolean;
  readonly isOld: boolean;
  /** Undefined if it was not recorded. */
  readonly role?: Role | undefined;
}

/** A state's name as dhcpd prints and stores it. */
export const printed = (state: ServerState): PrintedState =>
  state === "UNKNOWN" ? "unknown-state" : (state.toLowerCase() as PrintedState);
const stateOf = (text: PrintedState): ServerState => (text === "unknown-state" ? "UNKNOWN" : (text.toUpperCase() as ServerState));

/** Key of what only we keep of a relationship. */
export const privateKey = (relationship: string): string => `failover-private/${relationship}`;

const VERSION = 1;
const TANDEM = 1;
const INCOMPLETE = 2;
const OLD = 4;
const PRIMARY = 8;
const SECONDARY = 16;
const ROLE_FLAGS = { primary: PRIMARY, secondary: SECONDARY } as const;

/** The two records of an endpoint. */
export function endpointRecords(name: string, endpoint: StoredEndpoint): readonly { readonly key: string; readonly value: Uint8Array }[] {
  const { state, since, partner, partnerSince, mclt } = endpoint;
  const shared = { name, myState: printed(state), myStos: since, partnerState: printed(partner), partnerStos: partnerSince, mclt };
  const out = new ByteWriter(64).u8(VERSION).u32(endpoint.partnerLastAlive).u8(flagsOf(endpoint));
  if (endpoint.formerMclt > 0) out.u32(endpoint.formerMclt);
  if (endpoint.hba !== undefined) out.bytes(endpoint.hba);
  return [
    { key: endpointKey(name), value: encodeRecord(shared) },
    { key: privateKey(name), value: out.finish() },
  ];
}

const flagsOf = ({ partnerIsTandem, storeIntact, isOld, role }: StoredEndpoint): number =>
  (partnerIsTandem ? TANDEM : 0) | (storeIntact ? 0 : INCOMPLETE) | (isOld ? OLD : 0) | (role === undefined ? 0 : ROLE_FLAGS[role]);

/** The endpoint as recorded; undefined if there is no record, or none that can be read. One that an operator or dhcpd wrote lacks our own part. */
export function readEndpoint(name: string, record: (key: string) => Uint8Array | undefined): StoredEndpoint | undefined {
  const bytes = record(endpointKey(name));
  const shared = bytes === undefined ? undefined : decodeEndpoint(bytes);
  if (shared === undefined) return undefined;
  const state = stateOf(shared.myState);
  const partner = stateOf(shared.partnerState);
  const recorded = state === "UNKNOWN" || state === "STARTUP" ? "RECOVER" : state;
  const common = { state: recorded, since: shared.myStos, partner, partnerSince: shared.partnerStos, mclt: seconds(shared.mclt ?? 0) };
  const reader = new ByteReader(record(privateKey(name)) ?? new Uint8Array(0));
  if (reader.u8() !== VERSION) return { ...common, ...UNWRITTEN, partnerLastAlive: shared.myStos };
  const partnerLastAlive = epochSeconds(reader.u32());
  const flags = reader.u8() ?? 0;
  const kept = { partnerIsTandem: (flags & TANDEM) !== 0, storeIntact: (flags & INCOMPLETE) === 0, isOld: (flags & OLD) !== 0 };
  const role = (flags & PRIMARY) !== 0 ? "primary" : (flags & SECONDARY) !== 0 ? "secondary" : undefined;
  const formerMclt = seconds(reader.remaining % HBA_SIZE === 4 ? (reader.u32() ?? 0) : 0);
  const hba = reader.remaining === HBA_SIZE ? new Uint8Array(reader.rest()) : undefined;
  return { ...common, partnerLastAlive, ...kept, formerMclt, hba, ...(role === undefined ? {} : { role }) };
}
const HBA_SIZE = 32;
/** What a record says that has no part of ours. */
const UNWRITTEN = { formerMclt: seconds(0), hba: undefined, partnerIsTandem: false, storeIntact: true, isOld: false } as const;

/** Key of a relationship's {@link Marks}. */
export const marksKey = (relationship: string): string => `failover-marks/${relationship}`;
const NO_MARKS: Marks = { own: 0, partners: 0 };
export const encodeMarks = ({ own, partners }: Marks): Uint8Array => new ByteWriter(8).u32(own).u32(partners).finish();
/** None, if there is no record, or none that can be read. */
export function decodeMarks(bytes: Uint8Array | undefined): Marks {
  const reader = new ByteReader(bytes ?? new Uint8Array(0));
  const marks = { own: reader.u32(), partners: reader.u32() };
  return reader.failed ? NO_MARKS : marks;
}

/** How long waits for the partner's promises are: by the longer MCLT, while promises by either may be untold. */
export const waitedMclt = ({ mclt, formerMclt }: Pick<Endpoint, "mclt" | "formerMclt">): Seconds => seconds(Math.max(mclt, formerMclt));

/**
 * Another MCLT is to hold. Until both servers know that and have told each other what they promised before, waits go by the longer one. A
 * primary promises by the shorter one until the partner has acknowledged the other.
 */
export function takeMclt(endpoint: Pick<Endpoint, "mclt" | "formerMclt">, next: Seconds, isPrimary: boolean): void {
  const { mclt, formerMclt } = endpoint;
  const isChange = mclt > 0 && mclt !== next;
  if (isChange) endpoint.formerMclt = seconds(Math.max(formerMclt, mclt, next));
  endpoint.mclt = isChange && isPrimary ? seconds(Math.min(mclt, next)) : next;
}

/** How long after a start we wait in STARTUP for the partner. Seconds (dhcpd's). */
export const STARTUP_SECONDS = seconds(15);

/**
 * An endpoint at start (failover-12 §9.3): as recorded, or in RECOVER when nothing is. A server that announced its
 * shutdown recovers; one that paused has merely been out of touch.
 */
export function startEndpoint(
  recorded: StoredEndpoint | undefined,
  configured: Pick<Endpoint, "mclt" | "hba" | "role">,
  now: EpochSeconds,
  marks: Marks = NO_MARKS,
): Endpoint {
  const startupUntil = epochSeconds(now + STARTUP_SECONDS);
  const common = { startupUntil, communicating: false, autoPartnerDownAt: undefined, requested: undefined, marks };
  if (recorded === undefined) {
    const fresh = {
      state: "RECOVER",
      since: now,
      partner: "UNKNOWN",
      partnerSince: NO_TIME,
      partnerLastAlive: now,
      partnerIsTandem: false,
    } as const;
    return { ...common, ...fresh, ...configured, formerMclt: seconds(0), storeIntact: false, isOld: false };
  }
  const state = recorded.state === "SHUTDOWN" ? "RECOVER" : recorded.state === "PAUSED" ? "COMMUNICATIONS-INTERRUPTED" : recorded.state;
  const endpoint = { ...common, ...recorded, state, hba: configured.hba ?? recorded.hba, role: configured.role ?? recorded.role };
  if (configured.mclt > 0) takeMclt(endpoint, configured.mclt, recorded.partner !== "UNKNOWN");
  return hasOtherRole(recorded, configured) && CLAIMS_A_SHARE.has(state) ? recovering(endpoint, now) : endpoint;
}

/** States in which a server gives out what its role says is its own. */
const CLAIMS_A_SHARE: ReadonlySet<RecordedState> = new Set(["NORMAL", "COMMUNICATIONS-INTERRUPTED", "RECOVER-DONE"]);

/**
 * The free addresses that were the partner's are ours by our new role, and the partner may not have its new one yet: it is heard first. Nothing
 * is forgotten, so MCLT need not be waited for.
 */
const recovering = (endpoint: Endpoint, now: EpochSeconds): Endpoint => ({
  ...endpoint,
  state: "RECOVER",
  since: epochSeconds(now - waitedMclt(endpoint)),
});

/** Was this server the other one of the two when it last served? */
export const hasOtherRole = (recorded: Pick<Endpoint, "role"> | undefined, { role }: Pick<Endpoint, "role">): boolean =>
  recorded?.role !== undefined && role !== undefined && recorded.role !== role;
