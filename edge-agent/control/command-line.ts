import { BINDING_STATUSES } from "../leases/binding-status.ts";
import { err, ok, type Result } from "../values/result.ts";
import type { ControlRequest } from "./protocol.ts";

/** What `tandem` was asked to do. */
export type Command =
  | { readonly kind: "help"; readonly text: string }
  | { readonly kind: "version" }
  | { readonly kind: "ask"; readonly sockets: readonly string[]; readonly json: boolean; readonly request: ControlRequest }
  | { readonly kind: "check"; readonly arguments: readonly string[] }
  | { readonly kind: "restore"; readonly arguments: readonly string[] };

/** Where an agent's control socket is unless it was told another place: beside its lease store, of which these are the usual ones. */
const DEFAULT_SOCKETS: readonly string[] = [
  "/var/lib/tandem",
  "/var/lib/dhcp/dhcpd.leases.tandem",
  "/var/lib/tandem/dhcpd.leases.tandem",
].map((folder) => `${folder}/control.sock`);

export const USAGE = `tandem: looks into a running agent, and directs it

  tandem status                             states, link, pools, waits, ledger
  tandem leases [ADDRESS | MAC | --client-id HEX] [--status STATUS] [--limit N]
  tandem explain MAC [--client-id HEX] [--via RELAY-OR-INTERFACE] [--vendor-class TEXT]
                                            how this client would be treated, and which line decides it
  tandem partner-down [NAME] [--last-alive TIME] [--force --reason TEXT]
                                            the partner is off: take over its addresses
  tandem recover [NAME] [--force]           leave PAUSED or SHUTDOWN by way of recovery; a server that serves, only with --force
  tandem shutdown [NAME]                    hand over to the partner, announce it, serve no more
  tandem pause [NAME] | tandem resume [NAME]
  tandem rebalance [NAME]                   even out the free addresses between the partners
  tandem reload                             read the configuration again (as SIGHUP does)
  tandem check FILE [--explain MAC] [--compare OTHER] [--strict] [--json]
                                            check a dhcpd.conf, without an agent; tandem check --help tells more
  tandem restore --from-ledger --server A|B [--state DIR] [--agent-config FILE]
                                            a server that lost its disk, and its partner is gone too

NAME is a failover relationship; it may be left out where there is only one. TIME: 2026-01-31T12:00:00Z or seconds since 1970.
  --state DIR     the agent's state folder: what its --state says, else FILE.tandem for its -lf FILE, else /var/lib/tandem
  --socket PATH   the agent's control socket, which is control.sock in that folder; without either the first of these that answers:
                  ${DEFAULT_SOCKETS.join("\n                  ")}
  --json          the reply as JSON
Exit status: 0 done, 1 refused (the reason is printed), 2 wrong usage, 3 no agent to talk to
`;

interface Arguments {
  readonly words: readonly string[];
  readonly options: ReadonlyMap<string, string>;
}

const WITH_VALUE = new Set(["socket", "state", "client-id", "status", "limit", "via", "vendor-class", "last-alive", "reason"]);
const FLAGS = new Set(["json", "force", "help", "version"]);
const EVERYWHERE = new Set(["json", "socket", "state"]);
/** What single commands take besides. */
const OPTIONS_OF: Readonly<Record<string, readonly string[]>> = {
  leases: ["client-id", "status", "limit"],
  explain: ["client-id", "via", "vendor-class"],
  "partner-down": ["last-alive", "force", "reason"],
  recover: ["force"],
};

/** Reads `tandem`'s arguments (without the program's name). An error is a sentence for the user. */
export function parseCommandLine(argv: readonly string[], parseTime: (text: string) => number | undefined): Result<Command, string> {
  const [verb] = argv;
  if (verb === "check" || verb === "restore") return ok({ kind: verb, arguments: argv.slice(1) });
  const parsed = splitArguments(argv);
  if (!parsed.ok) return parsed;
  const { words, options } = parsed.value;
  if (options.has("version")) return ok({ kind: "version" });
  if (options.has("help") || words[0] === undefined || words[0] === "help") return ok({ kind: "help", text: USAGE });
  const request = requestFrom(words, options, parseTime);
  if (!request.ok) return request;
  const foreign = [...options.keys()].find((name) => !EVERYWHERE.has(name) && !(OPTIONS_OF[request.value.verb] ?? []).includes(name));
  if (foreign !== undefined) return err(`"${words[0]}" has no --${foreign}; tandem --help lists what it takes`);
  return ok({ kind: "ask", sockets: socketsOf(options), json: options.has("json"), request: request.value });
}

function socketsOf(options: ReadonlyMap<string, string>): readonly string[] {
  const socket = options.get("socket");
  if (socket !== undefined) return [socket];
  const state = options.get("state");
  return state === undefined ? DEFAULT_SOCKETS : [`${state.replace(/\/$/, "")}/control.sock`];
}

