import { BINDING_STATUSES, type BindingStatus } from "../leases/binding-status.ts";
import { type Lease, neverUsed } from "../leases/lease.ts";
import type { LeaseView } from "../leases/lease-view.ts";
import { ETHERNET } from "../values/hardware-address.ts";
import { formatIpv4, type Ipv4Address, ipv4FromBytes, ipv4ToBytes, parseIpv4 } from "../values/ipv4.ts";
import { err, ok, type Result } from "../values/result.ts";
import { type EpochSeconds, epochSeconds, NEVER, NO_TIME } from "../values/time.ts";
import type { OmapiChange } from "./change.ts";
import type { ObjectReference, ObjectType } from "./objects.ts";
import { RESULT, type Refusal, refuse } from "./result-codes.ts";
import { integerValue, type OmapiValue, readInteger, textBytes } from "./wire/message.ts";

/** Bits of `flags` (dhcpd.h); the others are the server's own. */
const BOOTP = 0x02;
const RESERVED = 0x04;
/** "Never" among OMAPI's times. */
const NEVER_ON_THE_WIRE = 0x7fffffff;
const READ_ONLY = new Set(["ip-address", "pool", "subnet", "starts", "tstp", "tsfp", "atsfp", "cltt", "host", "billing-class"]);
const IGNORED = new Set(["dhcp-client-identifier", "client-hostname", "hostname", "hardware-address", "hardware-type", "remote-handle"]);
const KEYS = new Set(["ip-address", "dhcp-client-identifier", "hardware-address", "hardware-type"]);

/** What of the leases is looked up. */
export type LeaseReader = Pick<LeaseView, "get" | "poolOf" | "byClientId" | "byHardware">;

export interface LeaseSurroundings {
  readonly view: LeaseReader;
  readonly wallOffset: number;
  /** Name of the host declaration for this client, if there is one. */
  readonly hostOf: (lease: Lease) => string | undefined;
  /** The subnet an address is in, as a name; undefined if none. */
  readonly subnetOf: (address: Ipv4Address) => string | undefined;
}

/** "lease": looked up by address, client identifier or hardware address; state, ends, flags and variables may be set. */
export function leaseObject(around: LeaseSurroundings): ObjectType<OmapiChange> {
  return {
    find: (keys) => findLease(keys, around.view),
    create: () => err(refuse(RESULT.notImplemented, "can't create new object")),
    read: (reference, handleOf) => readLease(reference, handleOf, around),
    update: (reference, values) => updateLease(reference, values, around),
    remove: () => err(refuse(RESULT.notImplemented)),
  };
}

function findLease(keys: readonly OmapiValue[], view: LeaseReader): Result<ObjectReference, Refusal> {
  const used = keys.filter(({ name }) => KEYS.has(name) && name !== "hardware-type");
  if (used.length === 0) return err(refuse(RESULT.notImplemented, "can't create new object"));
  let found: Ipv4Address | undefined;
  for (const key of used) {
    const matches = matchesOf(key, keys, view);
    if (!matches.ok) return matches;
    const [address, another] = matches.value;
    if (address === undefined) return err(refuse(RESULT.notFound, "no object matches specification"));
    if (another !== undefined) return err(refuse(RESULT.ambiguous, "object lookup failed"));
    if (found !== undefined && found !== address) return err(refuse(RESULT.keyConflict, "object lookup failed"));
    found = address;
  }
  return found === undefined ? err(refuse(RESULT.notFound)) : ok({ type: "lease", name: formatIpv4(found) });
}

function matchesOf(key: OmapiValue, keys: readonly OmapiValue[], view: LeaseReader): Result<readonly Ipv4Address[], Refusal> {
  if (key.name === "dhcp-client-identifier") return ok(view.byClientId(key.value));
  if (key.name === "hardware-address") {
    const type = keys.find(({ name }) => name === "hardware-type");
    const htype = type === undefined ? ETHERNET : readInteger(type.value);
    if (htype === undefined) return err(refuse(RESULT.invalidArgument, "object lookup failed"));
    return ok(view.byHardware({ htype, bytes: key.value }));
  }
  if (key.value.length !== 4) return err(refuse(RESULT.invalidArgument, "object lookup failed"));
  const address = ipv4FromBytes(key.value);
  return ok(view.get(address) !== undefined || view.poolOf(address) !== undefined ? [address] : []);
}

const addressOf = (reference: ObjectReference): Ipv4Address | undefined => {
  const parsed = parseIpv4(reference.name);
  return parsed.ok ? parsed.value : undefined;
};

