import type { Ipv4Address } from "../../values/ipv4.ts";
import { type EpochSeconds, epochSeconds, NEVER, NO_TIME } from "../../values/time.ts";
import type { FailoverTimes, Lease } from "../lease.ts";
import type { StoreWrite } from "../store-write.ts";
import { encodeRecord, endpointKey, groupKey, hostKey, type LeaseFile, type RecordedEndpoint } from "./types.ts";

export interface ImportOptions {
  /** Is this address in a pool with a failover partner? Only such leases have failover times. */
  readonly inFailoverPool: (address: Ipv4Address) => boolean;
  /** Wall-clock seconds minus lease-clock seconds; the file is on the wall clock. */
  readonly wallOffset: number;
}

/** The writes that make a store say what the lease file says: leases, failover states, and declarations made at run time. */
export function importLeaseFile(file: LeaseFile, options: ImportOptions): StoreWrite[] {
  const writes: StoreWrite[] = file.leases.map((lease) => ({ kind: "lease", lease: importLease(lease, options) }));
  for (const endpoint of file.endpoints)
    writes.push({ kind: "record", key: endpointKey(endpoint.name), value: encodeRecord(importEndpoint(endpoint, options)) });
  for (const declaration of file.declarations) {
    const key = declaration.kind === "host" ? hostKey(declaration.name) : groupKey(declaration.name);
    writes.push({ kind: "record", key, value: encodeRecord(declaration) });
  }
  return writes;
}

/**
 * The failover states that somebody else wrote into `file` (see sealOf) and that are not the store's: an operator edits
 * the file of a stopped server to bring it up in PARTNER-DOWN, as with dhcpd. Times on the lease clock.
 */
export function readEditedFailoverState(
  file: LeaseFile,
  stored: (name: string) => RecordedEndpoint | undefined,
  wallOffset: number,
): readonly RecordedEndpoint[] {
  return file.endpoints
    .filter(({ name }) => !file.sealed.has(name))
    .map((endpoint) => importEndpoint(endpoint, { wallOffset }))
    .filter((endpoint) => {
      const ours = stored(endpoint.name);
      return ours === undefined || ours.myState !== endpoint.myState || ours.partnerState !== endpoint.partnerState;
    });
}

function importLease(lease: Lease, { inFailoverPool, wallOffset }: ImportOptions): Lease {
  const shift = (time: EpochSeconds): EpochSeconds => onLeaseClock(time, wallOffset);
  const failover = inFailoverPool(lease.address) ? (lease.failover ?? unannounced(lease)) : undefined;
  if (wallOffset === 0 && failover === lease.failover) return lease;
  return {
    ...lease,
    starts: shift(lease.starts),
    ends: shift(lease.ends),
    cltt: shift(lease.cltt),
    failover: failover && { ...failover, tstp: shift(failover.tstp), tsfp: shift(failover.tsfp), atsfp: shift(failover.atsfp) },
  };
}

/** A lease from before there was a partner: all of it is owed. */
const unannounced = (lease: Lease): FailoverTimes => ({
  tstp: lease.ends,
  tsfp: NO_TIME,
  atsfp: NO_TIME,
  owed: lease.ends !== NO_TIME,
  rewindStatus: lease.status,
});

function importEndpoint(endpoint: RecordedEndpoint, { wallOffset }: { readonly wallOffset: number }): RecordedEndpoint {
  const { myStos, partnerStos } = endpoint;
  return { ...endpoint, myStos: onLeaseClock(myStos, wallOffset), partnerStos: onLeaseClock(partnerStos, wallOffset) };
}

const onLeaseClock = (time: EpochSeconds, wallOffset: number): EpochSeconds =>
  time === NO_TIME || time === NEVER ? time : epochSeconds(time - wallOffset);
