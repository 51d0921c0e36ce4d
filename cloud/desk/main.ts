import { parseArgs } from "node:util";
import { SCOPES } from "../contract/api-route.ts";
import { deskCredentials, startDesk } from "./desk.ts";
import { fillWithSample } from "./sample.ts";

const HELP = `npm run cloud                  the control plane on this machine, as it would be deployed; nothing is kept when it ends
npm run cloud -- --sample      with two sites and a day of leases in them, whose servers A have fallen silent
npm run cloud -- --port PORT   the API's port (8600)
npm run cloud -- --embedded    with the embedded ledger even where there is a Java
npm run cloud -- --token       prints one token for each scope beside the one that has all
npm run cloud -- --agent SITE.A   prints the credentials of an agent
npm run cloud -- --log LEVEL   log of the functions (warn)
`;
const OPTIONS = {
  port: { type: "string", default: "8600" },
  embedded: { type: "boolean" },
  sample: { type: "boolean" },
  token: { type: "boolean" },
  agent: { type: "string", multiple: true },
  log: { type: "string", default: "warn" },
  help: { type: "boolean", short: "h" },
} as const;
const LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"];

/** The command line; what is wrong with it is told, and ends the process with status 2. */
function parse() {
  try {
    const { values } = parseArgs({ options: OPTIONS });
    if (!/^\d{1,5}$/.test(values.port) || Number(values.port) > 65_535)
      throw new Error(`--port is a number up to 65535, not ${values.port}`);
    if (!LEVELS.includes(values.log)) throw new Error(`--log is one of ${LEVELS.join(", ")}, not ${values.log}`);
    const strange = values.agent?.find((agent) => !/^[A-Z0-9-]{2,24}\.[AB]$/.test(agent));
    if (strange !== undefined) throw new Error(`--agent is SITE.A or SITE.B, in capitals, not ${strange}`);
    return values;
  } catch (error) {
    process.stderr.write(`npm run cloud: ${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
    return process.exit(2);
  }
}
const values = parse();
const say = (text: string) => process.stdout.write(`${text}\n`);

async function run(): Promise<void> {
  say("Synthesizing the control plane (a few seconds the first time)…");
  const desk = await startDesk({ port: Number(values.port), embedded: values.embedded === true, logLevel: values.log });
  const end = () => void desk.stop().then(() => process.exit(0));
  process.once("SIGINT", end);
  process.once("SIGTERM", end);
  if (values.sample === true) await fillWithSample(desk);
  const token = await desk.token();
  say(`Control plane   ${desk.url}`);
  say(`Ledger          ${desk.ledgerEndpoint}  table ${desk.tableName}  (${desk.ledger}, behind a door that checks signatures and roles)`);
  if (desk.ledger === "DynamoDB Local")
    say("                DynamoDB Local itself listens on every interface and asks for no rights: use it on a trusted network only.");
  if (values.token === true) for (const scope of Object.keys(SCOPES)) say(`${scope.padEnd(15)} ${await desk.token([scope])}`);
  say(`
Try, in another terminal:
  export TANDEM_API=${desk.url} PATH=$PWD/cloud/bin:$PATH
  export TANDEM_TOKEN=${token}`);
  say(values.sample === true ? SAMPLE_LINES : EMPTY_LINES);
  for (const agent of values.agent ?? ["LISBON-1.A"]) say(agentLines(agent, desk.ledgerEndpoint));
  say("Ctrl-C ends it; nothing is kept.");
}

const EMPTY_LINES = `  tandemctl register LISBON-1 --names lis-a,lis-b --pool office=10.1.0.10-10.1.0.209
  tandemctl sites
  tandemctl site LISBON-1
  curl -s -H "Authorization: Bearer $TANDEM_TOKEN" $TANDEM_API/v1/sites/LISBON-1/health
With --sample there are leases to ask about; npm start runs two real servers beside it.`;
const SAMPLE_LINES = `  tandemctl sites
  tandemctl site LISBON-1
  tandemctl history --ip 10.1.0.12 --at 6h
  tandemctl history --client 02:00:00:00:00:0c --from 1d
  tandemctl history LISBON-1 --from 5h --format csv
  tandemctl partner-down LISBON-1 --survivor lis-b --wait
  tandemctl failover --sites LISBON-1,PORTO-2 --survivor B --reason "trying it"
  tandemctl audit LISBON-1`;

function agentLines(agent: string, endpoint: string): string {
  const [site = "", server = ""] = agent.split(".");
  const { accessKeyId, secretAccessKey } = deskCredentials(site, server === "B" ? "B" : "A");
  return `An agent ${agent} reaches the ledger with:
  AWS_ENDPOINT_URL_DYNAMODB=${endpoint} AWS_REGION=local AWS_ACCESS_KEY_ID=${accessKeyId} AWS_SECRET_ACCESS_KEY=${secretAccessKey}`;
}

/** What went wrong at the start, in a line: whoever tries this has no use for our stack. */
function giveUp(error: unknown): never {
  const { code, message } = error as NodeJS.ErrnoException;
  const cause = code === "EADDRINUSE" ? `port ${values.port} is in use: --port PORT takes another` : message;
  process.stderr.write(`npm run cloud: ${cause}\n`);
  return process.exit(1);
}

if (values.help === true) say(HELP);
else await run().catch(giveUp);
