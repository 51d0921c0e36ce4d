import { lookup } from "node:dns/promises";
import { mkdirSync, readFileSync } from "node:fs";
import type { AgentOptions } from "../cli.ts";
import type { AgentConfig } from "../config/agent-config.ts";
import { CLOCK_RECORD, LeaseClock } from "../rim/clock.ts";
import type { ListeningMode } from "../rim/datagram-port.ts";
import { lockFile } from "../rim/folder-lock.ts";
import { findInterface, listInterfaces, type NetworkInterface } from "../rim/interfaces.ts";
import { bootMillis, openIcmpSocket } from "../rim/linux-sockets.ts";
import { type LmdbStore, openLmdbStore } from "../rim/lmdb-store.ts";
import { errorText } from "../rim/pid-file.ts";
import { dropPrivileges, type Identity } from "../rim/privileges.ts";
import type { Store } from "../runtime/ports.ts";
import { ETHERNET, formatHardware } from "../values/hardware-address.ts";
import { type Ipv4Address, LIMITED_BROADCAST, parseIpv4 } from "../values/ipv4.ts";
import { FALLBACK_TEXT, listeningText, NO_INTERFACES, noSubnetText, noSuchInterface, noSuchInterfaceHere } from "./banner.ts";
import { chooseInterfaces, declaredInterfaces, type InterfaceChoice } from "./choose-interfaces.ts";
import type { Configuration } from "./configuration.ts";
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
  readonly configuration: Configuration;
  readonly identity: Identity;
  readonly log: AgentLog;
}

/** The network side of an agent, open, and what is to be said of it once the leases were read. */
export interface OpenedNetwork {
  readonly interfaces: readonly NetworkInterface[];
  readonly opened: OpenedSockets;
  readonly icmpSocket: number | undefined;
  readonly port: number;
  readonly broadcastAddress: Ipv4Address;
  readonly lines: readonly StartLine[];
}

interface StartLine {
  readonly level: "info" | "warn" | "error";
  readonly text: string;
}

/** Opens everything that needs privileges. */
export async function openNetwork({ options, config }: StartContext): Promise<OpenedNetwork> {
  const lines: StartLine[] = [];
  const icmpSocket = openProbeSocket((text) => lines.push({ level: "warn", text }));
  const requested = options.interfaces.map((name) => findInterface(name));
  const present = listInterfaces();
  const absent = declaredInterfaces(config).find((name) => !present.some((each) => each.name === name));
  if (absent !== undefined) throw new StartFailed(noSuchInterface(absent));
  const choice = chooseInterfaces(config, present, requested);
  if (!choice.ok) throw new StartFailed(choice.error);
  const interfaces = choice.value.serving.map(({ networkInterface }) => networkInterface);
  const candidates = requested.length > 0 ? requested : present;
  if (interfaces.length === 0) {
    const told = [...lines, ...interfaceLines(candidates, choice.value, "packet")].map(({ text }) => text);
    throw new StartFailed([...told, NO_INTERFACES].join("\n"));
  }
  const port = options.port ?? DEFAULT_PORT;
  const opened = openSockets(port, interfaces);
  if (!opened.ok) throw new StartFailed(opened.error);
  const { mode } = opened.value.sockets;
  lines.push(...interfaceLines(candidates, choice.value, mode));
  if (mode === "packet") lines.push({ level: "info", text: FALLBACK_TEXT });
  if (opened.value.warning !== undefined) lines.push({ level: "warn", text: opened.value.warning });
  const broadcastAddress = await resolveBroadcast(options.broadcastAddress);
  return { interfaces, opened: opened.value, icmpSocket, port, broadcastAddress, lines };
}

/** What is said of each interface that could be served; as dhcpd does, the first comes last. */
function interfaceLines(candidates: readonly NetworkInterface[], { serving, ignored }: InterfaceChoice, mode: ListeningMode): StartLine[] {
  const listening = listeningLines(mode, serving);
  return candidates.toReversed().flatMap(({ name }): StartLine[] => {
    const served = listening[serving.findIndex(({ networkInterface }) => networkInterface.name === name)];
    if (served !== undefined) return [{ level: "info", text: served }];
    const left = ignored.find((each) => each.name === name);
    if (left === undefined) return [];
    const hint = left.index === 0 ? [{ level: "error" as const, text: noSuchInterfaceHere(name) }] : [];
    return [{ level: "error", text: noSubnetText(name, left.addresses[0]) }, ...hint];
  });
}

/** What is said of each interface that is served. */
export const listeningLines = (mode: ListeningMode, serving: InterfaceChoice["serving"]): readonly string[] =>
  serving.map(({ networkInterface: { name, hardware }, network }) =>
    listeningText(mode === "packet" ? "LPF" : "Socket", name, formatHardware({ htype: ETHERNET, bytes: hardware }), network),
  );

/** Becomes the user of `-user` and `-group`, who gets the lease file and the lease store. */
export function becomeUser({ identity, paths }: StartContext): void {
  try {
    mkdirSync(paths.stateDirectory, { recursive: true, mode: 0o750 });
  } catch (error) {
    throw new StartFailed(`Can't make the state folder ${paths.stateDirectory}: ${errorText(error)}`);
  }
  try {
    dropPrivileges(identity, [paths.stateDirectory, paths.leaseFile]);
  } catch (error) {
    throw new StartFailed(`Can't give up privileges, or give away ${paths.stateDirectory}: ${errorText(error)}`);
  }
}

/** Opens the lease store and tells it the pools. */
export function openStore({ paths, config }: Pick<StartContext, "paths" | "config">): LmdbStore {
  const store = openLmdbStore(paths.stateDirectory, lockFile);
  if (!store.ok) throw new StartFailed(store.error);
  store.value.layout(config.pools);
  return store.value;
}

/** The lease clock, going on where its record in the store left off. */
export function openClock(store: Store, log: AgentLog): LeaseClock {
  const sources = { bootMillis, wallMillis: Date.now, bootId: readBootId() };
  return new LeaseClock(sources, store.record(CLOCK_RECORD), (offset, change) =>
    log.line(
      "warn",
      `The wall clock was set ${Math.abs(change)} seconds ${change < 0 ? "back" : "forward"}. Leases go on by elapsed time; what is shown and sent differs from it by ${offset} seconds.`,
    ),
  );
}

function readBootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return "";
  }
}

function openProbeSocket(warn: (text: string) => void): number | undefined {
  try {
    return openIcmpSocket();
  } catch (error) {
    warn(`unable to create icmp socket: ${errorText(error)}: addresses are offered without asking whether somebody has them`);
    return undefined;
  }
}

/** `-s`: an address or a name; the limited broadcast if there is none, or if the name is unknown, as dhcpd does. */
async function resolveBroadcast(text: string | undefined): Promise<Ipv4Address> {
  if (text === undefined) return LIMITED_BROADCAST;
  const literal = parseIpv4(text);
  if (literal.ok) return literal.value;
  try {
    const found = parseIpv4((await lookup(text, { family: 4 })).address);
    return found.ok ? found.value : LIMITED_BROADCAST;
  } catch {
    return LIMITED_BROADCAST;
  }
}
