import type { Relationship } from "../failover/relationship.ts";
import type { Word } from "../ledger/calls.ts";
import { type LastEntries, type Outbox, type OutboxReader, openOutbox, queuedIn } from "../ledger/outbox.ts";
import { nextCallAt } from "../ledger/site-calls.ts";
import { isForced, type KnownStanding, newSite, type SiteState } from "../ledger/site-state.ts";
import { WRITE_BUDGET } from "../ledger/write-budget.ts";
import type { DatagramReceived } from "../server/event.ts";
import type { Ipv4Address } from "../values/ipv4.ts";
import { type EpochSeconds, epochSeconds, type MonotonicMillis } from "../values/time.ts";
import type { Failover } from "./failover.ts";
import type { LedgerSetting } from "./ledger-setting.ts";

/** What the ledger's part of an agent needs of the world. */
export interface LedgerPorts {
  readonly settings: readonly LedgerSetting[];
  /** Names this incarnation of the process: random, new at every start. */
  readonly boot: string;
  /** Names the machine. A store that was copied to another is no proof that the process it comes from has ended. */
  readonly host?: string;
  readonly outbox: OutboxReader;
  /** Bytes left on the store's disk, if that is known. */
  readonly freeDisk?: () => number | undefined;
  /** Renewals are merged beyond this backlog; by default what {@link mergeLimits} says. */
  readonly mergeBacklog?: number;
  /** Why the machine's clock is not to be trusted, if it is not. */
  readonly clockDoubt?: () => string | undefined;
}

/** One site as the agent keeps it: the core, the outbox, and who waits for what. Immutable. */
export interface SiteAgent {
  readonly setting: LedgerSetting;
  readonly core: SiteState;
  readonly outbox: Outbox;
  readonly claims: ReadonlyMap<Ipv4Address, Claim>;
  /** Control requests that wait for the ledger's word. */
  readonly waiters: readonly Waiter[];
  /** Why nothing is claimed at the moment, the machine's clock being what it is. */
  readonly clockDoubt: string | undefined;
  /** Since when the wall clock has gone as it does, on that clock: this run of the program began then, or it was set. Milliseconds since 1970. */
  readonly clockSince: number | undefined;
  /** The epoch for which PARTNER-DOWN was entered; 0 for none. */
  readonly entered: number;
  /** The epoch that the partner has named with an answer of its since the start; 0 for none. */
  readonly partnersEpoch: number;
  /** An operator vouched for the partner being off while the ledger was out of reach; over when this server is alone no more. */
  readonly forced: { readonly reason: string; readonly at: MonotonicMillis; readonly told: boolean } | undefined;
  /** Words acted upon without the ledger that are not on its record yet, oldest first. */
  readonly words: readonly Required<Word>[];
  /** Not before then is a word handed in whose act is over. */
  readonly tellAfter: MonotonicMillis;
  /** Not before then is the control plane asked again of our own accord. */
  readonly askAfter: MonotonicMillis;
  readonly trimAfter: MonotonicMillis;
  /** There is no record of a former run in this store. */
  readonly isFresh: boolean;
  /** The numbers of this store's outbox are fitted to the ledger's cursor, which those of a new store are not, whoever told it the epoch. */
  readonly isAligned: boolean;
  /** Events that its store had counted, by the ledger's numbers, when it was opened first after the ledger was met last; undefined: it is met. */
  readonly unmet: number | undefined;
  /** The ledger knows this server and its store knows nothing: its leases are lost, and it serves nobody before it has them back. */
  readonly lost: boolean;
  /** Leases that never reached the ledger before the disk was lost may run until then: nothing new is given out. On the lease clock. */
  readonly allocatesFrom: EpochSeconds | undefined;
}

/**
 * The epoch in which this server acts: the ledger's, or its partner's, by whose word it serves. With a lost disk, or away from the ledger
 * while the partner was alone, it would sort what it does behind what came before.
 */
export const epochOf = ({ core, partnersEpoch }: SiteAgent): number => Math.max(core.standing.epoch, partnersEpoch);

/** An address of the partner's share for a client. */
export interface Claim {
  readonly client: string;
  readonly state: "asked" | "granted" | "refused";
  /** When it is forgotten: the client did not come back, or the refusal is worth asking again. */
  readonly until: MonotonicMillis;
  /** The message that waits for the outcome. */
  readonly waiting: DatagramReceived | undefined;
}

export const NO_CLAIMS: ReadonlyMap<Ipv4Address, Claim> = new Map();

export interface Waiter {
  readonly id: number;
  readonly verb: string;
  readonly force: { readonly reason: string } | undefined;
}

