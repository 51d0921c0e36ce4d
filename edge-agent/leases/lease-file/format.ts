import { hexPairs } from "../../values/hardware-address.ts";
import { formatIpv4, ipv4FromBytes } from "../../values/ipv4.ts";
import { type EpochSeconds, epochSeconds, NEVER, NO_TIME } from "../../values/time.ts";
import { BINDING_STATUSES, type BindingStatus } from "../binding-status.ts";
import type { Lease, LeaseEndings } from "../lease.ts";
import { type DateFormat, formatDate } from "./dates.ts";
import { AGENT_OPTIONS, bytesOf, hardwareName } from "./names.ts";
import { type RecordedDeclaration, type RecordedEndpoint, sealOf } from "./types.ts";

export interface LeaseFileStyle {
  /** db-time-format. */
  readonly dates: DateFormat;
  /** lease-id-format. */
  readonly ids: "octal" | "hex";
  /** Added to times of the lease clock, to have the wall clock's; seconds. */
  readonly wallOffset: number;
  /** Variables of dhcp-eval(5) that are numbers or truths wherever they are set: dhcpd writes these as such. */
  readonly variables?: ReadonlyMap<string, "number" | "boolean"> | undefined;
}

export const DEFAULT_STYLE: LeaseFileStyle = { dates: "default", ids: "octal", wallOffset: 0 };

const IN_LOWER_CASE = Object.fromEntries(BINDING_STATUSES.map((status) => [status, status.toLowerCase()])) as Readonly<
  Record<BindingStatus, string>
>;

/** How a lease file starts; the second line is what dhcpd 4.4.3-P1 writes, for tools that look at it. */
export function formatHeader(serverDuid: Uint8Array | undefined, style: LeaseFileStyle): string {
  const duid = serverDuid === undefined ? "" : `server-duid ${formatData(serverDuid, style)};\n\n`;
  return `# The format of this file is documented in the dhcpd.leases(5) manual page.
# This lease file was written by isc-dhcp-4.4.3-P1

# authoring-byte-order entry is generated, DO NOT DELETE
authoring-byte-order little-endian;

${duid}`;
}

/** One `lease` block, statements in dhcpd's order. `now` decides whether a class is still billed. */
export function formatLease(lease: Lease, now: EpochSeconds, style: LeaseFileStyle): string {
  let text = `lease ${formatIpv4(lease.address)} {`;
  const time = (name: string, value: EpochSeconds): void => {
    if (value !== NO_TIME) text += `\n  ${name} ${formatDate(onWall(value, style), style.dates)}`;
  };
  const { failover, status } = lease;
  time("starts", lease.starts);
  time("ends", lease.ends);
  // Without a partner dhcpd writes the end of an ended lease once more.
  time("tstp", failover === undefined ? (status === "ACTIVE" ? NO_TIME : lease.ends) : failover.tstp);
  time("tsfp", failover?.tsfp ?? NO_TIME);
  time("atsfp", failover?.atsfp ?? NO_TIME);
  time("cltt", lease.cltt);
  text += `\n  binding state ${IN_LOWER_CASE[status]};`;
  const next = nextStatus(lease);
  if (next !== status) text += `\n  next binding state ${IN_LOWER_CASE[next]};`;
  const rewind = failover?.rewindStatus ?? "FREE";
  if (rewind !== status) text += `\n  rewind binding state ${IN_LOWER_CASE[rewind]};`;
  if (lease.reserved) text += "\n  reserved;";
  if (lease.bootp) text += "\n  dynamic-bootp;";
  if (lease.billingClass !== undefined && lease.ends > now) text += formatBilling(lease.billingClass);
  return `${text}${formatClient(lease, style)}${lease.endings === undefined ? "" : formatEndings(lease.endings)}\n}\n`;
}

/** The block of a failover relationship, with the empty line dhcpd puts before it and our seal in it. */
export function formatEndpoint(recorded: RecordedEndpoint, style: LeaseFileStyle): string {
  const endpoint = { ...recorded, myStos: onWall(recorded.myStos, style), partnerStos: onWall(recorded.partnerStos, style) };
  const at = (time: EpochSeconds): string => formatDate(time, style.dates);
  const mclt = endpoint.mclt === undefined ? "" : `\n  mclt ${endpoint.mclt};`;
  return `
failover peer ${quoted(bytesOf(endpoint.name))} state {
  my state ${endpoint.myState} at ${at(endpoint.myStos)}
  partner state ${endpoint.partnerState} at ${at(endpoint.partnerStos)}${mclt}
  # ${sealOf(endpoint)}
}
`;
}

