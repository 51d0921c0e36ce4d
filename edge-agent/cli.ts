import { err, ok, type Result } from "./values/result.ts";

/** What the command line asks for. Paths are as given; undefined means the environment or the default decides. */
export interface AgentOptions {
  readonly port: number | undefined;
  readonly foreground: boolean;
  readonly logToStderr: boolean;
  readonly quiet: boolean;
  readonly mode: "serve" | "test-config" | "test-leases";
  readonly configFile: string | undefined;
  readonly leaseFile: string | undefined;
  readonly pidFile: string | undefined;
  readonly writePidFile: boolean;
  /** `-s`: where broadcasts go. */
  readonly broadcastAddress: string | undefined;
  readonly user: string | undefined;
  readonly group: string | undefined;
  readonly interfaces: readonly string[];
  readonly jsonLog: boolean;
  readonly verbose: boolean;
  readonly stateDirectory: string | undefined;
  /** The ledger's part; default: agent.json in the state folder, or /etc/tandem/agent.json. */
  readonly agentConfig: string | undefined;
  readonly allowExecute: boolean;
  readonly metrics: { readonly address: string; readonly port: number } | undefined;
  readonly traceFile: string | undefined;
}

export type CommandLine =
  | { readonly kind: "run"; readonly options: AgentOptions }
  | { readonly kind: "help" }
  | { readonly kind: "version" };

/** Why the command line is refused; `usage` asks for the usage text. */
export interface Refusal {
  readonly text: string;
  readonly usage: boolean;
}

export const USAGE = `Usage: tandem-dhcpd [-p <UDP port #>] [-f] [-d] [-q] [-t|-T]
             [-4] [-cf config-file] [-lf lease-file]
             [-user user] [-group group]
             [-pf pid-file] [--no-pid] [-s server]
             [--state directory] [--json-log] [--verbose]
             [--metrics [address:]port] [--allow-execute] [--agent-config file]
             [if0 [...ifN]]
       tandem-dhcpd {--version|--help|-h}`;

type Draft = { -readonly [Key in keyof AgentOptions]: AgentOptions[Key] };

const NOTHING: AgentOptions = {
  port: undefined,
  foreground: false,
  logToStderr: false,
  quiet: false,
  mode: "serve",
  configFile: undefined,
  leaseFile: undefined,
  pidFile: undefined,
  writePidFile: true,
  broadcastAddress: undefined,
  user: undefined,
  group: undefined,
  interfaces: [],
  jsonLog: false,
  verbose: false,
  stateDirectory: undefined,
  agentConfig: undefined,
  allowExecute: false,
  metrics: undefined,
  traceFile: undefined,
};

/** Flags without a value: what each does to the options. `-t` and `-T` also stay in front and log to stderr. */
const SWITCHES: Readonly<Record<string, (draft: Draft) => void>> = {
  "-4": () => {},
  "-f": (draft) => {
    draft.foreground = true;
  },
  "-d": (draft) => {
    draft.foreground = true;
    draft.logToStderr = true;
  },
  "-q": (draft) => {
    draft.quiet = true;
  },
  "-t": (draft) => {
    if (draft.mode === "serve") draft.mode = "test-config";
  },
  "-T": (draft) => {
    draft.mode = "test-leases";
  },
  "--no-pid": (draft) => {
    draft.writePidFile = false;
  },
  "--json-log": (draft) => {
    draft.jsonLog = true;
  },
  "--verbose": (draft) => {
    draft.verbose = true;
  },
  "--allow-execute": (draft) => {
    draft.allowExecute = true;
  },
};

/** Flags with a value; a returned text refuses it. */
const VALUES: Readonly<Record<string, (draft: Draft, value: string) => string | undefined>> = {
  "-p": (draft, value) => {
    if (!/^\d+$/.test(value)) return `Invalid port number specification: ${value}`;
    const port = Number(value);
    if (port < 1 || port > 65535) return "Port number specified is out of range (1-65535).";
    draft.port = port;
    return undefined;
  },
  "-cf": (draft, value) => {
    draft.configFile = value;
    return undefined;
  },
  "-lf": (draft, value) => {
    draft.leaseFile = value;
    return undefined;
  },
  "-pf": (draft, value) => {
    draft.pidFile = value;
    return undefined;
  },
  "-s": (draft, value) => {
    draft.broadcastAddress = value;
    return undefined;
  },
  "-user": (draft, value) => {
    draft.user = value;
    return undefined;
  },
  "-group": (draft, value) => {
    draft.group = value;
    return undefined;
  },
  "-tf": (draft, value) => {
    draft.traceFile = value;
    return undefined;
  },
  "--state": (draft, value) => {
    draft.stateDirectory = value;
    return undefined;
  },
  "--agent-config": (draft, value) => {
    draft.agentConfig = value;
    return undefined;
  },
  "--metrics": (draft, value) => {
    const match = /^(?:(.+):)?(\d{1,5})$/.exec(value);
    const port = Number(match?.[2]);
    if (match === null || port > 65535) return `--metrics wants PORT or ADDRESS:PORT, not ${value}`;
    draft.metrics = { address: match[1] ?? "127.0.0.1", port };
    return undefined;
  },
};

/** dhcpd's flags that this server has nothing behind. */
const UNSUPPORTED: Readonly<Record<string, string>> = {
  "-6": "DHCPv6 is not supported: this server speaks DHCPv4 only.",
  "-4o6": "DHCPv4-over-DHCPv6 is not supported.",
  "-chroot": "-chroot is not supported: restrict the service with its unit file (RootDirectory=) instead.",
  "-play": "-play is not supported: trace files cannot be played back.",
};

const BOTH_FAMILIES = "Server cannot run in both IPv4 and IPv6 mode at the same time.";

/** Reads dhcpd(8)'s command line, and what this server adds to it. */
export function parseCommandLine(argv: readonly string[]): Result<CommandLine, Refusal> {
  const draft: Draft = { ...NOTHING };
  const interfaces: string[] = [];
  for (let index = 0; index < argv.length; index += 1) {
    const word = argv[index] ?? "";
    if (word === "--version") return ok({ kind: "version" });
    if (word === "--help" || word === "-h") return ok({ kind: "help" });
    const unsupported = Object.hasOwn(UNSUPPORTED, word) ? UNSUPPORTED[word] : undefined;
    if (word === "-6" && argv.includes("-4")) return err({ text: BOTH_FAMILIES, usage: false });
    if (unsupported) return err({ text: unsupported, usage: false });
    const change = Object.hasOwn(SWITCHES, word) ? SWITCHES[word] : undefined;
    const take = Object.hasOwn(VALUES, word) ? VALUES[word] : undefined;
    if (change !== undefined) change(draft);
    else if (take !== undefined) {
      index += 1;
      const value = argv[index];
      if (value === undefined) return err({ text: `No argument for command: ${word}`, usage: true });
      const refused = take(draft, value);
      if (refused !== undefined) return err({ text: refused, usage: false });
    } else if (word.startsWith("-")) return err({ text: `Unknown command ${word}`, usage: true });
    else interfaces.push(word);
  }
  return ok({ kind: "run", options: { ...draft, interfaces } });
}
