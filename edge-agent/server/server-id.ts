import type { Evaluation } from "../config/evaluation.ts";
import { OPTION } from "../dhcp/wire/option-codes.ts";
import { type Ipv4Address, UNSPECIFIED } from "../values/ipv4.ts";
import type { Caller } from "./caller.ts";
import { NO_CLASSES } from "./classes.ts";
import { asAddress, type ClientMessage, SERVER_ID_OVERRIDE, subOption } from "./client-message.ts";
import { runAnswer, runScopes } from "./evaluate-for.ts";
import { type Exchange, leaseAt, poolOf } from "./exchange.ts";
import { hostOfInform } from "./hosts.ts";

/** Our address on the interface that the message came in by; 0.0.0.0 if it has none. */
export const ownAddress = (client: ClientMessage): Ipv4Address => client.datagram.interfaceAddresses[0] ?? UNSPECIFIED;

/** Who we say we are (option 54): as configured, else as the relay wants it (RFC 5107), else our address on the interface. */
export function serverIdentifier(evaluation: Evaluation | undefined, client: ClientMessage): Ipv4Address {
  const override = asAddress(subOption(client.agentOptions, SERVER_ID_OVERRIDE));
  return asAddress(evaluation?.option("dhcp", OPTION.serverIdentifier)) ?? override ?? ownAddress(client);
}

/**
 * What the scopes of the client's network say, without any lease: for answers that have none. As dhcpd does, those of its
 * first subnet and first pool; of `classes` the last first, each with what encloses it.
 */
export function evaluateWithoutLease(exchange: Exchange, caller: Caller, classes: Caller["classes"] = NO_CLASSES): Evaluation | undefined {
  const subnet = caller.network?.subnets[0];
  if (subnet === undefined) return undefined;
  const { networks } = exchange.state;
  const chain = networks.chain(subnet, caller.network?.pools[0]);
  const ofClasses = classes.toReversed().flatMap(({ scope }) => networks.ancestors(scope));
  return runScopes(exchange, ofClasses.length === 0 ? chain : [...chain, ...ofClasses], {
    client: caller.client,
    classNames: classes.map(({ className }) => className),
    known: caller.known,
    lease: undefined,
    address: undefined,
    leaseSeconds: undefined,
    host: undefined,
  });
}

/**
 * Does `named`, which a client took its offer of `address` from, mean us? Any of our addresses will do, and what the configuration
 * says: anywhere, for the client's network, or for an answer about the address, as hosts and conditions may have identifiers of their own.
 */
export function isOurs(exchange: Exchange, caller: Caller, named: Ipv4Address, address: Ipv4Address): boolean {
  const { client } = caller;
  const { ownAddresses } = exchange.state;
  if (named === UNSPECIFIED || ownAddresses.has(named) || named === client.datagram.target) return true;
  // A relay that puts itself in our place towards its clients does not always undo that.
  if (named === client.message.giaddr) return true;
  if (named === asAddress(subOption(client.agentOptions, SERVER_ID_OVERRIDE))) return true;
  if (exchange.state.networks.serverIdentifiers.has(named)) return true;
  const silent = { ...exchange, effects: [] };
  const identifierOf = (evaluation: Evaluation | undefined) => asAddress(evaluation?.option("dhcp", OPTION.serverIdentifier));
  return named === identifierOf(evaluateWithoutLease(silent, caller)) || named === identifierOf(evaluateAnswer(silent, caller, address));
}

/** What the configuration says for an answer that gives `address` to the client; undefined if it is not an address of ours. */
function evaluateAnswer(exchange: Exchange, caller: Caller, address: Ipv4Address): Evaluation | undefined {
  const { config, networks } = exchange.state;
  const subnet = networks.subnetOf(address);
  if (subnet === undefined) return undefined;
  const { client, classes } = caller;
  const host = hostOfInform(config, client, address);
  const subject = {
    client,
    classNames: classes.map(({ className }) => className),
    known: caller.known || host !== undefined,
    lease: leaseAt(exchange, address),
    address,
    leaseSeconds: undefined,
    host,
  };
  return runAnswer(exchange, caller, { subnet, pool: poolOf(exchange, address) }, subject).evaluation;
}
