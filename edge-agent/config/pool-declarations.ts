import { epochSeconds } from "../values/time.ts";
import { addressRange } from "./address-ranges.ts";
import type { Permit } from "./agent-config.ts";
import { date } from "./dates.ts";
import type { PoolDraft } from "./drafts.ts";
import { declarationBlock } from "./network-declarations.ts";
import type { ParseContext, Place } from "./parse-context.ts";
import type { TokenReader } from "./token-reader.ts";

function fail(reader: TokenReader, message: string, mend?: string): undefined {
  reader.fail(message, mend);
  reader.skipStatement();
  return undefined;
}

/** `pool { … }`, after that word, in a subnet or shared network. */
export function poolDeclaration(context: ParseContext, reader: TokenReader, place: Place): void {
  const { network } = place;
  const location = reader.location;
  if (network === undefined || !reader.leftBrace()) return;
  const scope = context.newScope("pool", network.name, network.scope, location);
  const pool: PoolDraft = {
    scope,
    ranges: [],
    permit: [],
    prohibit: [],
    failoverPeer: network.failoverPeer,
    implicit: false,
  };
  const inner: Place = { ...place, kind: "pool", scope, afterDeclaration: false };
  const before = context.diagnostics.errors;
  if (!declarationBlock(context, reader, inner, () => poolStatement(context, reader, place, pool))) return;
  const twin = network.pools.find((other) => areTwins(other, pool));
  if (twin === undefined) network.pools.push(pool);
  else twin.ranges.push(...pool.ranges);
  if (pool.ranges.length === 0 && (reader.likeDhcpd || context.diagnostics.errors === before)) {
    reader.fail("Pool declaration with no address range.", "add range FIRST LAST;");
    reader.goOn("Pool declarations must always contain at least", "one range statement.");
  }
}

/**
 * Do two pools of one network say the same? dhcpd makes one pool of them, which matters for the order in which addresses are given out
 * and for the balance between failover partners.
 */
function areTwins(left: PoolDraft, right: PoolDraft): boolean {
  if (left.implicit || left.failoverPeer !== right.failoverPeer) return false;
  if (left.scope.statements.length > 0 || right.scope.statements.length > 0) return false;
  if (left.scope.authoritative !== right.scope.authoritative) return false;
  return sameList(left.permit, right.permit) && sameList(left.prohibit, right.prohibit);
}

const sameList = (left: readonly Permit[], right: readonly Permit[]): boolean => isAmong(left, right) && isAmong(right, left);

const isAmong = (some: readonly Permit[], all: readonly Permit[]): boolean =>
  some.every((one) => all.some((other) => JSON.stringify(other) === JSON.stringify(one)));

/** What only pools know; false if the next statement is another. */
function poolStatement(context: ParseContext, reader: TokenReader, place: Place, pool: PoolDraft): boolean {
  switch (reader.peek().type) {
    case "no":
      reader.next();
      if (reader.next().type !== "failover" || reader.next().type !== "peer") fail(reader, 'expecting "failover peer".');
      else pool.failoverPeer = undefined; // dhcpd wants no ";" here, and refuses one
      return true;
    case "failover":
      reader.next();
      poolPeer(context, reader, pool);
      return true;
    case "range":
      reader.next();
      addressRange(context, reader, place, pool);
      return true;
    case "allow":
    case "deny":
      permitStatement(context, reader, reader.next().type === "allow" ? pool.permit : pool.prohibit, pool);
      return true;
    default:
      return false;
  }
}

/** `failover peer "NAME";`, after `failover`. */
function poolPeer(context: ParseContext, reader: TokenReader, pool: PoolDraft): undefined {
  if (reader.next().type !== "peer") return fail(reader, "expecting 'peer'.");
  const name = reader.next();
  if (name.type !== "STRING") return fail(reader, "expecting string.", 'write failover peer "NAME";');
  const peer = context.peers.get(name.text);
  if (peer === undefined) reader.fail(`failover peer ${name.text}: not found`, "declare it before the pools that use it");
  else {
    peer.poolCount += 1;
    pool.failoverPeer = name.text;
  }
  reader.semicolon();
}

/** The rest of `allow …;` or `deny …;` in a pool. */
function permitStatement(context: ParseContext, reader: TokenReader, list: Permit[], pool: PoolDraft): void {
  const permit = permitOf(context, reader, pool);
  if (permit === undefined) return;
  if (permit !== "reported") list.push(permit);
  reader.semicolon();
}

const WITH_CLIENTS: ReadonlyMap<string, Permit> = new Map<string, Permit>([
  ["unknown", { kind: "unknown-clients" }],
  ["known", { kind: "known-clients" }],
  ["authenticated", { kind: "authenticated-clients" }],
  ["unauthenticated", { kind: "unauthenticated-clients" }],
  ["all", { kind: "all-clients" }],
]);

/** "reported": wrong, but the statement goes on. */
function permitOf(context: ParseContext, reader: TokenReader, pool: PoolDraft): Permit | "reported" | undefined {
  const { type } = reader.next();
  const withClients = WITH_CLIENTS.get(type);
  if (withClients !== undefined) return reader.next().type === "clients" ? withClients : fail(reader, 'expecting "clients"');
  switch (type) {
    case "known-clients":
    case "unknown-clients":
      return { kind: type };
    case "dynamic":
      if (reader.next().type !== "bootp") return fail(reader, 'expecting "bootp"');
      return reader.next().type === "clients" ? { kind: "dynamic-bootp-clients" } : fail(reader, 'expecting "clients"');
    case "members": {
      if (reader.next().type !== "of") return fail(reader, 'expecting "of"');
      if (reader.next().type !== "STRING") return fail(reader, "expecting class name.");
      const className = reader.last.text;
      if (context.classes.has(className)) return { kind: "members-of", className };
      reader.fail(`no such class: ${className}`, "declare the class before the pool");
      return "reported";
    }
    case "after": {
      const all = [...pool.permit, ...pool.prohibit];
      if (all.some((permit) => permit.kind === "after" && permit.time !== 0)) return fail(reader, 'duplicate "after" clause.');
      const time = date(reader);
      return time === undefined ? "reported" : { kind: "after", time: epochSeconds(time) };
    }
    default:
      return fail(reader, "expecting permit type.", "known-clients, unknown-clients, members of CLASS, all clients, after TIME, …");
  }
}
