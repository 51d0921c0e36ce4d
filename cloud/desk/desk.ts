import { randomUUID } from "node:crypto";
import type { Server } from "node:http";
import { pathToFileURL } from "node:url";
import { marshall } from "@aws-sdk/util-dynamodb";
import { generateKeyPair, jwtVerify, SignJWT } from "jose";
import { createTable } from "../adapters/create-table.ts";
import { dynamoClient } from "../adapters/dynamo-ledger.ts";
import { SCOPES } from "../contract/api-route.ts";
import { createEmbeddedTable, type EmbeddedTable } from "../embedded/table.ts";
import { startWireServer } from "../embedded/wire-server.ts";
import { findDynamoLocal, startDynamoLocal } from "./dynamo-local.ts";
import { type Authorizers, createGateway, type Invoke } from "./gateway.ts";
import { readTemplate } from "./template.ts";

/** The control plane on a desk. */
export interface Desk {
  /** Of the HTTP API. */
  readonly url: string;
  /** Of the ledger, for the agents' `endpoint`. */
  readonly ledgerEndpoint: string;
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
interface Bundle {
  readonly routes: Record<string, Invoke>;
  sweep(): Promise<Record<string, number>>;
  audit(event: object): Promise<void>;
}
const TABLE_NAME = "tandem-ledger";
const AUTHOR = "operator@desk";

/** Access key that stands for an agent's credentials on the desk; any secret goes with it. Signatures are not checked. */
export const deskAccessKey = (site: string, server: "A" | "B"): string => Buffer.from(`${site}.${server}`).toString("hex");

/** The agent that a key stands for, as SITE.SERVER. DynamoDB Local takes letters and digits only, hence the hex; plain names are understood too. */
const agentOf = (accessKey: string): string =>
  /^(?:[0-9a-f]{2})+$/.test(accessKey) ? Buffer.from(accessKey, "hex").toString() : accessKey;

/** Starts the local control plane from the synthesized template: its table, its routes, and the very bundle that would be deployed. */
export async function startDesk(options: DeskOptions = {}): Promise<Desk> {
  const template = await readTemplate();
  const ledger = await startLedger(options.embedded === true);
  const client = dynamoClient({
    endpoint: ledger.endpoint,
    region: "local",
    credentials: { accessKeyId: "desk", secretAccessKey: "desk" },
  });
  await createTable(client, TABLE_NAME, template.table);
  client.destroy();
  const bundle = await loadBundle(template.bundle, ledger.endpoint, options.logLevel ?? "warn");
  ledger.table?.watch(({ after }) => {
    // The stream's filter, and its delay: the change is committed before anyone hears of it.
    if (after?.["t"] === "H" && after["late"] === 1) {
      const Records = [{ dynamodb: { NewImage: marshall(after) } }];
      setImmediate(() => bundle.audit({ Records }).catch(() => undefined));
    }
  });
  const keys = await generateKeyPair("ES256");
  const issuer = `urn:tandem:desk:${randomUUID()}`;
  const server = createGateway(
    template.routes,
    (handler) => functionOf(bundle, handler),
    authorizers(keys.publicKey, issuer, template.audience),
  );
  const port = await listen(server, options.port ?? 0);
  const timer = setInterval(() => bundle.sweep().catch(() => undefined), 60_000).unref();
  return {
    url: `http://127.0.0.1:${port}`,
    ledgerEndpoint: ledger.endpoint,
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
    sweep: () => bundle.sweep(),
    stop: async () => {
      clearInterval(timer);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await ledger.stop();
    },
  };
}

async function startLedger(
  embedded: boolean,
): Promise<{ kind: string; endpoint: string; table: EmbeddedTable | undefined; stop: () => Promise<void> }> {
  const found = embedded ? { missing: "asked for" } : findDynamoLocal();
  if ("folder" in found) {
    const local = await startDynamoLocal(found.folder);
    return { kind: "DynamoDB Local", endpoint: local.endpoint, table: undefined, stop: local.stop };
  }
  const table = createEmbeddedTable();
  const server = await startWireServer(table);
  return { kind: `embedded (${found.missing})`, endpoint: server.endpoint, table, stop: server.stop };
}

/** Imports the bundle with the environment that its functions would have. It reads it once, at the start and at the first call. */
async function loadBundle(path: string, endpoint: string, logLevel: string): Promise<Bundle> {
  Object.assign(process.env, {
    LEDGER_TABLE: TABLE_NAME,
    CURSOR_KEY: randomUUID(),
    LOG_LEVEL: logLevel,
    AWS_REGION: "local",
    AWS_ACCESS_KEY_ID: "desk",
    AWS_SECRET_ACCESS_KEY: "desk",
    AWS_ENDPOINT_URL_DYNAMODB: endpoint,
  });
  const bundle = (await import(`${pathToFileURL(path).href}?${randomUUID()}`)) as Bundle;
  await bundle.sweep();
  return bundle;
}

function functionOf(bundle: Bundle, handler: string): Invoke {
  const found = bundle.routes[handler.replace(/^routes\./, "")];
  if (found === undefined) throw new Error(`the bundle has no ${handler}`);
  return found;
}

function authorizers(key: Parameters<typeof jwtVerify>[1], issuer: string, audience: string): Authorizers {
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
    iam: (key, path) => {
      const accessKey = agentOf(key);
      const [site = "", server = ""] = accessKey.split(".");
      if (site === "" || server === "") return { status: 401 };
      // What the policy says with the certificate's subject: an agent reaches its own site and server only.
      if (!path.startsWith(`/v1/agent/sites/${site}/servers/${server}/`)) return { status: 403 };
      return {
        status: 200,
        authorizer: {
          iam: { accessKey, accountId: "000000000000", userArn: `arn:aws:sts::000000000000:assumed-role/tandem-agent/${accessKey}` },
        },
      };
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