/** All sites of an agent. */
export interface LedgerState {
  readonly ports: LedgerPorts;
  /** Undefined before the first event. */
  readonly sites: ReadonlyMap<string, SiteAgent> | undefined;
  /** How far the wall clock was from the lease clock at the last event. Seconds. */
  readonly wallOffset: number;
  /** For merging renewals: the last entry of each address, by lane, while a backlog is long. Mutable; {@link forgetEntries} once writes were undone. */
  readonly lastOf: Map<string, LastEntries>;
}

const NO_PORTS: LedgerPorts = { settings: [], boot: "", outbox: () => [] };

export const createLedger = (ports: LedgerPorts = NO_PORTS): LedgerState => ({
  ports,
  sites: undefined,
  wallOffset: 0,
  lastOf: new Map(),
});

/** Writes were undone: what was merged into an entry may not be in it. */
export const forgetEntries = ({ lastOf }: LedgerState): void => lastOf.clear();

export const hasLedger = (ledger: LedgerState): boolean => ledger.ports.settings.length > 0;

/** What is kept of a site on disk, as JSON. */
export interface SiteRecord extends KnownStanding, Partial<Outbox> {
  readonly entered: number;
  readonly forced: string | undefined;
  readonly words?: readonly Required<Word>[];
  readonly lost?: boolean;
  readonly aligned?: boolean;
  readonly allocatesFrom?: number | undefined;
  readonly clockSince?: number | undefined;
  /** The machine that it was written on. */
  readonly host: string | undefined;
  /** Evidence of the former incarnation may be in the ledger. */
  readonly published: boolean;
}

export const siteKey = (relationship: string): string => `ledger/${relationship}`;

/** The sites at the first event: what they last knew, from the store. */
export function startSites(
  ports: LedgerPorts,
  record: (key: string) => Uint8Array | undefined,
  now: MonotonicMillis,
): ReadonlyMap<string, SiteAgent> {
  return new Map(ports.settings.map((setting) => [setting.relationship, startSite(setting, ports, record, now)]));
}

/** The site under new terms. A lease that runs is not lengthened, and is cut with the heartbeat that says so. */
export function onTerms(site: SiteAgent, setting: LedgerSetting): SiteAgent {
  const config = {
    ...site.core.config,
    leaseMillis: setting.autonomyMillis,
    coldStart: setting.coldStart,
    writeBudget: setting.writeBudget ?? WRITE_BUDGET,
    partnerIsForeign: setting.foreign,
  };
  return { ...site, setting, core: { ...site.core, config } };
}

/** A site at the first event. */
export function startSite(
  setting: LedgerSetting,
  ports: LedgerPorts,
  record: (key: string) => Uint8Array | undefined,
  now: MonotonicMillis,
): SiteAgent {
  const known = decodeRecord(record(siteKey(setting.relationship)));
  const config = {
    site: setting.site,
    server: setting.server,
    leaseMillis: setting.autonomyMillis,
    mcltMillis: 0,
    coldStart: setting.coldStart,
    writeBudget: setting.writeBudget ?? WRITE_BUDGET,
    partnerIsForeign: setting.foreign,
  };
  const isSameHost = known !== undefined && known.host === ports.host;
  const outbox = openOutbox(setting.relationship, known ?? {}, ports.outbox);
  // of what an old disk has been given since nothing is in the ledger, however often the server is started before the ledger answers
  const counted = known?.counted ?? outbox.lastSeq + outbox.shift;
  const former = known === undefined ? undefined : { ...known, boots: isSameHost ? known.boots : [], counted };
  const core = newSite(config, ports.boot, former, now);
  return {
    setting,
    core: known?.published === true ? { ...core, evidence: { ...core.evidence, published: true } } : core,
    outbox,
    claims: NO_CLAIMS,
    waiters: [],
    clockDoubt: ports.clockDoubt?.(),
    clockSince: known?.clockSince,
    entered: known?.entered ?? 0,
    partnersEpoch: 0,
    forced: known?.forced === undefined ? undefined : { reason: known.forced, at: now, told: false },
    words: known?.words ?? [],
    tellAfter: now,
    askAfter: now,
    trimAfter: now,
    isFresh: known === undefined,
    isAligned: known !== undefined && (known.aligned ?? known.epoch > 0),
    unmet: former?.counted,
    lost: known?.lost === true,
    allocatesFrom: known?.allocatesFrom === undefined ? undefined : epochSeconds(known.allocatesFrom),
  };
}

