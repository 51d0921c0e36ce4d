import { insertedCodes } from "../config/evaluate/partial-evaluation.ts";
import { OPTION } from "../dhcp/wire/option-codes.ts";
import { withoutCodes } from "../dhcp/wire/relay-agent.ts";
import type { Lease } from "../leases/lease.ts";
import { after, type Seconds } from "../values/time.ts";
import type { Grant } from "./grant-in-hand.ts";
import type { Offer } from "./offers.ts";

/** What a lease is granted for. */
export interface LeaseTerms {
  readonly seconds: Seconds;
  /** The client asked for ever, and that reserves the address for it. */
  readonly reserved: boolean;
  readonly billing: string | undefined;
  readonly variables: ReadonlyMap<string, Uint8Array>;
  /** The offer that the client takes up. */
  readonly offered: Offer | undefined;
}

/** The record of a lease as granted, before a partner's times are filled in. Bytes of the packet are copied. */
export function grantedLease(given: Grant, terms: LeaseTerms): Lease {
  const { caller, candidate, exchange, clientId, kind } = given;
  const { client } = caller;
  const before = candidate.lease;
  const { now } = exchange.at;
  const sameId = given.sameClient && clientId !== undefined;
  return {
    address: candidate.address,
    status: "ACTIVE",
    starts: now,
    ends: after(now, terms.seconds),
    cltt: now,
    clientId: sameId ? before?.clientId : clientId?.slice(),
    hardware: given.sameClient ? before?.hardware : { htype: client.hardware.htype, bytes: client.hardware.bytes.slice() },
    hostname: client.hostname,
    agentOptions: freshAgentOptions(given) ?? terms.offered?.agentOptions ?? before?.agentOptions,
    reserved: terms.reserved || before?.reserved === true,
    bootp: kind === "bootp",
    variables: withVendorClass(
      terms.variables,
      client.message.options.get(OPTION.vendorClass) ?? terms.offered?.vendorClass,
      given.evaluation.variables,
    ),
    billingClass: terms.billing,
    endings: exchange.state.endings.met(given.evaluation.handlers, before),
    failover: before?.failover,
  };
}

/**
 * The relay's options of this message, kept for renewals that do not pass the relay, even under another identifier, unless
 * `stash-agent-options` is off. A copy.
 */
export function freshAgentOptions({ caller: { client }, evaluation }: Grant): Uint8Array | undefined {
  const isFresh = !client.stashed && client.agentOptions !== undefined && evaluation.flag("stash-agent-options") !== false;
  if (!isFresh) return undefined;
  // dhcpd keeps none that the configuration sets itself
  if (evaluation.spaces.includes("agent")) return withoutCodes(client.agentOptions!, new Set(insertedCodes(evaluation, "agent")));
  return client.agentOptions?.slice();
}

const VENDOR_CLASS = "vendor-class-identifier";

/**
 * dhcpd keeps option 60 with the lease, for DHCPLEASEQUERY (RFC 4388 §6.4.2). It is noted after what the scopes set, `before`, and before
 * what `on commit` makes: the lease file tells the order.
 */
function withVendorClass(
  variables: ReadonlyMap<string, Uint8Array>,
  vendorClass: Uint8Array | undefined,
  before: ReadonlyMap<string, Uint8Array>,
): ReadonlyMap<string, Uint8Array> {
  if (vendorClass === undefined || vendorClass.length === 0) return variables;
  const noted = new Map<string, Uint8Array>();
  for (const [name, value] of variables) if (before.has(name)) noted.set(name, value);
  noted.set(VENDOR_CLASS, vendorClass.slice());
  for (const [name, value] of variables) if (name !== VENDOR_CLASS) noted.set(name, value);
  return noted;
}
