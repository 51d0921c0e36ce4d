import type { Evaluation, ScopeChain } from "../config/evaluation.ts";
import type { Lease } from "../leases/lease.ts";
import type { ClientMessage } from "./client-message.ts";
import { runHandlers, runScopes } from "./evaluate-for.ts";
import { type Exchange, poolOf, storeLease } from "./exchange.ts";
import { hostOfLease } from "./hosts.ts";

/** Ends a lease in use because its client gave it up, or may not keep it; nothing for any other. */
export function releaseLease(exchange: Exchange, lease: Lease, client: ClientMessage): void {
  endLease(exchange, lease, "released", client);
}

/** Ends a lease whose time is over. */
export function expireLease(exchange: Exchange, lease: Lease): void {
  endLease(exchange, lease, "expired", undefined);
}

function endLease(exchange: Exchange, lease: Lease, cause: "released" | "expired", client: ClientMessage | undefined): void {
  const pool = poolOf(exchange, lease.address);
  if (pool === undefined || lease.status !== "ACTIVE") return;
  const variables = runEnding(exchange, lease, cause === "released" ? "release" : "expiry", client);
  const ended = {
    ...lease,
    hostname: undefined,
    agentOptions: undefined,
    endings: undefined,
    variables: remaining(variables ?? lease.variables, cause),
  };
  const after = exchange.authority.ended(pool, ended, cause, exchange.at);
  storeLease(exchange, { cause, pool, before: lease, after, evaluation: undefined, client });
}

/** The variables of an address that goes out of use while it is leased: what its `on expiry` makes of none, as in dhcpd. */
export function variablesOfAbandoned(exchange: Exchange, lease: Lease | undefined): ReadonlyMap<string, Uint8Array> {
  if (lease?.status !== "ACTIVE") return NO_VARIABLES;
  return runEnding(exchange, { ...lease, variables: NO_VARIABLES }, "expiry", undefined) ?? NO_VARIABLES;
}

const NO_VARIABLES: ReadonlyMap<string, Uint8Array> = new Map();

/** A released lease loses its variables, all but the names that are still in DNS; one that expired keeps them, as in dhcpd. */
function remaining(variables: ReadonlyMap<string, Uint8Array>, cause: "released" | "expired"): ReadonlyMap<string, Uint8Array> {
  if (cause === "expired" || variables.size === 0) return variables;
  return new Map([...variables].filter(([name]) => name.startsWith("ddns-")));
}

/** Runs `on release` or `on expiry` as the message met it that made the lease. Gives the variables that are left, if anything ran. */
function runEnding(
  exchange: Exchange,
  lease: Lease,
  event: "release" | "expiry",
  client: ClientMessage | undefined,
): ReadonlyMap<string, Uint8Array> | undefined {
  const body = exchange.state.endings.statements(lease, event);
  if (body.length === 0) return undefined;
  const host = hostOfLease(exchange.state.config, lease);
  const subject = { client, classNames: [], known: false, lease, address: lease.address, leaseSeconds: undefined, host };
  return runHandlers(exchange, withHandlers(runScopes(exchange, NO_SCOPES, subject), [{ events: [event], body }]), event, subject)
    .variables;
}

const NO_SCOPES: ScopeChain = [];

/** What `evaluation` says, with other handlers. */
function withHandlers(evaluation: Evaluation, handlers: Evaluation["handlers"]): Evaluation {
  const { spaces, vendorOptionSpace, siteOptionSpace, logs, variables, executions, addedClasses } = evaluation;
  return {
    option: (space, code) => evaluation.option(space, code),
    codes: (space) => evaluation.codes(space),
    number: (parameter) => evaluation.number(parameter),
    flag: (parameter) => evaluation.flag(parameter),
    bytes: (parameter) => evaluation.bytes(parameter),
    ...{ spaces, vendorOptionSpace, siteOptionSpace, logs, variables, executions, addedClasses, handlers },
  };
}
