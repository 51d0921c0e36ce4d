import { randomUUID } from "node:crypto";
import type { Server } from "node:http";
import type { APIGatewayProxyStructuredResultV2 } from "aws-lambda";
import { generateKeyPair, jwtVerify, SignJWT } from "jose";
import { createTable } from "../adapters/create-table.ts";
import { dynamoClient } from "../adapters/dynamo-ledger.ts";
import { SCOPES } from "../contract/api-route.ts";
import { createEmbeddedTable, type EmbeddedTable } from "../embedded/table.ts";
import { startWireServer } from "../embedded/wire-server.ts";
import { findDynamoLocal, startDynamoLocal } from "./dynamo-local.ts";
import { type Functions, startFunctions } from "./functions.ts";
import { type Authorizers, createGateway } from "./gateway.ts";
import { startLedgerProxy } from "./ledger-proxy.ts";
import { createPrincipals, INVOKE_ARN, type Principals } from "./principals.ts";
import { verifySignature } from "./sigv4.ts";
import { deliver, localStream, recordOf, type StreamRecord } from "./stream.ts";
import { readTemplate, type Template } from "./template.ts";

export { deskCredentials } from "./principals.ts";

/** The control plane on a desk. */
export interface Desk {
  /** Of the HTTP API. */
  readonly url: string;
  /** Of the ledger, for the agents' `endpoint`: signatures are checked, and each caller's role. Take `deskCredentials`. */
  readonly ledgerEndpoint: string;
  /** Of the ledger behind that door, where nobody asks for rights. */
  readonly openEndpoint: string;
  readonly tableName: string;
  /** `DynamoDB Local`, or `embedded` and why. */
  readonly ledger: string;
  /** A token of the local issuer; default: every scope. */
  token(scopes?: readonly string[], who?: string): Promise<string>;
  /** Runs the sweep once, as the schedule does each minute. */
  sweep(): Promise<Record<string, number>>;
  stop(): Promise<void>;
}
export interface DeskOptions {
  /** Port of the API; 0 = any free one. */
  readonly port?: number;
  /** Use the embedded ledger even where there is a Java. */
  readonly embedded?: boolean;
  readonly logLevel?: string;
}
interface LocalLedger {
  readonly kind: string;
  readonly endpoint: string;
  readonly table: EmbeddedTable | undefined;
  readonly stop: () => Promise<void>;
}
const TABLE_NAME = "tandem-ledger";
const AUTHOR = "operator@desk";
/** How often DynamoDB Local's stream is looked at. */
const STREAM_MS = 500;

/** Starts the local control plane from the synthesized template: its table, routes, stream, schedule and roles, and the very bundle that would be
 *  deployed, each function with the rights of its own role. */
export async function startDesk(options: DeskOptions = {}): Promise<Desk> {
  const template = await readTemplate();
  const ledger = await startLedger(options.embedded === true);
  const credentials = { accessKeyId: "desk", secretAccessKey: "desk" };
  const client = dynamoClient({ endpoint: ledger.endpoint, region: "local", credentials });
  await createTable(client, TABLE_NAME, template.table);
  client.destroy();
  const principals = createPrincipals(template);
  const complain = (says: string) => process.stderr.write(`desk: ${says}\n`);
  const proxy = await startLedgerProxy(ledger.endpoint, principals, complain);
  const logLevel = options.logLevel ?? "warn";
  const functions = startFunctions(principals, { bundle: template.bundle, endpoint: proxy.endpoint, table: TABLE_NAME, logLevel });
  const endStream = followStream(template, ledger, functions, complain);
  const keys = await generateKeyPair("ES256");
  const issuer = `urn:tandem:desk:${randomUUID()}`;
  const server = createGateway(
    template.routes,
    async (handler, event) => (await functions.invoke(handler, event)) as APIGatewayProxyStructuredResultV2,
    authorizers(keys.publicKey, issuer, template.audience, principals),
  );
  const port = await listen(server, options.port ?? 0);
  const timers = template.schedules.map(({ handler, everyMs }) =>
    setInterval(() => functions.invoke(handler, {}).catch(() => undefined), everyMs).unref(),
  );
  return {
    url: `http://127.0.0.1:${port}`,
    ledgerEndpoint: proxy.endpoint,
    openEndpoint: ledger.endpoint,
    tableName: TABLE_NAME,
    ledger: ledger.kind,
    token: (scopes = Object.keys(SCOPES), who = AUTHOR) =>
      new SignJWT({ scope: scopes.join(" ") })
        .setProtectedHeader({ alg: "ES256" })
        .setIssuer(issuer)
        .setAudience(template.audience)
        .setSubject(who)
        .setIssuedAt()
        .setExpirationTime("12h")
        .sign(keys.privateKey),
    sweep: async () => (await functions.invoke("sweep", {})) as Record<string, number>,
    stop: async () => {
      for (const timer of timers) clearInterval(timer);
      await endStream();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await functions.stop();
      await proxy.stop();
      await ledger.stop();
    },
  };
}

