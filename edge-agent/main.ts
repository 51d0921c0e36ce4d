import { writeSync } from "node:fs";
import { type AgentOptions, parseCommandLine, USAGE } from "./cli.ts";
import { flagIn } from "./config/settings.ts";
import { ALREADY_RUNNING, BANNER, EXITING, filesText, SERVER_ID_CHECKED, STARTING_SERVICE, VERSION_LINE } from "./daemon/banner.ts";
import { readToStart } from "./daemon/configuration.ts";
import { isDetached, releaseStarter, startDetached } from "./daemon/detach.ts";
import { checkLeaseFile } from "./daemon/found-lease-file.ts";
import { tellOfGlobalStatements } from "./daemon/global-statements.ts";
import { type AgentLog, logFacility, openLog } from "./daemon/logging.ts";
import { type AgentPaths, agentPaths, configPath, namedFiles } from "./daemon/paths.ts";
import type { RunningAgent } from "./daemon/run-agent.ts";
import type { StartContext } from "./daemon/start-agent.ts";
import { StartFailed } from "./daemon/start-failed.ts";
import { testLeaseFile } from "./daemon/test-leases.ts";
import { isServerRunning, removePidFile, writePidFile } from "./rim/pid-file.ts";
import { findIdentity } from "./rim/privileges.ts";
import { nameProcess } from "./rim/process-name.ts";

/** Exit status for a fault of our own (sysexits.h EX_SOFTWARE). */
const EXIT_BUG = 70;

/** How long partners are given to hear that this server goes. */
const SHUTDOWN_MILLIS = 1000;

/** Writes to stderr without caring whether anybody reads. */
function say(text: string): void {
  try {
    writeSync(2, `${text}\n`);
  } catch {
    // A closed stderr is no reason to stop.
  }
}

function main(argv: readonly string[]): void {
  const parsed = parseCommandLine(argv);
  if (!parsed.ok) {
    say(`${BANNER}\n${parsed.error.text}${parsed.error.usage ? `\n${USAGE}` : ""}\n${EXITING}`);
    process.exitCode = 1;
  } else if (parsed.value.kind === "version") say(VERSION_LINE);
  else if (parsed.value.kind === "help") say(USAGE);
  else if (parsed.value.options.mode === "serve" && !parsed.value.options.foreground && !isDetached()) startDetached(argv);
  else void start(parsed.value.options);
}

async function start(options: AgentOptions): Promise<void> {
  nameProcess(process.env["TANDEM_PROGRAM"] ?? "tandem-dhcpd");
  const log = openLog(options);
  const fatal = (error: unknown): void => endByBug(error, log);
  process.on("uncaughtException", fatal);
  process.on("unhandledRejection", fatal);
  process.on("SIGUSR1", () => {}); // else Node opens its debugger
  console.error = (...words: readonly unknown[]) => log.line("debug", words.map(String).join(" ")); // libraries: we say it ourselves
  try {
    await startLogged(options, log);
  } catch (error) {
    if (!(error instanceof StartFailed)) {
      fatal(error);
      return;
    }
    log.line("error", `${error.message}${error.message === "" ? "" : "\n"}${EXITING}`);
    log.flush();
    process.exit(1);
  }
}

async function startLogged(options: AgentOptions, log: AgentLog): Promise<void> {
  if (options.port !== undefined) log.line("info", `binding to user-specified port ${options.port}`);
  if (options.traceFile !== undefined) log.line("warn", "-tf is not supported: no trace file is written.");
  const identity = findIdentity(options.user, options.group);
  if (!identity.ok) throw new StartFailed(identity.error);
  log.line("info", BANNER);
  const configuration = await readToStart(configPath(options, process.env), log, options.mode === "serve");
  const { config } = configuration;
  const paths = agentPaths(options, process.env, namedFiles(config));
  const facility = logFacility(config);
  if (facility !== undefined) log.useFacility(facility);
  tellOfGlobalStatements(config, log);
  log.line("info", filesText(paths.configFile, paths.leaseFile, paths.pidFile));
  if (flagIn(config.global, "server-id-check")?.value === true) log.line("info", SERVER_ID_CHECKED);
  if (options.mode === "test-config") {
    log.flush();
    process.exit(0);
  }
  checkLeaseFile(paths.leaseFile);
  const context = { options, paths, config, configuration, identity: identity.value, log };
  if (options.mode === "test-leases") {
    testLeaseFile(context);
    log.flush();
    process.exit(0);
  }
  if (options.writePidFile && isServerRunning(paths.pidFile)) throw new StartFailed(ALREADY_RUNNING);
  await serve(context);
}

async function serve(context: StartContext): Promise<void> {
  const { options, paths, log } = context;
  // A test of the configuration, which scripts run often, needs nothing of this.
  const { runAgent } = await import("./daemon/run-agent.ts");
  const agent = await runAgent(context, {
    beforePrivilegesDrop: () => {
      const failed = options.writePidFile ? writePidFile(paths.pidFile) : undefined;
      if (failed !== undefined) log.line("error", `Can't create PID file ${paths.pidFile}: ${failed}.`);
    },
    onBug: (error) => endByBug(error, log),
    // as TERM does; by then partners have been told
    shutDown: () => setTimeout(() => process.kill(process.pid, "SIGTERM"), SHUTDOWN_MILLIS),
  });
  handleSignals(agent, paths, context);
  log.line("info", STARTING_SERVICE);
  log.endStart();
  if (isDetached()) releaseStarter();
}

function handleSignals(agent: RunningAgent, paths: AgentPaths, { options, log }: StartContext): void {
  let ending = false;
  const end = async (): Promise<void> => {
    if (ending) return;
    ending = true;
    const clean = await agent.stop();
    if (options.writePidFile) removePidFile(paths.pidFile);
    log.flush();
    process.exit(clean ? 0 : 1);
  };
  process.on("SIGTERM", () => void end());
  process.on("SIGINT", () => void end());
  process.on("SIGHUP", () => void agent.reload());
}

function endByBug(error: unknown, log: AgentLog): void {
  const { message, stack = "" } = error instanceof Error ? error : new Error(String(error));
  const place = /\n\s+at .*?([\w-]+\.[tj]s:\d+)/.exec(stack)?.[1] ?? "unknown place";
  log.line("error", `Internal error at ${place}: ${message.split("\n")[0]}. Please report it. Ending with status ${EXIT_BUG}.`);
  log.flush();
  process.exit(EXIT_BUG);
}

main(process.argv.slice(2));