function splitArguments(argv: readonly string[]): Result<Arguments, string> {
  const words: string[] = [];
  const options = new Map<string, string>();
  for (let index = 0; index < argv.length; index += 1) {
    const argument = argv[index] ?? "";
    if (!argument.startsWith("--")) {
      words.push(argument === "-h" ? "help" : argument);
      continue;
    }
    const [name = "", inline] = argument.slice(2).split(/=(.*)/s, 2);
    if (FLAGS.has(name)) options.set(name, "yes");
    else if (WITH_VALUE.has(name)) {
      if (inline === undefined) index += 1;
      const value = inline ?? argv[index];
      if (value === undefined) return err(`--${name} needs a value`);
      options.set(name, value);
    } else return err(`unknown option --${name}`);
  }
  return ok({ words, options });
}

function requestFrom(
  words: readonly string[],
  options: ReadonlyMap<string, string>,
  parseTime: (text: string) => number | undefined,
): Result<ControlRequest, string> {
  const [verb = "", first, second] = words;
  if (second !== undefined) return err(`"${second}" is one word too many after "${verb} ${first}"`);
  const named = first === undefined ? {} : { relationship: first };
  switch (verb) {
    case "status":
    case "reload":
      return first === undefined ? ok({ verb }) : err(`"${verb}" takes no name`);
    case "recover":
      return ok({ verb, ...named, ...(options.has("force") ? { force: true } : {}) });
    case "pause":
    case "resume":
    case "rebalance":
    case "shutdown":
      return ok({ verb, ...named });
    case "partner-down":
      return partnerDown(named, options, parseTime);
    case "leases":
      return leases(first, options);
    case "explain":
      return explain(first, options);
    default:
      return err(`"${verb}" is no command; tandem --help lists them`);
  }
}

function partnerDown(
  named: { readonly relationship?: string },
  options: ReadonlyMap<string, string>,
  parseTime: (text: string) => number | undefined,
): Result<ControlRequest, string> {
  const lastAliveText = options.get("last-alive");
  const lastAlive = lastAliveText === undefined ? undefined : parseTime(lastAliveText);
  if (lastAliveText !== undefined && lastAlive === undefined)
    return err(`--last-alive ${lastAliveText}: not a time such as 2026-01-31T12:00:00Z`);
  const reason = options.get("reason");
  if (options.has("force") && reason === undefined)
    return err("--force needs --reason TEXT: it is recorded that you vouch for the partner being off");
  if (!options.has("force") && reason !== undefined) return err("--reason goes with --force");
  return ok({
    verb: "partner-down",
    ...named,
    ...(lastAlive === undefined ? {} : { lastAlive }),
    ...(reason === undefined ? {} : { force: { reason } }),
  });
}

const MAC = /^[0-9a-f]{1,2}([:-][0-9a-f]{1,2}){5,15}$/i;

/** Octets in hex, with or without a mark between them. */
const HEX = /^[0-9a-f]{1,2}(?:[:-]?[0-9a-f]{1,2})*$/i;
const notHex = (text: string): string => `--client-id ${text}: not hex digits such as 01:00:16:3e:01:02:03, option 61 as it is sent`;

function leases(which: string | undefined, options: ReadonlyMap<string, string>): Result<ControlRequest, string> {
  const limit = options.get("limit") === undefined ? 1000 : Number(options.get("limit"));
  if (!Number.isSafeInteger(limit) || limit < 1) return err(`--limit ${options.get("limit")}: not a whole number from 1`);
  const clientId = options.get("client-id");
  if (clientId !== undefined && !HEX.test(clientId)) return err(notHex(clientId));
  const status = options.get("status")?.toUpperCase();
  if (status !== undefined && !BINDING_STATUSES.some((each) => each === status))
    return err(`--status ${options.get("status")}: not one of ${BINDING_STATUSES.join(", ")}`);
  const identity = which === undefined ? {} : MAC.test(which) ? { hardware: which } : { address: which };
  const filter = { ...identity, ...(clientId === undefined ? {} : { clientId }), ...(status === undefined ? {} : { status }) };
  return ok({ verb: "leases", filter, limit });
}

function explain(hardware: string | undefined, options: ReadonlyMap<string, string>): Result<ControlRequest, string> {
  if (hardware === undefined || !MAC.test(hardware)) return err("explain needs a hardware address such as 00:16:3e:01:02:03");
  const clientId = options.get("client-id");
  if (clientId !== undefined && !HEX.test(clientId)) return err(notHex(clientId));
  const via = options.get("via");
  const vendorClass = options.get("vendor-class");
  return ok({
    verb: "explain",
    client: {
      hardware,
      ...(clientId === undefined ? {} : { clientId }),
      ...(via === undefined ? {} : { via }),
      ...(vendorClass === undefined ? {} : { vendorClass }),
    },
  });
}
