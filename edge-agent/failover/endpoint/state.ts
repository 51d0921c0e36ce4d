import { ByteReader } from "../../values/byte-reader.ts";
import { ByteWriter } from "../../values/byte-writer.ts";
import { type EpochSeconds, epochSeconds, NO_TIME, type Seconds, seconds } from "../../values/time.ts";
import { SERVER_STATE_CODES, type ServerState, serverStateOf } from "../wire/codes.ts";

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
  mclt: Seconds;
  /** Whose bucket is whose; the secondary learns it by CONNECT. */
  hba: Uint8Array | undefined;
  /** The partner is an agent of our own kind, as its last CONNECT or CONNECTACK said. */
  partnerIsTandem: boolean;
  /** Our store knew this relationship when we started: nothing that we ever acknowledged is lost. */
  readonly storeIntact: boolean;
  /** The update request that the partner has not ended with UPDDONE on this connection. */
  requested: { readonly type: "UPDREQ" | "UPDREQALL"; readonly xid: number } | undefined;
}

/** What is kept on disk of an {@link Endpoint}. */
export interface RecordedEndpointState {
  readonly state: RecordedState;
  readonly since: EpochSeconds;
  readonly partner: ServerState;
  readonly partnerSince: EpochSeconds;
  readonly partnerLastAlive: EpochSeconds;
  readonly mclt: Seconds;
  readonly hba: Uint8Array | undefined;
  readonly partnerIsTandem: boolean;
}

/** Key of a relationship's record in the store. */
export const recordKey = (relationship: string): string => `failover/${relationship}`;

const VERSION = 1;

export function encodeEndpoint(endpoint: RecordedEndpointState): Uint8Array {
  const out = new ByteWriter(128);
  out.u8(VERSION).u8(SERVER_STATE_CODES[endpoint.state]).u32(endpoint.since).u8(SERVER_STATE_CODES[endpoint.partner]);
  out
    .u32(endpoint.partnerSince)
    .u32(endpoint.partnerLastAlive)
    .u32(endpoint.mclt)
    .u8(endpoint.partnerIsTandem ? 1 : 0);
  if (endpoint.hba !== undefined) out.bytes(endpoint.hba);
  return out.finish();
}

/** Undefined for bytes that no version of ours wrote. */
export function decodeEndpoint(bytes: Uint8Array): RecordedEndpointState | undefined {
  const reader = new ByteReader(bytes);
  if (reader.u8() !== VERSION) return undefined;
  const state = serverStateOf(reader.u8());
  const since = epochSeconds(reader.u32());
  const partner = serverStateOf(reader.u8());
  const partnerSince = epochSeconds(reader.u32());
  const partnerLastAlive = epochSeconds(reader.u32());
  const mclt = seconds(reader.u32());
  const partnerIsTandem = reader.u8() === 1;
  if (reader.failed || state === undefined || state === "UNKNOWN" || state === "STARTUP" || partner === undefined) return undefined;
  const hba = reader.remaining === 32 ? new Uint8Array(reader.rest()) : undefined;
  return { state, since, partner, partnerSince, partnerLastAlive, mclt, hba, partnerIsTandem };
}

/** How long after a start we wait in STARTUP for the partner. Seconds (dhcpd's). */
export const STARTUP_SECONDS = seconds(15);

/**
 * An endpoint at start (failover-12 §9.3): as recorded, or in RECOVER when nothing is. A server that announced its
 * shutdown recovers; one that paused has merely been out of touch.
 */
export function startEndpoint(
  recorded: RecordedEndpointState | undefined,
  configured: Pick<Endpoint, "mclt" | "hba">,
  now: EpochSeconds,
): Endpoint {
  const startupUntil = epochSeconds(now + STARTUP_SECONDS);
  const common = { startupUntil, communicating: false, autoPartnerDownAt: undefined, requested: undefined };
  if (recorded === undefined) {
    const fresh = {
      state: "RECOVER",
      since: now,
      partner: "UNKNOWN",
      partnerSince: NO_TIME,
      partnerLastAlive: now,
      partnerIsTandem: false,
    } as const;
    return { ...common, ...fresh, ...configured, storeIntact: false };
  }
  const state = recorded.state === "SHUTDOWN" ? "RECOVER" : recorded.state === "PAUSED" ? "COMMUNICATIONS-INTERRUPTED" : recorded.state;
  const mclt = configured.mclt > 0 ? configured.mclt : recorded.mclt;
  return { ...common, ...recorded, state, mclt, hba: configured.hba ?? recorded.hba, storeIntact: true };
}
