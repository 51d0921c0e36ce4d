import type { SharedNetwork } from "../config/agent-config.ts";
import { formatIpv4, type Ipv4Address } from "../values/ipv4.ts";
import { VERSION } from "../version.ts";

/** First lines of every start. */
export const BANNER = `Tandem DHCP Server ${VERSION}
Copyright the Tandem DHCP authors, Apache License 2.0.
Reads dhcpd.conf and speaks failover with ISC DHCP 4.4.`;

/** What `--version` prints. */
export const VERSION_LINE = `tandem-dhcpd-${VERSION}`;

/** Where configuration, leases and pid are kept, in dhcpd's words. */
export const filesText = (configFile: string, leaseFile: string, pidFile: string): string =>
  `Config file: ${configFile}\nDatabase file: ${leaseFile}\nPID file: ${pidFile}`;

/** Said of a configuration that has it. */
export const SERVER_ID_CHECKED = "Setting server-id-check true";
export const CONFIG_ERRORS = "Configuration file errors encountered -- exiting";
/** The same where nothing is wrong but that a failover peer has no pool. */
export const FAILOVER_ERRORS = "Failover configuration sanity check failed";
export const NO_INTERFACES = "\nNot configured to listen on any interfaces!";
export const ALREADY_RUNNING = "There's already a DHCP server running.";
export const STARTING_SERVICE = "Server starting service.";

/** How a fatal line is followed, so that the cause is the last thing but one on the screen. */
export const EXITING = "\nexiting.";

export const missingLeaseFile = (path: string, reason: string): string =>
  `Can't open lease database ${path}: ${reason} --\n  check for failed database rewrite attempt!\n` +
  "An empty file is enough for the first start: create one, or restore the file you had.";

/** An `interface` statement's device does not exist: dhcpd does not start either. */
export const noSuchInterface = (name: string): string =>
  `Failed to get interface index: No such device\n** The configuration has "interface ${name};", which this machine has not. **`;

/** An interface that nobody declared a subnet for. */
export function noSubnetText(name: string, address: Ipv4Address | undefined): string {
  return [
    "",
    `No subnet declaration for ${name} (${address === undefined ? "no IPv4 addresses" : formatIpv4(address)}).`,
    `** Ignoring requests on ${name}.  If this is not what`,
    "   you want, please write a subnet declaration",
    "   in your dhcpd.conf file for the network segment",
    `   to which interface ${name} is attached. **`,
    "",
  ].join("\n");
}

/** After {@link noSubnetText}, of an interface that was asked for; dhcpd does not say it. */
export const noSuchInterfaceHere = (name: string): string => `This machine has no interface ${name}.`;

/** The two lines for an interface that is served; LPF is dhcpd's word for Linux packet sockets. */
export function listeningText(by: "LPF" | "Socket", name: string, hardware: string, network: SharedNetwork): string {
  const place = by === "LPF" ? `LPF/${name}/${hardware}/${network.name}` : `Socket/${name}/${network.name}`;
  return `Listening on ${place}\nSending on   ${place}`;
}

export const FALLBACK_TEXT = "Sending on   Socket/fallback/fallback-net";
