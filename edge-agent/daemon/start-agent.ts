import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { lookup } from "node:dns/promises";
import { hostname } from "node:os";
import type { AgentOptions } from "../cli.ts";
import type { AgentConfig } from "../config/agent-config.ts";
import { CLOCK_RECORD, LeaseClock } from "../rim/clock.ts";
import { lockFile } from "../rim/folder-lock.ts";
import { findInterface, listInterfaces, type NetworkInterface } from "../rim/interfaces.ts";
import { bootMillis, interfaceIndex, openIcmpSocket } from "../rim/linux-sockets.ts";
import { openLmdbStore } from "../rim/lmdb-store.ts";
import { Metrics } from "../rim/metrics-http.ts";
import { errorText } from "../rim/pid-file.ts";
import { dropPrivileges, type Identity } from "../rim/privileges.ts";
import type { Store } from "../runtime/ports.ts";
import { formatHardware } from "../values/hardware-address.ts";
import { type Ipv4Address, LIMITED_BROADCAST, parseIpv4 } from "../values/ipv4.ts";
import { AgentProcess } from "./agent-process.ts";
import { FALLBACK_TEXT, listeningText, missingLeaseFile, NO_INTERFACES, noSubnetText } from "./banner.ts";
import { chooseInterfaces, type InterfaceChoice } from "./choose-interfaces.ts";
import type { AgentLog } from "./logging.ts";
import { type OpenedSockets, openSockets } from "./open-sockets.ts";
import type { AgentPaths } from "./paths.ts";
import { StartFailed } from "./start-failed.ts";

const DEFAULT_PORT = 67;

/** What the steps of a start hand on. */
export interface StartContext {
  readonly options: AgentOptions;
  readonly paths: AgentPaths;
  readonly config: AgentConfig;
  readonly identity: Identity;
  readonly log: AgentLog;
}

/** dhcpd does not start without a lease file, for the file may be somewhere else: neither do we. */
export function checkLeaseFile({ leaseFile }: AgentPaths): void {
  try {
    readFileSync(leaseFile);
  } catch (error) {
    throw new StartFailed(missingLeaseFile(leaseFile, errorText(error)));
  }
}

/** Opens everything that needs privileges, gives them up, and says who is served. */
export function openNetwork(context: StartContext): { choice: InterfaceChoice; opened: OpenedSockets; icmpSocket: number | undefined } {
  const { options, config, log } = context;
  const icmpSocket = openProbeSocket(log);
  const requested = options.interfaces.map((name) => findInterface(name, interfaceIndex));
  const choice = chooseInterfaces(config, listInterfaces(interfaceIndex), requested);
  if (!choice.ok) throw new StartFailed(choice.error);
  for (const ignored of choice.value.ignored) log.line("error", noSubnetText(ignored.name, ignored.addresses[0]));
  if (choice.value.serving.length === 0) throw new StartFailed(NO_INTERFACES);
  const interfaces = choice.value.serving.map(({ networkInterface }) => networkInterface);
  const opened = openSockets(options.port ?? DEFAULT_PORT, interfaces);
  if (!opened.ok) throw new StartFailed(opened.error);
  const by = opened.value.sockets.mode === "packet" ? "LPF" : "Socket";
  for (const { networkInterface, network } of choice.value.serving) {
    const hardware = formatHardware({ htype: 1, bytes: networkInterface.hardware });
    log.line("info", listeningText(by, networkInterface.name, hardware, network));
  }
  if (by === "LPF") log.line("info", FALLBACK_TEXT);
  if (opened.value.warning !== undefined) log.line("warn", opened.value.warning);
  return { choice: choice.value, opened: opened.value, icmpSocket };
}
