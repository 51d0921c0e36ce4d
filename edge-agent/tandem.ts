import { parseArgs } from "node:util";
import { parseCommandLine } from "./control/command-line.ts";
import type { ControlReply, ControlRequest, ExplainReport, LeaseReport, StatusReport } from "./control/protocol.ts";
import { renderExplanation, renderLeases, renderStatus } from "./control/render.ts";
import { check } from "./daemon/check-command.ts";
import { askAgent, NobodyListens } from "./rim/control-socket.ts";
import { VERSION } from "./version.ts";

/** Exit codes: 0 done, 1 refused by the agent, 2 wrong usage, 3 no agent to talk to. */
const EXIT = { done: 0, refused: 1, usage: 2, unreachable: 3 } as const;

async function main(argv: readonly string[]): Promise<number> {
  const command = parseCommandLine(argv, parseTime);
  if (!command.ok) {
    process.stderr.write(`tandem: ${command.error}\n`);
    return EXIT.usage;
  }
  switch (command.value.kind) {
    case "help":
      process.stdout.write(command.value.text);
      return EXIT.done;
    case "version":
      process.stdout.write(`tandem ${VERSION}\n`);
      return EXIT.done;
    case "ask":
      return ask(command.value.sockets, command.value.request, command.value.json);
    case "check":
      return check(command.value.arguments);
    case "restore":
      return restore(command.value.arguments);
  }
}

const RESTORE_USAGE = `usage: tandem restore --from-ledger --server A|B [--state DIR] [--agent-config FILE]
  fills an empty lease store with what the ledger knows of this server's site
  --server A|B         which of the site's two servers this is: A is the primary
  --state DIR          the agent's state folder (default /var/lib/tandem)
  --agent-config FILE  default: agent.json in that folder, else /etc/tandem/agent.json
`;
const RESTORE_OPTIONS = {
  "from-ledger": { type: "boolean" },
  server: { type: "string" },
  state: { type: "string", default: "/var/lib/tandem" },
  "agent-config": { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

async function restore(argv: readonly string[]): Promise<number> {
  const misused = (what: string): number => {
    process.stderr.write(`tandem: restore: ${what}\n${RESTORE_USAGE}`);
    return EXIT.usage;
  };
  let values: ReturnType<typeof parseArgs<{ options: typeof RESTORE_OPTIONS }>>["values"];
  try {
    ({ values } = parseArgs({ args: [...argv], options: RESTORE_OPTIONS }));
  } catch (error) {
    return misused(error instanceof Error ? (error.message.split(". ")[0] ?? "") : String(error));
  }
  const { server, state, "agent-config": agentConfig } = values;
  if (values.help === true) {
    process.stdout.write(RESTORE_USAGE);
    return EXIT.done;
  }
  if (values["from-ledger"] !== true) return misused("--from-ledger says where from; there is no other place");
  if (server !== "A" && server !== "B") return misused(server === undefined ? "--server is missing" : `--server is A or B, not ${server}`);
  const agentConfigs = agentConfig !== undefined ? [agentConfig] : [`${state}/agent.json`, "/etc/tandem/agent.json"];
  const { restoreFromLedger } = await import("./daemon/restore.ts");
  const done = await restoreFromLedger({ stateDirectory: state, agentConfigs, server });
  if (done.ok) process.stdout.write(`${done.value}\n`);
  else process.stderr.write(`tandem: restore: ${done.error}\n`);
  return done.ok ? EXIT.done : EXIT.refused;
}

/** The first agent that listens answers. */
async function askFirst(sockets: readonly string[], request: ControlRequest): Promise<ControlReply> {
  for (const socket of sockets) {
    try {
      return (await askAgent(socket, request)) as ControlReply;
    } catch (error) {
      if (!(error instanceof NobodyListens) || sockets.length === 1) throw error;
    }
  }
  throw new Error(
    `no agent listens on ${sockets.join(", ")}. Is it running? Name its state folder with --state: FILE.tandem for its -lf FILE`,
  );
}

async function ask(sockets: readonly string[], request: ControlRequest, json: boolean): Promise<number> {
  let reply: ControlReply;
  try {
    reply = await askFirst(sockets, request);
  } catch (error) {
    process.stderr.write(`tandem: ${error instanceof Error ? error.message : String(error)}\n`);
    return EXIT.unreachable;
  }
  if (json) process.stdout.write(`${JSON.stringify(reply)}\n`);
  else if (reply.ok) process.stdout.write(render(request, reply.result));
  else process.stderr.write(`tandem: ${request.verb}: ${reply.error.message}\n`);
  return reply.ok ? EXIT.done : EXIT.refused;
}

function render(request: ControlRequest, result: unknown): string {
  switch (request.verb) {
    case "status":
      return renderStatus(result as StatusReport);
    case "leases":
      return renderLeases((result as { leases: readonly LeaseReport[] }).leases);
    case "explain":
      return renderExplanation(result as ExplainReport);
    default:
      return `${(result as { message?: string }).message ?? "done"}\n`;
  }
}

function parseTime(text: string): number | undefined {
  if (/^\d{1,12}$/.test(text)) return Number(text);
  const millis = Date.parse(text);
  return Number.isNaN(millis) ? undefined : Math.floor(millis / 1000);
}

// Who reads no further (a pager that was left, head) has what he wanted.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
process.exitCode = await main(process.argv.slice(2));
