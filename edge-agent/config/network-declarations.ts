import { broadcastOf, contains, formatIpv4, type Ipv4Address, ipv4 } from "../values/ipv4.ts";
import type { NetworkDraft, ScopeDraft, SubnetDraft } from "./drafts.ts";
import type { ParseContext, Place } from "./parse-context.ts";
import type { TokenReader } from "./token-reader.ts";
import { hostName, ipv4Value } from "./values.ts";

/** Did a kind of block know the next statement? "left": dhcpd takes the block for ended after the error in it. */
export type Special = boolean | "left";

/** After an error at which dhcpd leaves the block. */
export const left = (reader: TokenReader): Special => (reader.likeDhcpd ? "left" : true);

/**
 * Declarations up to the "}" of a block. `special` takes what only this kind of block knows, and says whether it did.
 * False if the file ended first.
 */
export function declarationBlock(context: ParseContext, reader: TokenReader, place: Place, special: () => Special): boolean {
  for (;;) {
    const { type } = reader.peek();
    if (type === "}") {
      reader.next();
      return true;
    }
    if (type === "EOF") {
      reader.next();
      reader.fail("unexpected end of file", `a "}" is missing: the block begins on line ${place.scope.location.line}`);
      return false;
    }
    const { taken } = reader;
    const known = special();
    if (known === "left") return true;
    if (!known) place.afterDeclaration = context.grammar.declaration(context, reader, place);
    if (reader.taken === taken) reader.next();
  }
}

export const NOTHING_SPECIAL = (): boolean => false;

/** `interface NAME;` */
function interfaceStatement(reader: TokenReader, network: NetworkDraft, found: (name: string) => void): Special {
  if (!reader.accept("interface")) return false;
  const name = reader.next().text;
  if (network.interfaceName !== undefined) {
    reader.fail("A subnet or shared network can't be connected to two interfaces.", `it has ${network.interfaceName} already`);
  }
  network.interfaceName = name;
  found(name);
  return reader.semicolon() || left(reader);
}

/** `shared-network NAME { … }`, after those words. */
export function sharedNetworkDeclaration(context: ParseContext, reader: TokenReader, place: Place): boolean {
  const location = reader.location;
  const name = reader.accept("STRING") ? reader.last.text : hostName(reader);
  if (name === undefined) {
    reader.fail("expecting a name for shared-network");
    reader.skipStatement();
    return true;
  }
  if (name === "") reader.fail("zero-length shared network name");
  if (!reader.leftBrace()) return true;
  const scope = context.newScope("shared-network", name, place.scope, location);
  const network: NetworkDraft = {
    name,
    implicit: false,
    scope,
    subnets: [],
    pools: [],
    interfaceName: undefined,
    failoverPeer: undefined,
  };
  const inner: Place = { kind: "shared-network", scope, network, subnet: undefined, host: undefined, afterDeclaration: false };
  if (!declarationBlock(context, reader, inner, () => interfaceStatement(reader, network, () => {}))) return true;
  if (reader.likeDhcpd && reader.last.type !== "}") return true;
  if (network.subnets.length === 0) reader.fail("empty shared-network decl", "a shared network needs at least one subnet");
  else context.networks.push(network);
  return true;
}

/** `subnet ADDRESS netmask MASK { … }`, after that word. */
export function subnetDeclaration(context: ParseContext, reader: TokenReader, place: Place): void {
  const location = reader.location;
  const network = place.network ?? implicitNetwork(context, place.scope, reader);
  const address = ipv4Value(reader);
  if (address === undefined) return;
  if (reader.next().type !== "netmask") {
    reader.fail("Expecting netmask", `write subnet ${formatIpv4(address)} netmask 255.255.255.0 { … }`);
    reader.skipStatement();
    return;
  }
  const mask = ipv4Value(reader);
  if (mask === undefined) return;
  if (ipv4(address & mask) !== address) {
    reader.fail(
      `subnet ${formatIpv4(address)} netmask ${formatIpv4(mask)}: bad subnet number/mask combination.`,
      `the subnet that this address is in begins at ${formatIpv4(ipv4(address & mask))}`,
    );
    reader.skipStatement();
    return;
  }
  const text = networkName(address, mask);
  const scope = network.implicit ? network.scope : context.newScope("subnet", text, network.scope, location);
  if (network.implicit && network.subnets.length === 0) {
    network.name = text;
    scope.name = text;
  }
  warnOverlap(context, reader, address, mask);
  const subnet: SubnetDraft = { network: { address, mask }, scope, sharedNetwork: network, interfaceName: undefined, location };
  if (!reader.leftBrace()) return;
  const inner: Place = { kind: "subnet", scope, network, subnet, host: undefined, afterDeclaration: false };
  network.subnets.push(subnet);
  declarationBlock(context, reader, inner, () =>
    interfaceStatement(reader, network, (name) => {
      subnet.interfaceName = name;
    }),
  );
  if (network.implicit && place.network === undefined) context.networks.push(network);
}

function implicitNetwork(context: ParseContext, around: ScopeDraft, reader: TokenReader): NetworkDraft {
  const scope = context.newScope("subnet", "", around, reader.location);
  return { name: "", implicit: true, scope, subnets: [], pools: [], interfaceName: undefined, failoverPeer: undefined };
}

/** dhcpd's count of the ones in a mask that has none. */
const LENGTH_OF_NO_MASK = -26;

/** "10.0.0.0/24": dhcpd counts up to the mask's last one, whatever is before it. */
export function networkName(address: Ipv4Address, mask: Ipv4Address): string {
  return `${formatIpv4(address)}/${mask === 0 ? LENGTH_OF_NO_MASK : Math.clz32(mask & -mask) + 1}`;
}

function warnOverlap(context: ParseContext, reader: TokenReader, address: Ipv4Address, mask: Ipv4Address): void {
  const last = broadcastOf({ address, mask });
  const name = networkName(address, mask);
  const before = context.latestSubnet;
  context.latestSubnet = { address, mask };
  if (!reader.likeDhcpd) {
    for (const other of context.subnetIndex.overlapping(address, last))
      reader.warnWithoutPlace(`subnet ${name} overlaps subnet ${other.name}`, "Warning: ");
  } else if (before !== undefined && (contains(before, address) || contains({ address, mask }, before.address))) {
    // dhcpd compares it with the one before only
    reader.warnWithoutPlace(`subnet ${name} overlaps subnet ${networkName(before.address, before.mask)}`, "Warning: ");
  }
  context.subnetIndex.add({ first: address, last, name });
}

/** `group NAME { … }`, after that word; the name is optional. */
export function groupDeclaration(context: ParseContext, reader: TokenReader, place: Place): boolean {
  const location = reader.location;
  const token = reader.peek();
  const name = reader.isIdentifier(token) || token.type === "STRING" ? reader.next().text : undefined;
  if (!reader.leftBrace()) return true;
  const scope = context.newScope("group", name ?? "", place.scope, location);
  const inner: Place = { ...place, kind: "group", scope, afterDeclaration: false };
  let deleted = false;
  declarationBlock(context, reader, inner, () => {
    const { type } = reader.peek();
    if (type !== "deleted" && type !== "dynamic" && type !== "static") return false;
    reader.next();
    if (type === "deleted") deleted = true;
    reader.semicolon();
    if (reader.likeDhcpd) return false;
    if (reader.peek().type === "}") reader.fail("expecting a parameter or declaration", `dhcpd wants another statement after ${type}`);
    return true;
  });
  if (name === undefined) return true;
  if (deleted) context.groups.delete(name);
  else context.groups.set(name, scope);
  return true;
}
