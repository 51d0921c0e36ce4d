import { statSync } from "node:fs";
import type { Server } from "node:http";
import { hostname } from "node:os";
import { join } from "node:path";
import { sharesWithTandem } from "../agent/failover.ts";
import type { LedgerEvent } from "../agent/service-events.ts";
import { type AgentState, createAgentState, undone } from "../agent/state.ts";
import { nextDeadline, step } from "../agent/step.ts";
import type { LeaseClock } from "../rim/clock.ts";
import type { LeaseFileWriter } from "../rim/lease-file-writer.ts";
import type { LmdbStore } from "../rim/lmdb-store.ts";
import { listenForScrapes, Metrics } from "../rim/metrics-http.ts";
import { errorText } from "../rim/pid-file.ts";
import type { Machine } from "../runtime/loop-ports.ts";
import { VERSION } from "../version.ts";
import { AgentProcess } from "./agent-process.ts";
import { FoundLeaseFile } from "./found-lease-file.ts";
import { openLeaseFile } from "./lease-file.ts";
import { noteOfLeaseFile } from "./lease-file-notes.ts";
import type { AgentLedger } from "./ledger.ts";
import { NamesAgain } from "./names-again.ts";
import { type AgentChange, declarationsIn, Reconfiguring } from "./reconfiguring.ts";
import { openStoreOfLeaseFile } from "./replaced-lease-file.ts";
import { ServedInterfaces } from "./served-interfaces.ts";
import { digest, hmac, type ServiceOptions, Services } from "./services.ts";
import { becomeUser, openClock, openNetwork, type StartContext } from "./start-agent.ts";
import { StartFailed } from "./start-failed.ts";

/** What the composition root decides. */
export interface RunPorts {
  /** The last moment with the privileges that the process was started with. */
  beforePrivilegesDrop(): void;
  onBug(error: unknown): void;
  /** An operator ordered the end of this process. */
  shutDown(): void;
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
  const { options, log } = context;
  const network = await openNetwork(context);
  ports.beforePrivilegesDrop();
  becomeUser(context);
  const found = FoundLeaseFile.read(context.paths.leaseFile);
  const store = await openStoreOfLeaseFile(context, found);
  const clock = openClock(store, log);
  const leaseFile = await openLeaseFile(context, found, store, clock);
  for (const { level, text } of network.lines) log.line(level, text);
  const metrics = new Metrics();
  const ownAddresses = network.interfaces.flatMap(({ addresses }) => addresses);
  const serverOptions = { hostName: hostname(), serverPort: network.port, clientPort: clientPort(network.port), ownAddresses, digest };
  const machine: Machine<AgentState> = { step, nextDeadline, undone };
  const declarations = declarationsIn(store);
  if (declarations.length > 0) await context.configuration.declare(declarations);
  const { config } = context.configuration;
  const services = openServices(context, clock, {
    emit: (event) => agent.take(event),
    config: () => reconfiguring.config,
    reload: () => reconfiguring.reload(),
    declared: (declaration) => reconfiguring.declared(declaration),
    shutDown: ports.shutDown,
  });
  const ledger = await joinLedger(context, store, (event) => agent.take({ ...event, at: clock.instant() }));
  const extras = { hmac, declarations, ...(ledger === undefined ? {} : { ledger: ledger.ports }) };
  const agent: AgentProcess<AgentState> = new AgentProcess({
    failoverPeers: () => reconfiguring.config.failoverPeers,
    services,
    ledger,
    ...{ options, machine, store, clock, metrics, logger: log, onBug: ports.onBug },
    sharesWithTandem: ({ failover }, relationship) => sharesWithTandem(failover, relationship),
    onCommitted: (writes) => leaseFile.changed(writes),
    initial: createAgentState(config, serverOptions, store.view, (key) => store.record(key), extras),
    ...{ sockets: network.opened.sockets, icmpSocket: network.icmpSocket, interfaces: network.interfaces },
    ...{ port: network.port, broadcastAddress: network.broadcastAddress },
  });
  const served = new ServedInterfaces(network, config, options.interfaces, {
    use: (...next) => agent.useInterfaces(...next),
    log,
  });
  const emit = (event: AgentChange): void => agent.take({ ...event, at: clock.instant() });
  const reconfiguring = new Reconfiguring(context, { declarations: () => declarationsIn(store), emit, ledger, served });
  await services.open();
  const names = new NamesAgain((which) => reconfiguring.lookUpNames(which));
  const scrapes = await openMetrics(context, metrics, agent);
  return {
    reload: async () => void (await reconfiguring.reload()),
    stop: async () => {
      served.close();
      names.close();
      await services.close();
      if (ledger !== undefined) {
        agent.take({ kind: "ledger-stop", at: clock.instant() });
        await agent.loop.idle();
        await ledger.quiet();
      }
      return stop(context, agent, leaseFile, store, scrapes);
    },
  };
}

/** Only an agent that takes part in a ledger reads the program for it. */
async function joinLedger(
  { options, paths, configuration }: StartContext,
  store: LmdbStore,
  emit: (event: LedgerEvent) => void,
): Promise<AgentLedger | undefined> {
  if (options.agentConfig === undefined && !paths.agentConfigs.some(isThere)) return undefined;
  const { openLedger } = await import("./ledger.ts");
  return openLedger(paths.agentConfigs, configuration.config, { store, folder: paths.stateDirectory }, emit);
}

/** Also true of a file that may not be looked at: not to read it must not pass for having no ledger. */
function isThere(path: string): boolean {
  try {
    statSync(path);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ENOENT";
  }
}

function openServices(
  { paths, log }: StartContext,
  clock: LeaseClock,
  ports: Pick<ServiceOptions, "emit" | "config" | "reload" | "declared" | "shutDown">,
): Services {
  const { now, wallOffset } = clock.instant();
  return new Services({
    ...ports,
    controlSocket: join(paths.stateDirectory, "control.sock"),
    instant: () => clock.instant(),
    warn: (text) => log.line("warn", text),
    about: {
      version: VERSION,
      startedAt: now + wallOffset,
      configurationFile: paths.configFile,
      ledger: { configured: false, note: NO_LEDGER },
    },
  });
}

const NO_LEDGER =
  "The rules of the failover protocol alone apply: nothing but the operator's word tells a dead partner from one out of reach.";

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

async function stop(
  context: StartContext,
  agent: AgentProcess<AgentState>,
  leaseFile: LeaseFileWriter,
  store: LmdbStore,
  scrapes: Server | undefined,
): Promise<boolean> {
  scrapes?.close();
  await agent.stop();
  try {
    if (await leaseFile.close()) store.apply([noteOfLeaseFile(context.paths.leaseFile)]);
    await store.close();
    return true;
  } catch {
    return false;
  }
}