/** A host or group made at run time, or the note that it was deleted. For one of the configuration that is the first word on its successor. */
export function formatDeclaration({ kind, name, body, replaces = false }: RecordedDeclaration): string {
  const label = /^[A-Za-z0-9._-]+$/.test(name) ? name : quoted(bytesOf(name));
  const block = (statements: readonly string[]): string =>
    `${kind} ${label} {\n${statements.map((statement) => `${/^\s/.test(statement) ? "" : "  "}${statement}\n`).join("")}}\n`;
  const sort = replaces ? [] : ["dynamic;"];
  if (body === undefined) return block([...sort, "deleted;"]);
  return `${replaces ? block(["deleted;"]) : ""}${block([...sort, ...body.split("\n").filter((line) => line.trim() !== "")])}`;
}

const onWall = (time: EpochSeconds, style: LeaseFileStyle): EpochSeconds => epochSeconds(time === NEVER ? NEVER : time + style.wallOffset);

function nextStatus({ status, failover }: Lease): BindingStatus {
  if (status === "ACTIVE") return failover === undefined ? "FREE" : "EXPIRED";
  return status === "BACKUP" ? "BACKUP" : "FREE";
}

function formatClient(lease: Lease, style: LeaseFileStyle): string {
  let text = "";
  const { hardware, clientId, hostname } = lease;
  if (hardware !== undefined && (hardware.bytes.length > 0 || hardware.htype !== 0))
    text += `\n  hardware ${hardwareName(hardware.htype)} ${hexPairs(hardware.bytes)};`;
  if (clientId !== undefined && clientId.length > 0) text += `\n  uid ${formatData(clientId, style)};`;
  let variables = "";
  // As dhcpd: what was made last stands first, and an empty value is as good as none.
  for (const [name, value] of lease.variables)
    if (value.length > 0) variables = `\n  set ${name} = ${formatVariable(value, style.variables?.get(name))};${variables}`;
  text += variables;
  if (lease.agentOptions !== undefined) text += formatAgentOptions(lease.agentOptions);
  // dhcpd leaves out a name it could not read back.
  if (hostname !== undefined && /^[ !#-[\]-~]+$/.test(hostname)) text += `\n  client-hostname "${hostname}";`;
  return text;
}

function formatVariable(value: Uint8Array, type: "number" | "boolean" | undefined): string {
  if (type === "number" && value.length === 4) return `%${ipv4FromBytes(value)}`;
  if (type === "boolean" && value.length === 1) return value[0] === 0 ? "false" : "true";
  return quoted(value);
}

function formatEndings({ release, expiry }: LeaseEndings): string {
  const block = (events: string, body: string): string => (body === "" ? "" : `\n  on ${events} {${body}\n  }`);
  return release === expiry ? block("expiry or release", expiry) : block("expiry", expiry) + block("release", release);
}

function formatBilling(billing: string): string {
  const subclass = /^(.*)\/((?:[0-9a-f]{2})+)$/.exec(billing);
  if (subclass === null) return `\n  billing class ${quoted(bytesOf(billing))};`;
  const data = Uint8Array.from(subclass[2]!.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  return `\n  billing subclass ${quoted(bytesOf(subclass[1]!))} ${printable(data) ? quoted(data) : hexPairs(data)};`;
}

function formatAgentOptions(options: Uint8Array): string {
  let text = "";
  for (let at = 0; at + 1 < options.length; ) {
    const code = options[at]!;
    const value = options.subarray(at + 2, at + 2 + options[at + 1]!);
    at += 2 + options[at + 1]!;
    if (value.length === 0) continue;
    const { name, form } = AGENT_OPTIONS.get(code) ?? { name: `unknown-${code}`, form: "text" };
    let shown = printable(value) ? quoted(value) : Array.from(value, (byte) => byte.toString(16)).join(":");
    if (form === "address" && value.length === 4) shown = formatIpv4(ipv4FromBytes(value));
    // One that is no number must not look like one.
    if (form === "number") shown = value.length === 4 ? String(ipv4FromBytes(value)) : quoted(value);
    text += `\n  option agent.${name} ${shown};`;
  }
  return text;
}

const formatData = (bytes: Uint8Array, style: LeaseFileStyle): string => (style.ids === "hex" ? hexPairs(bytes) : quoted(bytes));

function printable(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte >= 32 && byte < 127);
}

/** Each byte with dhcpd's escapes: three octal digits for what cannot be printed. */
const ESCAPED = Array.from({ length: 256 }, (_, byte) => {
  if (byte === 34 || byte === 92) return `\\${String.fromCharCode(byte)}`;
  return byte >= 32 && byte < 127 ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, "0")}`;
});

/** A string with dhcpd's escapes. */
function quoted(bytes: Uint8Array): string {
  let text = '"';
  for (let index = 0; index < bytes.length; index += 1) text += ESCAPED[bytes[index]!];
  return `${text}"`;
}