function readLease(
  reference: ObjectReference,
  handleOf: (other: ObjectReference) => number,
  around: LeaseSurroundings,
): readonly OmapiValue[] | undefined {
  const address = addressOf(reference);
  if (address === undefined) return undefined;
  const lease = around.view.get(address) ?? neverUsed(address);
  const time = (name: string, value: EpochSeconds): OmapiValue => ({ name, value: integerValue(wallTime(value, around.wallOffset)) });
  const handle = (name: string, other: ObjectReference | undefined): readonly OmapiValue[] =>
    other === undefined ? [] : [{ name, value: integerValue(handleOf(other)) }];
  const bytes = (name: string, value: Uint8Array | undefined): readonly OmapiValue[] => (value === undefined ? [] : [{ name, value }]);
  const named = (type: "host" | "subnet" | "pool" | "class", name: string | undefined) => (name === undefined ? undefined : { type, name });
  const pool = around.view.poolOf(address);
  return [
    { name: "state", value: integerValue(BINDING_STATUSES.indexOf(lease.status) + 1) },
    { name: "ip-address", value: ipv4ToBytes(address) },
    ...bytes("dhcp-client-identifier", lease.clientId),
    ...bytes("client-hostname", lease.hostname === undefined ? undefined : textBytes(lease.hostname)),
    ...handle("host", named("host", around.hostOf(lease))),
    ...handle("subnet", named("subnet", around.subnetOf(address))),
    ...handle("pool", named("pool", pool === undefined ? undefined : String(pool))),
    ...handle("billing-class", named("class", lease.billingClass)),
    ...bytes("hardware-address", lease.hardware?.bytes),
    ...(lease.hardware === undefined ? [] : [{ name: "hardware-type", value: integerValue(lease.hardware.htype) }]),
    time("ends", lease.ends),
    time("starts", lease.starts),
    time("tstp", lease.failover?.tstp ?? NO_TIME),
    time("tsfp", lease.failover?.tsfp ?? NO_TIME),
    time("atsfp", lease.failover?.atsfp ?? NO_TIME),
    time("cltt", lease.cltt),
    { name: "flags", value: Uint8Array.of((lease.bootp ? BOOTP : 0) | (lease.reserved ? RESERVED : 0)) },
    ...[...lease.variables].map(([name, value]) => ({ name, value })),
  ];
}

function updateLease(
  reference: ObjectReference,
  values: readonly OmapiValue[],
  around: LeaseSurroundings,
): Result<readonly OmapiChange[], Refusal> {
  const address = addressOf(reference);
  if (address === undefined) return err(refuse(RESULT.notFound, "no matching handle"));
  const changes: OmapiChange[] = [];
  for (const value of values) {
    const change = changeOf(address, value, around);
    if (!change.ok) return change;
    if (change.value !== undefined) changes.push(change.value);
  }
  return ok(changes);
}

function changeOf(address: Ipv4Address, { name, value }: OmapiValue, around: LeaseSurroundings): Result<OmapiChange | undefined, Refusal> {
  const lease = around.view.get(address) ?? neverUsed(address);
  const invalid = err(refuse(RESULT.invalidArgument, "can't update object"));
  if (IGNORED.has(name)) return ok(undefined);
  if (READ_ONLY.has(name)) {
    const same = name === "ip-address" && value.length === 4 && ipv4FromBytes(value) === address;
    return same ? ok(undefined) : err(refuse(RESULT.permissionDenied, "can't update object"));
  }
  if (name === "state") {
    const status: BindingStatus | undefined = BINDING_STATUSES[(readInteger(value) ?? 0) - 1];
    if (status === undefined) return invalid;
    return ok(status === lease.status ? undefined : { kind: "lease-status", address, status });
  }
  if (name === "ends") {
    const ends = readInteger(value);
    return ends === undefined ? invalid : ok({ kind: "lease-ends", address, ends: leaseTime(ends, around.wallOffset) });
  }
  if (name === "flags") {
    const flags = value.length === 1 ? value[0] : readInteger(value);
    if (flags === undefined) return invalid;
    return ok({ kind: "lease-flags", address, reserved: (flags & RESERVED) !== 0, bootp: (flags & BOOTP) !== 0 });
  }
  return ok({ kind: "lease-variable", address, name, value: value.length === 0 ? undefined : value });
}

const wallTime = (time: EpochSeconds, wallOffset: number): number => {
  if (time === NEVER) return NEVER_ON_THE_WIRE;
  return time === NO_TIME ? 0 : Math.max(0, time + wallOffset);
};
const leaseTime = (time: number, wallOffset: number): EpochSeconds => {
  if (time === NEVER_ON_THE_WIRE) return NEVER;
  return time === 0 ? NO_TIME : epochSeconds(time - wallOffset);
};
