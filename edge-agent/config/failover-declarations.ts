import { seconds } from "../values/time.ts";
import type { FailoverPeer } from "./agent-config.ts";
import { addressOrHost } from "./host-lookup.ts";
import type { Location } from "./location.ts";
import type { ParseContext, Place } from "./parse-context.ts";
import type { TokenReader } from "./token-reader.ts";
import { atoi, numericAggregate } from "./values.ts";

/** What a peer declaration has said so far; what it has not said is undefined. */
interface PeerSettings {
  role: "primary" | "secondary";
  address: string | undefined;
  peerAddress: string | undefined;
  hba: Uint8Array | undefined;
  hbaWord: "split" | "hba" | undefined;
  readonly numbers: Map<string, number>;
}

function fail(reader: TokenReader, message: string, mend?: string): undefined {
  reader.fail(message, mend);
  reader.skipStatement();
}

/** `failover peer "NAME" …`, after `failover`: a declaration, or a reference in a shared network. */
export function failoverDeclaration(context: ParseContext, reader: TokenReader, place: Place): undefined {
  const location = reader.location;
  if (reader.next().type !== "peer") return fail(reader, 'expecting "peer"');
  const token = reader.next();
  if (token.type !== "STRING" && !reader.isIdentifier(token)) return fail(reader, "expecting failover peer name.");
  const name = token.text;
  const known = context.peers.get(name);
  const { type } = reader.next();
  if (type === ";") {
    if (place.kind !== "shared-network") reader.fail("failover peer reference not in shared-network declaration");
    else if (known === undefined) reader.fail(`reference to unknown failover peer ${name}`);
    else if (place.network !== undefined) place.network.failoverPeer = name;
    return;
  }
  if (type === "state") {
    if (known === undefined) reader.fail(`state declaration for unknown failover peer ${name}`);
    if (known !== undefined || !reader.likeDhcpd) reader.skipStatement();
    return;
  }
  if (type !== "{") {
    fail(reader, "expecting left brace");
    if (!reader.likeDhcpd) return;
  }
  if (known !== undefined) {
    reader.fail(`redeclaration of failover peer ${name}`);
    reader.skipBlock();
    return;
  }
  const settings: PeerSettings = {
    role: "primary",
    address: undefined,
    peerAddress: undefined,
    hba: undefined,
    hbaWord: undefined,
    numbers: new Map(),
  };
  if (!peerBlock(context, reader, settings)) return;
  check(reader, settings);
  const peer = finish(name, settings, location);
  context.peers.set(name, { peer, poolCount: 0 });
  if (place.kind === "shared-network" && place.network !== undefined) place.network.failoverPeer = name;
  const closing = reader.last;
  const balances = peer.loadBalanceMaxSeconds > 0;
  context.atEnd.push(() => {
    const uses = context.peers.get(name)?.poolCount ?? 0;
    if (uses === 0) {
      reader.failFailoverCheck(
        closing,
        `Failover peer, ${name}, has no referring pools. You must refer to each peer in at least one pool declaration.`,
        `add failover peer "${name}"; to a pool`,
      );
    }
    const balancing = `load balancing will be disabled for failover peer, ${name}, because its load balance max secs is 0`;
    if (!balances) reader.warnWithoutPlace(balancing, "WARNING: ", "add load balance max seconds 3;");
  });
}

/** Statements up to "}". False after an error that ends the declaration. */
function peerBlock(context: ParseContext, reader: TokenReader, settings: PeerSettings): boolean {
  for (;;) {
    let { type } = reader.next();
    let ofPartner = false;
    while (type === "peer") {
      ofPartner = true;
      type = reader.next().type;
    }
    if (type === "}") return true;
    if (!peerStatement(context, reader, settings, type, ofPartner)) {
      reader.skipBlock();
      return false;
    }
    if (!reader.semicolon() && reader.likeDhcpd) {
      reader.skipBlock();
      return false;
    }
  }
}

const NUMBERS = new Set([
  "max-lease-misbalance",
  "max-lease-ownership",
  "max-balance",
  "min-balance",
  "auto-partner-down",
  "max-response-delay",
  "max-unacked-updates",
  "mclt",
]);

