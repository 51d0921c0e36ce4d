import type { Server } from "node:http";
import { hostname } from "node:os";
import { type AgentState, createAgentState } from "../agent/state.ts";
import { nextDeadline, step } from "../agent/step.ts";
import type { AgentConfig } from "../config/agent-config.ts";
import type { LeaseClock } from "../rim/clock.ts";
import type { LeaseFileWriter } from "../rim/lease-file-writer.ts";
import type { LmdbStore } from "../rim/lmdb-store.ts";
import { listenForScrapes, Metrics } from "../rim/metrics-http.ts";
import { errorText } from "../rim/pid-file.ts";
import type { Machine } from "../runtime/loop.ts";
import { AgentProcess } from "./agent-process.ts";
import { loadTelling } from "./configuration.ts";
import { openLeaseFile } from "./lease-file.ts";
import { becomeUser, openClock, openNetwork, openStore, type StartContext } from "./start-agent.ts";
import { StartFailed } from "./start-failed.ts";

/** What the composition root decides. */
export interface RunPorts {
  /** The last moment with the privileges that the process was started with. */
  beforePrivilegesDrop(): void;
  onBug(error: unknown): void;
}

/** An agent that serves. */
export interface RunningAgent {
  /** Ends it; false if not everything could be stored. */
  stop(): Promise<boolean>;
  /** Reads the configuration again and goes on with it, or with the old one if it has errors. */
  reload(): Promise<void>;
}

/** Opens network, store and lease file, and serves. Throws StartFailed. */
export async function runAgent(context: StartContext, ports: RunPorts): Promise<RunningAgent> {
  const { options, config, log } = context;
  const network = await openNetwork(context);
  ports.beforePrivilegesDrop();
  becomeUser(context);
  const store = openStore(context);
  const clock = openClock(store, log);
  const leaseFile = await openLeaseFile(context, store, clock);
  for (const { level, text } of network.lines) log.line(level, text);
  const metrics = new Metrics();
  const serverOptions = { hostName: hostname(), serverPort: network.port, clientPort: clientPort(network.port) };
  const machine: Machine<AgentState> = { step, nextDeadline };
  const peers = { configured: config.failoverPeers };
  const agent = new AgentProcess({
    failoverPeers: () => peers.configured,
    ...{ options, machine, store, clock, metrics, logger: log, onBug: ports.onBug },
    onCommitted: (writes) => leaseFile.changed(writes),
    initial: createAgentState(config, serverOptions, store.view, (key) => store.record(key)),
    ...{ sockets: network.opened.sockets, icmpSocket: network.icmpSocket, interfaces: network.interfaces },
    ...{ port: network.port, broadcastAddress: network.broadcastAddress },
  });
  const scrapes = await openMetrics(context, metrics, agent);
  return {
    reload: () => reload(context, agent, clock, peers),
    stop: () => stop(agent, leaseFile, store, scrapes),
  };
}

/** Clients listen one port above the server, as dhcpd has it. */
const clientPort = (serverPort: number): number => (serverPort + 1) & 0xffff;

async function openMetrics({ options }: StartContext, metrics: Metrics, agent: AgentProcess<AgentState>): Promise<Server | undefined> {
  if (options.metrics === undefined) return undefined;
  metrics.processFigures();
  try {
    return await listenForScrapes(metrics, options.metrics, () => agent.healthy);
  } catch (error) {
    throw new StartFailed(`Can't listen on ${options.metrics.address}:${options.metrics.port} for --metrics: ${errorText(error)}`);
  }
}

async function reload(
  { paths, log }: StartContext,
  agent: AgentProcess<AgentState>,
  clock: LeaseClock,
  peers: { configured: AgentConfig["failoverPeers"] },
): Promise<void> {
  log.line("info", `Reading ${paths.configFile} again.`);
  const config = await loadTelling(paths.configFile, log);
  if (config === undefined) {
    log.line("error", "The configuration was not changed: the one in use stays.");
    return;
  }
  peers.configured = config.failoverPeers;
  agent.take({ kind: "config", config, at: clock.instant() });
  log.line("info", `The configuration of ${paths.configFile} is in use. Interfaces are looked at again at the next start.`);
}

async function stop(
  agent: AgentProcess<AgentState>,
  leaseFile: LeaseFileWriter,
  store: LmdbStore,
  scrapes: Server | undefined,
): Promise<boolean> {
  scrapes?.close();
  await agent.stop();
  try {
    await leaseFile.close();
    await store.close();
    return true;
  } catch {
    return false;
  }
}
