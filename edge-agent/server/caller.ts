import type { SharedNetwork } from "../config/agent-config.ts";
import type { Environment } from "../config/evaluate/environment.ts";
import { evaluateBoolean, evaluateData } from "../config/evaluate/expressions.ts";
import { createEnvironment } from "../config/evaluate/statements.ts";
import { NO_CLIENT } from "../config/evaluation.ts";
import { OPTION } from "../dhcp/wire/option-codes.ts";
import { UNSPECIFIED } from "../values/ipv4.ts";
import { type ClassReader, classify, type Membership, NO_CLASSES, tooManyClasses } from "./classes.ts";
import { asAddress, type ClientMessage, LINK_SELECTION, subOption } from "./client-message.ts";
import { emitLogs } from "./configured-logs.ts";
import { type Exchange, say } from "./exchange.ts";
import type { Permitted } from "./permits.ts";
import type { ServerState } from "./state.ts";

/** A client's message with what the configuration makes of its sender. */
export interface Caller extends Permitted {
  readonly client: ClientMessage;
  /** Where the client is; undefined if no declaration covers that. */
  readonly network: SharedNetwork | undefined;
  /** The shared network of the wire that the message came in by. */
  readonly wire: SharedNetwork | undefined;
  readonly classes: readonly Membership[];
  /** Reads expressions against the message. */
  readonly read: ClassReader;
}

/** Locates and classifies the sender of a message. */
export function identify(exchange: Exchange, client: ClientMessage): Caller {
  const { state } = exchange;
  const { interfaceName, interfaceAddresses } = client.datagram;
  const wire = state.networks.networkOfInterface(interfaceName, interfaceAddresses);
  const read = packetReader(exchange, client);
  // dhcpd puts BOOTP clients into no class
  const classes =
    client.type === 0 ? NO_CLASSES : classify(state.config.classes, read, () => say(exchange, tooManyClasses(client.hardwareText)));
  return { client, network: locate(state, client, wire), wire, classes, read, known: false, bootp: client.type === 0 };
}

/**
 * The client's shared network: by the relay's link selection (RFC 3527), else the subnet selection option (RFC 3011), else
 * giaddr, else the wire. A selection that is no address or lies outside all subnets is not replaced by a guess.
 */
function locate(state: ServerState, client: ClientMessage, wire: SharedNetwork | undefined): SharedNetwork | undefined {
  const selection = subOption(client.agentOptions, LINK_SELECTION) ?? client.message.options.get(OPTION.subnetSelection);
  const { giaddr } = client.message;
  if (selection === undefined && giaddr === UNSPECIFIED) return wire;
  const address = selection === undefined ? giaddr : asAddress(selection);
  const subnet = address === undefined ? undefined : state.networks.subnetOf(address);
  return subnet && state.networks.networkOf(subnet);
}

/** Reads expressions of classes and hosts; what it needs is made when the first one is read. */
function packetReader(exchange: Exchange, client: ClientMessage): ClassReader {
  let environment: Environment | undefined;
  let told = 0;
  const open = (): Environment => {
    environment ??= createEnvironment({
      ...NO_CLIENT,
      config: exchange.state.config,
      message: client.message,
      hostName: exchange.state.options.hostName,
      at: exchange.at,
    });
    return environment;
  };
  const read = <T>(evaluateIn: (environment: Environment) => T): T => {
    const opened = open();
    const value = evaluateIn(opened);
    if (opened.logs.length > told) told = emitLogs(exchange, opened.logs, told);
    return value;
  };
  return {
    boolean: (expression) => read((opened) => evaluateBoolean(expression, opened)) === true,
    data: (expression) => read((opened) => evaluateData(expression, opened)),
  };
}