function peerStatement(context: ParseContext, reader: TokenReader, settings: PeerSettings, type: string, ofPartner: boolean): boolean {
  const problem = (message: string, mend?: string): false => {
    reader.fail(message, mend);
    return false;
  };
  if (type === "primary" || type === "secondary") {
    settings.role = type;
    if (type === "secondary" && settings.hba !== undefined) loadBalanceOnSecondary(reader);
    return true;
  }
  if (type === "address") return peerAddress(context, reader, settings, ofPartner);
  if (type === "hba") return hbaStatement(reader, settings);
  if (type === "split") return splitStatement(reader, settings);
  /** Here dhcpd leaves the block, and goes on reading as if it had not. */
  const halfLeft = (message: string, mend?: string): boolean => {
    reader.fail(message, mend);
    if (reader.likeDhcpd) reader.skipBraces(1);
    return reader.likeDhcpd;
  };
  if (type === "load") {
    if (reader.next().type !== "balance") return halfLeft("expecting 'balance'");
    if (reader.next().type !== "max") return halfLeft("expecting 'max'");
    if (reader.next().type !== "seconds") return halfLeft("expecting 'secs'", "write load balance max seconds 3;");
    if (reader.next().type !== "NUMBER") return halfLeft("expecting number");
    settings.numbers.set("load", atoi(reader.last.text));
    return true;
  }
  if (type !== "port" && !NUMBERS.has(type)) return problem("invalid statement in peer declaration", `found "${reader.last.text}"`);
  if (reader.next().type !== "NUMBER") return type === "port" ? halfLeft("expecting number") : problem("expecting number.");
  const own = !ofPartner || (type !== "port" && type !== "max-response-delay" && type !== "max-unacked-updates");
  settings.numbers.set(own ? type : `peer ${type}`, atoi(reader.last.text));
  return true;
}

function loadBalanceOnSecondary(reader: TokenReader): void {
  reader.fail("secondary may not define load balance settings.", "split and hba belong to the primary, which tells them to us");
}

function peerAddress(context: ParseContext, reader: TokenReader, settings: PeerSettings, ofPartner: boolean): boolean {
  const start = reader.peek().offset;
  const found = addressOrHost(context, reader, false);
  if (found === "failed") return false;
  const { last } = reader;
  const text = reader.source.text.slice(start, last.offset + last.text.length).replace(/\s/g, "");
  if (ofPartner) settings.peerAddress = text;
  else settings.address = text;
  return true;
}

function warnBoth(reader: TokenReader, settings: PeerSettings, word: "split" | "hba"): void {
  if (settings.hbaWord !== undefined) reader.warn(`${word} replaces the ${settings.hbaWord} given before`, "give only one of them");
  settings.hbaWord = word;
}

function hbaStatement(reader: TokenReader, settings: PeerSettings): boolean {
  if (settings.role === "secondary") loadBalanceOnSecondary(reader);
  const hba = numericAggregate(reader, 32, ":", 16);
  if (hba === undefined) return false;
  warnBoth(reader, settings, "hba");
  settings.hba = hba;
  return true;
}

/** `split N`: the first N of 256 buckets are the primary's (draft-ietf-dhc-failover-12 §5.3). */
function splitStatement(reader: TokenReader, settings: PeerSettings): boolean {
  const token = reader.next();
  if (settings.role === "secondary") loadBalanceOnSecondary(reader);
  if (token.type !== "NUMBER") {
    reader.fail("expecting number");
    return false;
  }
  const split = atoi(token.text) >>> 0;
  if (split > 256) {
    reader.fail("split must be between 0 and 256, inclusive");
    return true;
  }
  const hba = new Uint8Array(32);
  for (let bucket = 0; bucket < split; bucket += 1) hba[bucket >> 3] = (hba[bucket >> 3] ?? 0) | (1 << (bucket & 7));
  warnBoth(reader, settings, "split");
  settings.hba = hba;
  return true;
}

function check(reader: TokenReader, settings: PeerSettings): void {
  const { role, hba, numbers } = settings;
  if (settings.peerAddress === undefined) reader.fail("peer address may not be omitted", "add peer address ADDRESS;");
  if (role === "primary" && hba === undefined) reader.fail("primary failover server must have hba or split.", "add split 128;");
  else if (role === "primary" && !numbers.get("mclt")) reader.fail("primary failover server must have mclt.", "add mclt 3600;");
  if (role === "secondary" && numbers.has("mclt")) reader.warn("mclt on the secondary has no effect", "the primary tells it to us");
}

/** The declaration with dhcpd's defaults; 0 means the default, as in dhcpd. */
function finish(name: string, settings: PeerSettings, location: Location): FailoverPeer {
  const number = (word: string, otherwise: number): number => settings.numbers.get(word) || otherwise;
  const primary = settings.role === "primary";
  return {
    name,
    role: settings.role,
    address: settings.address,
    port: number("port", 647),
    peerAddress: settings.peerAddress ?? "",
    peerPort: number("peer port", 647),
    maxResponseDelay: seconds(number("max-response-delay", 20)),
    maxUnackedUpdates: number("max-unacked-updates", 100),
    mclt: primary ? seconds(number("mclt", 3600)) : undefined,
    hba: primary ? settings.hba : undefined,
    loadBalanceMaxSeconds: number("load", 0),
    autoPartnerDown: seconds(number("auto-partner-down", 0)),
    maxLeaseMisbalance: number("max-lease-misbalance", 15),
    maxLeaseOwnership: number("max-lease-ownership", 10),
    minBalance: seconds(number("min-balance", 60)),
    maxBalance: seconds(number("max-balance", 3600)),
    location,
  };
}
