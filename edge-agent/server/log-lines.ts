import { formatIpv4, type Ipv4Address, UNSPECIFIED } from "../values/ipv4.ts";
import type { ClientMessage } from "./client-message.ts";
import type { ServerEffect } from "./effect.ts";

/** A line of the log in dhcpd's words. */
export const line = (text: string): ServerEffect => ({ kind: "log", event: "dhcp-message", fields: { text } });

/** The client's hardware address, as dhcpd names clients in its log; "<no identifier>" if it has no hardware type. */
export function clientName(client: ClientMessage): string {
  return client.hardware.htype === 0 ? "<no identifier>" : client.hardwareText;
}

/** "(host) " if the client's name is known, and "via eth0" or "via 10.0.0.1". */
export function nameAndVia(client: ClientMessage, hostname: string | undefined): string {
  return hostname === undefined ? `via ${client.via}` : `(${printable(hostname)}) via ${client.via}`;
}

/** Host names of the log: no longer than 64, printable, without quotes and backslashes. */
function printable(hostname: string): string {
  if (hostname.length > 64) return UNSUITABLE;
  for (let index = 0; index < hostname.length; index += 1) {
    const code = hostname.charCodeAt(index);
    if (code < 0x20 || code > 0x7e || code === 0x22 || code === 0x5c) return UNSUITABLE;
  }
  return hostname;
}

const UNSUITABLE = "Hostname Unsuitable for Printing";

/** "DHCPDISCOVER from 00:16:3e:00:00:01 (host) via eth0" */
export const discoverLine = (client: ClientMessage, hostname: string | undefined): string =>
  `DHCPDISCOVER from ${clientName(client)} ${nameAndVia(client, hostname)}`;

/** "DHCPREQUEST for 10.0.0.5 (10.0.0.1) from 00:16:3e:00:00:01 (host) via eth0" */
export function requestLine(client: ClientMessage, address: Ipv4Address, hostname: string | undefined): string {
  const server = client.serverId === undefined ? "" : ` (${formatIpv4(client.serverId)})`;
  return `DHCPREQUEST for ${formatIpv4(address)}${server} from ${clientName(client)} ${nameAndVia(client, hostname)}`;
}

/** "DHCPRELEASE of 10.0.0.5 from 00:16:3e:00:00:01 (host) via eth0 (found)" */
export function releaseLine(client: ClientMessage, hostname: string | undefined, found: boolean): string {
  const address = formatIpv4(client.message.ciaddr);
  return `DHCPRELEASE of ${address} from ${clientName(client)} ${nameAndVia(client, hostname)} (${found ? "" : "not "}found)`;
}

/** "DHCPDECLINE of 10.0.0.5 from 00:16:3e:00:00:01 (host) via eth0" */
export const declineLine = (client: ClientMessage, address: Ipv4Address, hostname: string | undefined): string =>
  `DHCPDECLINE of ${formatIpv4(address)} from ${clientName(client)} ${nameAndVia(client, hostname)}`;

/** "DHCPINFORM from 10.0.0.5 via eth0" */
export const informLine = (client: ClientMessage, address: Ipv4Address): string =>
  `DHCPINFORM from ${formatIpv4(address)} via ${client.via}`;

/** "BOOTREQUEST from 00:16:3e:00:00:01 via eth0" */
export const bootRequestLine = (client: ClientMessage): string => `BOOTREQUEST from ${client.hardwareText} via ${client.via}`;

/** "DHCPACK on 10.0.0.5 to 00:16:3e:00:00:01 (host) via eth0" */
export function replyLine(
  word: "DHCPOFFER" | "DHCPACK" | "BOOTREPLY",
  address: Ipv4Address,
  client: ClientMessage,
  hostname: string | undefined,
): string {
  return `${word} on ${formatIpv4(address)} to ${client.hardwareText} ${nameAndVia(client, hostname)}`;
}

/** "DHCPNAK on 10.0.0.5 to 00:16:3e:00:00:01 via eth0" */
export const nakLine = (client: ClientMessage, address: Ipv4Address): string =>
  `DHCPNAK on ${formatIpv4(address)} to ${client.hardwareText} via ${client.via}`;

const TYPE_NAMES: Readonly<Record<number, string>> = {
  1: "DHCPDISCOVER",
  2: "DHCPOFFER",
  3: "DHCPREQUEST",
  4: "DHCPDECLINE",
  5: "DHCPACK",
  6: "DHCPNAK",
  7: "DHCPRELEASE",
  8: "DHCPINFORM",
  10: "DHCPLEASEQUERY",
  11: "DHCPLEASEUNASSIGNED",
  12: "DHCPLEASEUNKNOWN",
  13: "DHCPLEASEACTIVE",
};

/** A message that nothing can be done with: "DHCPDISCOVER from … via 10.0.0.1: unknown network segment". */
export const badMessageLine = (client: ClientMessage, why: string): string =>
  `${TYPE_NAMES[client.type] ?? `type ${client.type}`} from ${clientName(client)} via ${client.via}: ${why}`;

/** An address for the log, "0.0.0.0" for none. */
export const addressOrNone = (address: Ipv4Address | undefined): string => formatIpv4(address ?? UNSPECIFIED);
