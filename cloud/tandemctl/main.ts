import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { CallFailed, createClient } from "./api-client.ts";
import { clientKey, opening } from "./client-key.ts";
import { argumentsOf, COMMANDS, optionsOf } from "./commands.ts";
import { createOutput, printable } from "./output.ts";
import { UsageError } from "./usage-error.ts";

const text = { type: "string" } as const;
const flag = { type: "boolean" } as const;
const OPTIONS = {
  api: text,
  token: text,
  "client-key-file": text,
  json: flag,
  help: { ...flag, short: "h" },
  version: flag,
  survivor: text,
  wait: flag,
  force: flag,
  reason: text,
  standing: flag,
  sites: text,
  "at-once": text,
  "stop-after": text,
  "no-wait": flag,
  status: text,
  list: flag,
  show: text,
  resume: text,
  stop: text,
  timeout: text,
  format: text,
  foreign: text,
  ip: text,
  at: text,
  client: text,
  from: text,
  to: text,
  site: text,
  all: flag,
  silent: flag,
  "not-normal": flag,
  names: text,
  pool: { ...text, multiple: true },
  serial: { ...text, multiple: true },
  mclt: text,
  autonomy: text,
  "max-lease": text,
  generation: text,
  sole: text,
  pair: flag,
} as const;

const EVERYWHERE = new Set(["json", "api", "token", "client-key-file", "help"]);

// Who reads no further (a pager that was left, head) has what he wanted.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));

/** Exit status: 0 done, 1 refused or failed, 2 wrong usage, 3 the API cannot be reached or takes no token. */
process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  let usage: string | undefined;
  const complain = (message: string) => process.stderr.write(`tandemctl: ${message}\n`);
  try {
    const { values, positionals } = parse(argv);
    const [first, ...rest] = positionals;
    // help COMMAND is COMMAND --help
    const [name, ...args] = first === "help" && rest.length > 0 ? rest : positionals;
    const isHelp = values.help === true || first === "help";
    const command = Object.hasOwn(COMMANDS, name ?? "") ? COMMANDS[name ?? ""] : undefined;
    if (values.version === true) {
      process.stdout.write(`tandemctl ${version()}\n`);
      return 0;
    }
    if (name !== undefined && command === undefined && name !== "help")
      throw new UsageError(`there is no command ${name}; tandemctl --help lists them`);
    if (isHelp || command === undefined) {
      (isHelp ? process.stdout : process.stderr).write(
        command === undefined ? help() : `tandemctl ${name} ${command.usage}\n    ${command.about}\n`,
      );
      return isHelp ? 0 : 2;
    }
    const foreign = Object.keys(values).find((option) => !EVERYWHERE.has(option) && !optionsOf(command).has(option));
    if (foreign !== undefined) throw new UsageError(`${name} has no --${foreign}: tandemctl ${name} ${command.usage}`);
    const [surplus] = args.slice(argumentsOf(command));
    if (surplus !== undefined) throw new UsageError(`${surplus} is too much: tandemctl ${name} ${command.usage}`);
    const api = (values.api ?? process.env["TANDEM_API"])?.trim();
    const token = (values.token ?? process.env["TANDEM_TOKEN"])?.trim();
    if (!api || !token) throw new UsageError(missing(!api, !token));
    usage = `tandemctl ${name} ${command.usage}`;
    const names = clientKey(values["client-key-file"] ?? process.env["TANDEM_CLIENT_KEY_FILE"]);
    const client = createClient(api, token, complain);
    return await command.run({
      client: names === undefined ? client : opening(client, names),
      names,
      output: createOutput(values.json === true),
      options: values,
      args,
      sleep,
    });
  } catch (error) {
    if (error instanceof CallFailed) {
      complain(printable(error.message));
      return error.status === 0 || error.status === 401 ? 3 : 1;
    }
    complain(printable(error instanceof Error ? error.message : String(error)));
    if (error instanceof UsageError && usage !== undefined) process.stderr.write(`usage: ${usage}\n`);
    return 2;
  }
}

/** What is not there, and where it is to be had. */
function missing(api: boolean, token: boolean): string {
  const what =
    api && token
      ? "TANDEM_API and TANDEM_TOKEN, or give --api and --token"
      : api
        ? "TANDEM_API, or give --api"
        : "TANDEM_TOKEN, or give --token";
  return `set ${what} (npm run cloud prints both; deployed, the API is the stack's output ApiUrl, and tokens are your identity provider's)`;
}

/** Node's own words on options, without its advice on how to pass a file called --sites. */
function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? (error.message.split(/\. To specify|\n/)[0] ?? "") : String(error));
  }
}

function version(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return String((JSON.parse(text) as { version: string }).version);
}

function help(): string {
  const lines = Object.entries(COMMANDS).map(([name, { usage, about }]) => `  tandemctl ${name} ${usage}\n        ${about}\n`);
  return `Usage:
${lines.join("")}Everywhere: --json, --api URL (or TANDEM_API), --token TOKEN (or TANDEM_TOKEN),
            --client-key-file FILE (or TANDEM_CLIENT_KEY_FILE) where agents name clients under the fleet's key
Times: 2026-01-15T10:00:00Z, without a zone the local time, now, or so long ago: 30s, 90m, 2h, 3d, 1w
Exit status: 0 done, 1 refused or not all done, 2 usage, 3 unreachable or not let in
`;
}
