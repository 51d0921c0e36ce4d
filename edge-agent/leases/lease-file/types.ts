import type { EpochSeconds } from "../../values/time.ts";
import { hashBytes } from "../client-index.ts";
import type { Lease } from "../lease.ts";

/** States of a failover endpoint as dhcpd.leases(5) spells them. */
export const RECORDED_STATES = [
  "unknown-state",
  "startup",
  "normal",
  "communications-interrupted",
  "partner-down",
  "potential-conflict",
  "recover",
  "paused",
  "shutdown",
  "recover-done",
  "resolution-interrupted",
  "conflict-done",
  "recover-wait",
] as const;
export type RecordedState = (typeof RECORDED_STATES)[number];

/** What is on disk of one failover relationship: the record "failover/NAME", and the block `failover peer "NAME" state`. */
export interface RecordedEndpoint {
  readonly name: string;
  readonly myState: RecordedState;
  /** Start-time-of-state of our state (failover-12 §12.25). */
  readonly myStos: EpochSeconds;
  readonly partnerState: RecordedState;
  readonly partnerStos: EpochSeconds;
  /** Seconds; undefined until known (the secondary learns it from the primary). */
  readonly mclt: number | undefined;
}

/** The key of the record of relationship `name`. */
export const endpointKey = (name: string): string => `failover/${name}`;
/** The key of the record of a host declaration made at run time (OMAPI). */
export const hostKey = (name: string): string => `host/${name}`;
/** The key of the record of a group declaration made at run time (OMAPI). */
export const groupKey = (name: string): string => `group/${name}`;

/** A declaration made at run time, kept as the text between its braces; `deleted` hides one of the configuration. */
export interface RecordedDeclaration {
  readonly kind: "host" | "group";
  readonly name: string;
  /** Statements as dhcpd.conf(5) writes them, one a line, without `dynamic;`; undefined if it was deleted. */
  readonly body: string | undefined;
  /** It takes the place of one in the configuration; or, without a body, hides it. */
  readonly replaces?: boolean;
}

export interface LeaseFileProblem {
  /** Counted from 1. */
  readonly line: number;
  readonly message: string;
}

/** A lease file as read: of several declarations of one thing, the last. Times are on the wall clock. */
export interface LeaseFile {
  readonly leases: readonly Lease[];
  readonly endpoints: readonly RecordedEndpoint[];
  /** Names of endpoints whose last block is just as this server wrote it: its {@link sealOf} fits. */
  readonly sealed: ReadonlySet<string>;
  readonly declarations: readonly RecordedDeclaration[];
  readonly serverDuid: Uint8Array | undefined;
  readonly authoringByteOrder: "big-endian" | "little-endian" | undefined;
  /** Statements that were skipped, in order. */
  readonly problems: readonly LeaseFileProblem[];
}

/**
 * A comment in a failover block by which we know our own writing: a block without it, or that does not fit it, was
 * written or edited by somebody else. Neither clocks nor what was flushed before a crash can mislead it.
 */
export function sealOf(endpoint: RecordedEndpoint): string {
  const { name, myState, myStos, partnerState, partnerStos, mclt } = endpoint;
  const text = [name, myState, myStos, partnerState, partnerStos, mclt ?? ""].join("|");
  return `unedited ${hashBytes(new TextEncoder().encode(text), 0).toString(16).padStart(8, "0")}`;
}

/** The bytes of a record: JSON in UTF-8, so that people can read it with any LMDB tool. */
export const encodeRecord = (value: RecordedEndpoint | RecordedDeclaration): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

/** The endpoint of a record "failover/…"; undefined if the bytes are not one. */
export function decodeEndpoint(record: Uint8Array): RecordedEndpoint | undefined {
  const value = parseJson(record) as Partial<RecordedEndpoint> | undefined;
  if (typeof value?.name !== "string" || typeof value.myStos !== "number" || typeof value.partnerStos !== "number") return undefined;
  const { name, myStos, partnerStos, mclt } = value;
  const myState = RECORDED_STATES.find((state) => state === value.myState);
  const partnerState = RECORDED_STATES.find((state) => state === value.partnerState);
  if (myState === undefined || partnerState === undefined) return undefined;
  return { name, myState, myStos, partnerState, partnerStos, mclt: typeof mclt === "number" ? mclt : undefined };
}

/** The declaration of a record "host/…" or "group/…"; undefined if the bytes are not one. */
export function decodeDeclaration(record: Uint8Array): RecordedDeclaration | undefined {
  const value = parseJson(record) as Partial<RecordedDeclaration> | undefined;
  if ((value?.kind !== "host" && value?.kind !== "group") || typeof value.name !== "string") return undefined;
  const body = typeof value.body === "string" ? value.body : undefined;
  return { kind: value.kind, name: value.name, body, ...(value.replaces === true ? { replaces: true } : {}) };
}

function parseJson(record: Uint8Array): object | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(record));
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
