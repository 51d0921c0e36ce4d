import type { HardwareAddress } from "../values/hardware-address.ts";
import type { HostDraft } from "./drafts.ts";
import type { Expression } from "./expression.ts";
import { addressOrHost } from "./host-lookup.ts";
import { declarationBlock, left, type Special } from "./network-declarations.ts";
import { optionName } from "./option-names.ts";
import { optionValue } from "./option-values.ts";
import type { ParseContext, Place } from "./parse-context.ts";
import { bytesOf } from "./source.ts";
import type { TokenReader } from "./token-reader.ts";
import { atoi, hostName, ipv6Value, numericAggregate } from "./values.ts";

function fail(reader: TokenReader, message: string, mend?: string): true {
  reader.fail(message, mend);
  reader.skipStatement();
  return true;
}

/** `host NAME { … }`, after that word. Hosts are known everywhere, wherever they are declared. */
export function hostDeclaration(context: ParseContext, reader: TokenReader, place: Place): boolean {
  const location = reader.location;
  const name = hostName(reader);
  if (name === undefined) return fail(reader, "expecting a name for host declaration.");
  if ((place.kind === "subnet" || place.kind === "shared-network") && !context.said.has("hosts are global")) {
    context.said.add("hosts are global");
    reader.warnWithoutPlace("Host declarations are global.  They are not limited to the scope you declared them in.");
  }
  const scope = context.newScope("host", name, place.scope, location);
  const host: HostDraft = {
    name,
    scope,
    hardware: undefined,
    clientId: undefined,
    identifier: undefined,
    fixedAddresses: undefined,
    fixedAddress6: false,
    dynamic: false,
    deleted: false,
  };
  if (!reader.leftBrace()) return true;
  const inner: Place = { ...place, kind: "host", scope, host, afterDeclaration: false };
  if (!declarationBlock(context, reader, inner, () => hostStatement(context, reader, host))) return true;
  const key = name;
  if (host.deleted) context.hosts.delete(key);
  else if (context.hosts.has(key)) {
    const other = context.hosts.get(key)?.scope.location;
    reader.fail(`host ${name}: already exists`, `it was declared on line ${other?.line} of ${other?.file}`);
  } else context.hosts.set(key, host);
  return true;
}

/** What only hosts know; false if the next statement is another. */
function hostStatement(context: ParseContext, reader: TokenReader, host: HostDraft): Special {
  switch (reader.peek().type) {
    case "dynamic":
    case "deleted":
      host[reader.next().type as "dynamic" | "deleted"] = true;
      return reader.semicolon() || left(reader);
    case "group":
      reader.next();
      return namedGroup(context, reader, host);
    case "uid":
      reader.next();
      return uid(reader, host);
    case "host-identifier":
      if (host.identifier !== undefined) {
        reader.fail("only one host-identifier allowed per host");
        if (reader.likeDhcpd) return leaveHost(reader);
      }
      reader.next();
      return hostIdentifier(context, reader, host);
    default:
      return false;
  }
}

/** `group NAME;`: the statements of a group that was declared before. */
function namedGroup(context: ParseContext, reader: TokenReader, host: HostDraft): Special {
  const name = reader.next();
  if (name.type !== "STRING" && !reader.isIdentifier(name)) return failIn(reader, "expecting string or identifier.");
  const group = context.groups.get(name.text);
  if (group === undefined) reader.fail(`unknown group ${name.text} in host ${host.name}`, "declare it first: group NAME { … }");
  else host.scope.adopted = group;
  return reader.semicolon() || left(reader);
}

/** `uid "text";` or `uid 01:23;`: the client identifier. */
function uid(reader: TokenReader, host: HostDraft): Special {
  const value = reader.accept("STRING") ? bytesOf(reader.last.text) : numericAggregate(reader, 0, ":", 16);
  if (value === undefined) {
    if (!reader.likeDhcpd) return true;
    fail(reader, "expecting hex list.");
  } else host.clientId = value;
  return reader.semicolon() || left(reader);
}

/** An error at which dhcpd leaves the host's block, and so do we. */
function failIn(reader: TokenReader, message: string): Special {
  reader.fail(message);
  return leaveHost(reader);
}

function leaveHost(reader: TokenReader): Special {
  if (reader.likeDhcpd) reader.skipBraces(1);
  else reader.skipStatement();
  return left(reader);
}