async function startLedger(embedded: boolean): Promise<LocalLedger> {
  const found = embedded ? { missing: "asked for" } : findDynamoLocal();
  if ("folder" in found) {
    const local = await startDynamoLocal(found.folder);
    return { kind: "DynamoDB Local", endpoint: local.endpoint, table: undefined, stop: local.stop };
  }
  const table = createEmbeddedTable();
  const server = await startWireServer(table);
  return { kind: `embedded (${found.missing})`, endpoint: server.endpoint, table, stop: server.stop };
}

/** Gives the table's changes to the functions that take part in its stream. The function returned ends it. */
function followStream(
  template: Template,
  ledger: LocalLedger,
  functions: Functions,
  complain: (says: string) => void,
): () => Promise<void> {
  const waiting: StreamRecord[] = [];
  let number = 0;
  ledger.table?.watch((change) => void waiting.push(recordOf(change, ++number)));
  const local = ledger.table === undefined ? localStream(ledger.endpoint, TABLE_NAME) : undefined;
  let ended = false;
  let timer: NodeJS.Timeout | undefined;
  const turn = async (): Promise<void> => {
    const records = local === undefined ? waiting.splice(0) : await local.read();
    for (const mapping of template.streams) {
      const gaveUp = (record: StreamRecord, why: string) => complain(`stream record ${record.dynamodb.SequenceNumber}: ${why}`);
      await deliver(mapping, records, (event) => functions.invoke(mapping.handler, event), gaveUp);
    }
  };
  let turning = Promise.resolve();
  const next = () => {
    if (ended) return;
    turning = turn().catch((error: unknown) =>
      ended ? undefined : complain(`the stream: ${error instanceof Error ? error.message : String(error)}`),
    );
    void turning.then(() => {
      timer = setTimeout(next, STREAM_MS).unref();
    });
  };
  next();
  return async () => {
    ended = true;
    await turning;
    clearTimeout(timer);
  };
}

function authorizers(key: Parameters<typeof jwtVerify>[1], issuer: string, audience: string, principals: Principals): Authorizers {
  return {
    jwt: async (token, scopes) => {
      try {
        const { payload } = await jwtVerify(token, key, { issuer, audience });
        const held = String(payload["scope"] ?? "").split(" ");
        if (!scopes.some((scope) => held.includes(scope))) return { status: 403 };
        return { status: 200, authorizer: { jwt: { claims: payload, scopes: [...scopes] } } };
      } catch {
        return { status: 401 };
      }
    },
    iam: (request) => {
      const verdict = verifySignature(request, principals.secretOf, Date.now());
      if ("code" in verdict) return { status: 403, says: verdict.says };
      const principal = principals.of(verdict.accessKey);
      const resource = `${INVOKE_ARN}/${request.method}${request.url.pathname}`;
      if (principal?.agent === undefined || !principals.may(principal, { action: "execute-api:Invoke", resource }))
        return {
          status: 403,
          says: `User: ${principal?.arn ?? "nobody"} is not authorized to perform: execute-api:Invoke on resource: ${resource}`,
        };
      const iam = { accessKey: verdict.accessKey, accountId: "000000000000", userArn: principal.arn };
      return { status: 200, authorizer: { iam } };
    },
  };
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      if (typeof address === "object" && address !== null) resolve(address.port);
      else reject(new Error("the server has no address"));
    });
  });
}