export function encodeRecord(site: SiteAgent, { host }: Pick<LedgerPorts, "host">): Uint8Array {
  const { core, outbox } = site;
  const value: SiteRecord = {
    ...outbox,
    epoch: core.standing.epoch,
    mode: core.standing.mode,
    nextClaim: core.nextClaim,
    boots: core.boots,
    ...(site.unmet === undefined ? {} : { counted: site.unmet }),
    ...(core.compares ? { compares: true } : {}),
    ...(core.clockSteps.length === 0 ? {} : { clockSteps: core.clockSteps }),
    clockSince: site.clockSince,
    host,
    entered: site.entered,
    forced: site.forced?.reason,
    ...(site.words.length === 0 ? {} : { words: site.words }),
    published: core.evidence.published,
    lost: site.lost,
    aligned: site.isAligned,
    allocatesFrom: site.allocatesFrom,
  };
  return encodeSiteRecord(value);
}

/** As it is kept. */
export const encodeSiteRecord = (value: Partial<SiteRecord>): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

/** Does a site's record say that this server's leases are lost? */
export const isLostRecord = (bytes: Uint8Array | undefined): boolean => decodeRecord(bytes)?.lost === true;

function decodeRecord(bytes: Uint8Array | undefined): SiteRecord | undefined {
  if (bytes === undefined) return undefined;
  try {
    const value = JSON.parse(new TextDecoder().decode(bytes)) as Partial<SiteRecord> | null;
    return typeof value?.epoch === "number" && typeof value.mode === "string" ? ({ boots: [], ...value } as SiteRecord) : undefined;
  } catch {
    return undefined;
  }
}

/** Are communications with the partner interrupted? */
export const isInterrupted = (relationship: Relationship | undefined): boolean =>
  relationship === undefined || relationship.link.up === undefined || !relationship.endpoint.communicating;

/** When a tick is next wanted; undefined if only input can change anything. */
export function ledgerNext(ledger: LedgerState, failover: Failover): MonotonicMillis | undefined {
  if (!hasLedger(ledger)) return undefined;
  if (ledger.sites === undefined) return 0 as MonotonicMillis;
  let next = Number.POSITIVE_INFINITY;
  for (const [name, site] of ledger.sites) {
    const relationship = failover.relationships.get(name);
    const due = nextCallAt(site.core, { interrupted: isInterrupted(relationship), queued: queuedIn(site.outbox) });
    if (due !== undefined) next = Math.min(next, due);
    for (const { until, state } of site.claims.values()) if (state !== "asked") next = Math.min(next, until);
    if (site.core.phase === "running" && wantsToAsk(site, relationship) !== undefined) next = Math.min(next, site.askAfter);
    if (wordToTell(site, relationship) !== undefined) next = Math.min(next, site.tellAfter);
  }
  return next === Number.POSITIVE_INFINITY ? undefined : (next as MonotonicMillis);
}

/**
 * What this server asks the control plane of its own accord: to be alone, when failover has come to PARTNER-DOWN without the
 * ledger's word (the partner announced its going, `auto-partner-down`, an order given while the ledger was out of reach); and
 * to be a pair again, when the partner has recovered.
 */
export function wantsToAsk(site: SiteAgent, relationship: Relationship | undefined): "partner-down" | "clear" | undefined {
  const { core } = site;
  if (relationship === undefined || relationship.endpoint.startupUntil !== undefined) return undefined;
  const { state } = relationship.endpoint;
  if (core.standing.mode === "PAIR" && state === "PARTNER-DOWN") {
    return core.config.partnerIsForeign && site.forced === undefined ? undefined : "partner-down";
  }
  // given while alone already: it is on record once the ledger has it
  if (core.standing.mode === "SOLE" && state === "PARTNER-DOWN" && site.forced?.told === false) return "partner-down";
  const isRecovered = state === "NORMAL" || state === "COMMUNICATIONS-INTERRUPTED";
  const entered = site.entered === core.standing.epoch;
  return core.standing.mode === "SOLE" && entered && isRecovered && core.claims.length === 0 ? "clear" : undefined;
}

/**
 * The word to be put on record by itself: the act is over, or the ledger has granted it by another's. While this server asks to be alone by
 * it, the word goes in with that.
 */
export function wordToTell(site: SiteAgent, relationship: Relationship | undefined): Required<Word> | undefined {
  const { core, words } = site;
  if (words.length === 0 || core.phase !== "running" || wantsToAsk(site, relationship) === "partner-down") return undefined;
  return isForced(core.busy.control) || core.wishes.some(isForced) ? undefined : words[0];
}