/** `host-identifier option NAME VALUE;` */
function hostIdentifier(context: ParseContext, reader: TokenReader, host: HostDraft): Special {
  const word = reader.next();
  const relay = word.type === "v6relopt";
  if (relay && reader.next().type !== "NUMBER") return failIn(reader, "host-identifier v6relopt must have a number");
  if (!relay && word.type !== "option") return failIn(reader, "host-identifier must be an option or v6relopt");
  const named = optionName(context, reader);
  if (named === undefined) return left(reader);
  if ("undefinedName" in named) return failIn(reader, `unknown option ${named.space}.${named.undefinedName}`);
  const value = optionValue(context, reader, named.option);
  if (value === "failed" || !reader.semicolon()) return reader.likeDhcpd ? leaveHost(reader) : true;
  if (relay) reader.inform("host-identifier v6relopt has no effect on this server");
  else if (value !== "none" && value.kind === "bytes") host.identifier = { option: named.option, value: value.value };
  return true;
}

const HARDWARE_TYPES: ReadonlyMap<string, number> = new Map([
  ["ethernet", 1],
  ["token-ring", 6],
  ["fddi", 8],
  ["infiniband", 32],
]);

/** `hardware TYPE ADDRESS;`, after that word. */
export function hardwareParameter(_context: ParseContext, reader: TokenReader, place: Place): boolean {
  if (place.host?.hardware !== undefined) {
    reader.fail(`Host ${place.host.name} hardware address already configured.`);
    reader.skipUnlikeDhcpd();
    return false;
  }
  const hardware = hardwareAddress(reader);
  if (hardware === undefined && (place.host !== undefined || !reader.likeDhcpd)) return false;
  if (place.host !== undefined) place.host.hardware = hardware;
  else reader.fail("hardware address parameter not allowed here.", "it belongs into a host declaration");
  return false;
}

/** Undefined after a reported error. */
function hardwareAddress(reader: TokenReader): HardwareAddress | undefined {
  const type = reader.next();
  const htype = HARDWARE_TYPES.get(type.type) ?? (type.text.startsWith("unknown-") ? atoi(type.text.slice(8)) & 255 : undefined);
  if (htype === undefined) {
    fail(reader, "expecting a network hardware type", "write hardware ethernet 00:16:3e:01:02:03;");
    return undefined;
  }
  const bytes = reader.peek().type === ";" ? new Uint8Array(0) : numericAggregate(reader, 0, ":", 16);
  if (bytes === undefined) return undefined;
  if (bytes.length > 20) reader.fail("hardware address too long");
  reader.semicolon("expecting semicolon.");
  return bytes.length > 20 ? undefined : { htype, bytes };
}

/** `fixed-address ADDRESS, …;` and `fixed-address6 ADDRESS, …;`, after that word. */
export function fixedAddress(context: ParseContext, reader: TokenReader, place: Place): boolean {
  const v6 = reader.last.type === "fixed-address6";
  const location = reader.location;
  const parts: Expression[] = [];
  do {
    const one = v6 ? ipv6Part(reader) : addressOrHost(context, reader, true);
    if (one === "failed") return false;
    parts.push(one);
  } while (reader.accept(","));
  if (!reader.semicolon()) return false;
  const { host } = place;
  if (host === undefined) reader.fail("fixed-address parameter not allowed here.", "it belongs into a host declaration");
  else if (host.fixedAddresses !== undefined || host.fixedAddress6)
    reader.fail("Only one fixed address declaration per host.", "separate addresses by commas");
  else if (v6) {
    host.fixedAddress6 = true;
    reader.inform("fixed-address6 has no effect on this server");
  } else host.fixedAddresses = parts.length === 1 ? (parts[0] as Expression) : { kind: "concat", parts, location };
  return false;
}

function ipv6Part(reader: TokenReader): Expression | "failed" {
  const location = reader.locationOf(reader.peek());
  const value = ipv6Value(reader);
  return value === undefined ? "failed" : { kind: "bytes", value, location };
}

/** `fixed-prefix6 PREFIX/LENGTH;`, after that word: read and left alone. */
export function fixedPrefix(_context: ParseContext, reader: TokenReader, place: Place): boolean {
  if (place.host === undefined) return !fail(reader, "fixed-prefix6 declaration not allowed here.");
  const prefix = ipv6Value(reader);
  if (prefix === undefined) return false;
  if (reader.next().type !== "/") return !fail(reader, "expecting '/'");
  const length = reader.next();
  if (length.type !== "NUMBER") return !fail(reader, "expecting number");
  if (!reader.semicolon()) return false;
  const bits = atoi(length.text);
  if (bits < 0 || bits > 128) reader.fail("networks have 0 to 128 bits");
  else if (hasBitsBeyond(prefix, bits)) reader.fail("network mask too short");
  else reader.inform("fixed-prefix6 has no effect on this server");
  return false;
}

const hasBitsBeyond = (address: Uint8Array, bits: number): boolean =>
  address.some((byte, index) => (byte & (0xff >> Math.max(0, Math.min(8, bits - index * 8)))) !== 0);
