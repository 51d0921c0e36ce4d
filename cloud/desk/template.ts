import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { TableShape } from "../adapters/create-table.ts";

const ROOT = join(import.meta.dirname, "../..");
const OUT = join(ROOT, "cdk.out/desk");
const TEMPLATE = join(OUT, "TandemControlPlane.template.json");

/** A route as the template has it. */
export interface TemplateRoute {
  readonly method: string;
  readonly path: string;
  readonly authorization: "JWT" | "AWS_IAM";
  readonly scopes: readonly string[];
  /** Export of the bundle, as `routes.getSite`. */
  readonly handler: string;
}
export interface Template {
  readonly table: TableShape;
  readonly routes: readonly TemplateRoute[];
  readonly audience: string;
  /** Path of the functions' bundle: the very file that would be deployed. */
  readonly bundle: string;
}
interface Resource {
  readonly Type: string;
  readonly Properties: Record<string, never>;
}

/** The synthesized control plane; synthesized anew if a source is younger. Rejects if the synthesis fails. */
export async function readTemplate(): Promise<Template> {
  if (!existsSync(TEMPLATE) || newest(["cloud", "infra", "package.json", "cdk.json"]) > statSync(TEMPLATE).mtimeMs) await synthesize();
  const { Resources, Parameters } = JSON.parse(readFileSync(TEMPLATE, "utf8")) as {
    Resources: Record<string, Resource>;
    Parameters: Record<string, { Default?: string }>;
  };
  const of = (type: string) => Object.values(Resources).filter((resource) => resource.Type === type);
  const table = of("AWS::DynamoDB::GlobalTable")[0];
  const functions = of("AWS::Lambda::Function");
  const code = functions[0]?.Properties["Code"] as unknown as { S3Key?: string } | undefined;
  const asset = code?.S3Key?.replace(/\.zip$/, "");
  if (table === undefined || asset === undefined) throw new Error(`${TEMPLATE} has no table or no function`);
  const { KeySchema, AttributeDefinitions, GlobalSecondaryIndexes } = table.Properties as unknown as Required<TableShape>;
  return {
    table: { KeySchema, AttributeDefinitions, GlobalSecondaryIndexes },
    routes: of("AWS::ApiGatewayV2::Route").map((route) => routeOf(route, Resources)),
    audience: Parameters["JwtAudience"]?.Default ?? "tandem",
    bundle: join(OUT, `asset.${asset}`, "index.mjs"),
  };
}

function routeOf(route: Resource, resources: Record<string, Resource>): TemplateRoute {
  const found = route.Properties as unknown as {
    RouteKey: string;
    AuthorizationType: "JWT" | "AWS_IAM";
    AuthorizationScopes?: string[];
    Target: { "Fn::Join": [string, [string, { Ref: string }]] };
  };
  const [method = "", path = ""] = found.RouteKey.split(" ");
  const integration = resources[found.Target["Fn::Join"][1][1].Ref]?.Properties as unknown as {
    IntegrationUri: { "Fn::GetAtt": [string, string] };
  };
  const handler = resources[integration.IntegrationUri["Fn::GetAtt"][0]]?.Properties as unknown as { Handler: string };
  return {
    method,
    path,
    authorization: found.AuthorizationType,
    scopes: found.AuthorizationScopes ?? [],
    handler: handler.Handler.replace(/^index\./, ""),
  };
}

function synthesize(): Promise<void> {
  const context = (JSON.parse(readFileSync(join(ROOT, "cdk.json"), "utf8")) as { context: object }).context;
  const env = { ...process.env, CDK_OUTDIR: OUT, CDK_CONTEXT_JSON: JSON.stringify(context) };
  const child = spawn(process.execPath, [join(ROOT, "infra/app.ts")], { cwd: ROOT, env, stdio: ["ignore", "ignore", "pipe"] });
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => {
    errors = (errors + chunk.toString()).slice(-4000);
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (status) => (status === 0 ? resolve() : reject(new Error(`the synthesis failed:\n${errors}`))));
  });
}

function newest(places: readonly string[]): number {
  const times = places.flatMap((place) => {
    const path = join(ROOT, place);
    if (!existsSync(path)) return [];
    if (!statSync(path).isDirectory()) return [statSync(path).mtimeMs];
    return readdirSync(path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs);
  });
  return Math.max(0, ...times);
}
