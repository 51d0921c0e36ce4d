import { parseArgs } from "node:util";
import { SCOPES } from "../contract/api-route.ts";
import { startDesk } from "./desk.ts";

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "8600" },
    embedded: { type: "boolean" },
    token: { type: "boolean" },
    log: { type: "string", default: "warn" },
  },
});
const say = (text: string) => process.stdout.write(`${text}\n`);

say("Synthesizing the control plane (a few seconds the first time)…");
const desk = await startDesk({ port: Number(values.port), embedded: values.embedded === true, logLevel: values.log });
const token = await desk.token();
say(`Control plane   ${desk.url}`);
say(`Ledger          ${desk.ledgerEndpoint}  table ${desk.tableName}  (${desk.ledger})`);
if (desk.ledger === "DynamoDB Local")
  say("                DynamoDB Local listens on every interface and asks for no credentials: use it on a trusted network only.");
if (values.token === true) for (const scope of Object.keys(SCOPES)) say(`${scope.padEnd(15)} ${await desk.token([scope])}`);
say(`
Try, in another terminal:
  export TANDEM_API=${desk.url}
  export TANDEM_TOKEN=${token}
  cloud/bin/tandemctl register LISBON-1 --names lis-a,lis-b --pool office=10.1.0.10-10.1.0.209
  cloud/bin/tandemctl sites
  cloud/bin/tandemctl site LISBON-1
  curl -s -H "Authorization: Bearer $TANDEM_TOKEN" $TANDEM_API/v1/sites/LISBON-1/health
Agents reach the ledger with: AWS_ENDPOINT_URL_DYNAMODB=${desk.ledgerEndpoint} AWS_REGION=local AWS_ACCESS_KEY_ID=LISBON-1.A AWS_SECRET_ACCESS_KEY=any
Ctrl-C ends it; nothing is kept.`);

const end = () => void desk.stop().then(() => process.exit(0));
process.once("SIGINT", end);
process.once("SIGTERM", end);
