import type { HostDeclaration } from "../config/agent-config.ts";
import { ETHERNET } from "../values/hardware-address.ts";
import { type Ipv4Address, ipv4FromBytes, ipv4ToBytes } from "../values/ipv4.ts";
import { err, ok, type Result } from "../values/result.ts";
import type { DynamicGroup, DynamicHost, OmapiChange } from "./change.ts";
import type { ObjectReference, ObjectType } from "./objects.ts";
import { RESULT, type Refusal, refuse } from "./result-codes.ts";
import { integerValue, latin1, type OmapiValue, readInteger, textBytes } from "./wire/message.ts";

export interface HostSurroundings {
  /** Hosts of the configuration and those made over OMAPI, without the removed ones. */
  readonly hosts: readonly HostDeclaration[];
  /** Names of groups that a host may be put in. */
  readonly groups: ReadonlyMap<string, DynamicGroup>;
  /** Why dhcpd.conf statements cannot be taken; undefined when they can. */
  readonly statementsError: (text: string) => string | undefined;
  /** A name for a host that came without one. */
  readonly freshName: () => string;
}

const KEYS = new Set(["name", "hardware-address", "dhcp-client-identifier"]);

/** "host": reservations that scripts make, look up, change and remove while the server runs. */
export function hostObject(around: HostSurroundings): ObjectType<OmapiChange> {
  return {
    find: (keys) => findHost(keys, around.hosts),
    create(values) {
      const host = hostFrom(values, around);
      if (!host.ok) return host;
      return ok({ reference: { type: "host", name: host.value.name }, changes: [{ kind: "host", host: host.value }] });
    },
    read(reference) {
      const host = around.hosts.find((each) => each.name === reference.name);
      return host === undefined ? undefined : attributes(host);
    },
    update(reference, values) {
      const host = around.hosts.find((each) => each.name === reference.name);
      if (host === undefined) return err(refuse(RESULT.notFound, "no matching handle"));
      return updateHost(host, values);
    },
    remove: (reference) => ok([{ kind: "host-removed", name: reference.name }]),
  };
}

function findHost(keys: readonly OmapiValue[], hosts: readonly HostDeclaration[]): Result<ObjectReference, Refusal> {
  const used = keys.filter(({ name }) => KEYS.has(name));
  if (used.length === 0) return err(refuse(RESULT.notImplemented, "can't create new object"));
  const type = keys.find(({ name }) => name === "hardware-type");
  const htype = type === undefined ? ETHERNET : readInteger(type.value);
  let found: HostDeclaration | undefined;
  for (const { name, value } of used) {
    const matches = hosts.filter((host) => {
      if (name === "name") return host.name === latin1(value);
      if (name === "dhcp-client-identifier") return host.clientId !== undefined && latin1(host.clientId) === latin1(value);
      return host.hardware !== undefined && host.hardware.htype === htype && latin1(host.hardware.bytes) === latin1(value);
    });
    const [first] = matches;
    if (first === undefined) return err(refuse(RESULT.notFound, "no object matches specification"));
    if (found !== undefined && !matches.includes(found)) return err(refuse(RESULT.keyConflict, "object lookup failed"));
    if (found === undefined && matches.length > 1) return err(refuse(RESULT.ambiguous, "object lookup failed"));
    found ??= first;
  }
  return found === undefined ? err(refuse(RESULT.notFound)) : ok({ type: "host", name: found.name });
}

function hostFrom(values: readonly OmapiValue[], around: HostSurroundings): Result<DynamicHost, Refusal> {
  const value = (name: string) => values.find((each) => each.name === name)?.value;
  const invalid = (message = "can't update object") => err(refuse(RESULT.invalidArgument, message));
  const hardwareAddress = value("hardware-address");
  const clientId = value("dhcp-client-identifier");
  if (hardwareAddress === undefined && clientId === undefined) return invalid();
  const type = value("hardware-type");
  const htype = type === undefined ? ETHERNET : readInteger(type);
  if (htype === undefined || htype > 255 || (hardwareAddress?.length ?? 0) > 16) return invalid();
  const addresses = addressesFrom(value("ip-address") ?? new Uint8Array(0));
  if (addresses === undefined) return invalid();
  const statements = latin1(value("statements") ?? new Uint8Array(0));
  if (around.statementsError(statements) !== undefined) return err(refuse(RESULT.parseError, "can't update object"));
  const group = value("group");
  if (group !== undefined && !around.groups.has(latin1(group))) return err(refuse(RESULT.notFound, "can't update object"));
  const name = latin1(value("name") ?? new Uint8Array(0)) || around.freshName();
  if (!/^[\x21-\x7e]{1,255}$/.test(name) || /[{};"]/.test(name)) return invalid();
  if (around.hosts.some((host) => host.name === name)) return err(refuse(RESULT.exists, "can't update object"));
  return ok({
    name,
    hardware: hardwareAddress === undefined ? undefined : { htype, bytes: hardwareAddress },
    clientId,
    addresses,
    group: group === undefined ? undefined : latin1(group),
    statements,
  });
}

function addressesFrom(value: Uint8Array): readonly Ipv4Address[] | undefined {
  if (value.length % 4 !== 0 || value.length > 256) return undefined;
  return Array.from({ length: value.length / 4 }, (_, index) => ipv4FromBytes(value, index * 4));
}

/** What may change afterwards: the addresses. A second name, hardware address, client identifier or statements is refused as by dhcpd. */
function updateHost(host: HostDeclaration, values: readonly OmapiValue[]): Result<readonly OmapiChange[], Refusal> {
  let addresses = host.addresses;
  for (const { name, value } of values) {
    if (name === "known" || name === "hardware-type") continue;
    if (name !== "ip-address") {
      const repeated = attributes(host).some((each) => each.name === name && latin1(each.value) === latin1(value));
      if (repeated) continue; // omshell sends what it set before once more
      return err(refuse(KEYS.has(name) || name === "statements" ? RESULT.exists : RESULT.unknownAttribute, "can't update object"));
    }
    const parsed = addressesFrom(value);
    if (parsed === undefined) return err(refuse(RESULT.invalidArgument, "can't update object"));
    addresses = parsed;
  }
  const { name, hardware, clientId } = host;
  return ok([{ kind: "host", host: { name, hardware, clientId, addresses, group: undefined, statements: "" } }]);
}

function attributes(host: HostDeclaration): readonly OmapiValue[] {
  const bytes = (name: string, value: Uint8Array | undefined): readonly OmapiValue[] => (value === undefined ? [] : [{ name, value }]);
  const addresses = new Uint8Array(host.addresses.flatMap((address) => [...ipv4ToBytes(address)]));
  return [
    ...bytes("ip-address", addresses.length > 0 ? addresses : undefined),
    ...bytes("dhcp-client-identifier", host.clientId),
    { name: "name", value: textBytes(host.name) },
    ...bytes("hardware-address", host.hardware?.bytes),
    ...(host.hardware === undefined ? [] : [{ name: "hardware-type", value: integerValue(host.hardware.htype) }]),
  ];
}

/** "group": statements shared by hosts that scripts make. */
export function groupObject(around: HostSurroundings): ObjectType<OmapiChange> {
  return {
    find(keys) {
      const name = keys.find((key) => key.name === "name");
      if (name === undefined) return err(refuse(RESULT.notFound, "no object matches specification"));
      const found = around.groups.get(latin1(name.value));
      return found === undefined
        ? err(refuse(RESULT.notFound, "no object matches specification"))
        : ok({ type: "group", name: found.name });
    },
    create(values) {
      const value = (wanted: string) => latin1(values.find(({ name }) => name === wanted)?.value ?? new Uint8Array(0));
      const statements = value("statements");
      if (statements === "") return err(refuse(RESULT.invalidArgument, "can't update object"));
      if (around.statementsError(statements) !== undefined) return err(refuse(RESULT.parseError, "can't update object"));
      const group = { name: value("name") || around.freshName(), statements };
      if (around.groups.has(group.name)) return err(refuse(RESULT.exists, "can't update object"));
      return ok({ reference: { type: "group", name: group.name }, changes: [{ kind: "group", group }] });
    },
    read: (reference) => (around.groups.has(reference.name) ? [{ name: "name", value: textBytes(reference.name) }] : undefined),
    update: () => err(refuse(RESULT.exists, "can't update object")),
    remove: (reference) => ok([{ kind: "group-removed", name: reference.name }]),
  };
}
