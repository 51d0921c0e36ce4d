import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { TableShape } from "../adapters/create-table.ts";
import type { Statement } from "./iam.ts";
import type { StreamMapping } from "./stream.ts";

const ROOT = join(import.meta.dirname, "../..");
const OUT = join(ROOT, "cdk.out/desk");
/** A folder that is there while somebody synthesizes; left behind by one that was killed, it counts for three minutes. */
const LOCK = join(ROOT, "cdk.out/desk.lock");
const LOCK_MILLIS = 180_000;
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
/** A function as the template has it. */
export interface TemplateFunction {
  /** Export of the bundle, as `routes.getSite`. */
  readonly handler: string;
  /** What its role allows. */
  readonly statements: readonly Statement[];
}
export interface Template {
  /** Logical name of the table. */
  readonly tableId: string;
  readonly table: TableShape;
  /** By handler. */
  readonly functions: ReadonlyMap<string, TemplateFunction>;
  /** What the agents' role allows. */
  readonly agentStatements: readonly Statement[];
  readonly streams: readonly StreamMapping[];
  /** What runs by the clock, and how often. */
  readonly schedules: readonly { readonly handler: string; readonly everyMs: number }[];
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
  // the template is written before the synthesis ends
  while ((!isFresh() || existsSync(LOCK)) && !(await synthesizeAlone()));
  const { Resources, Parameters } = JSON.parse(readFileSync(TEMPLATE, "utf8")) as {
    Resources: Record<string, Resource>;
    Parameters: Record<string, { Default?: string }>;
  };
  const of = (type: string) => Object.values(Resources).filter((resource) => resource.Type === type);
  const tableId = Object.keys(Resources).find((id) => Resources[id]?.Type === "AWS::DynamoDB::GlobalTable") ?? "";
  const table = Resources[tableId];
  const functions = of("AWS::Lambda::Function");
  const code = functions[0]?.Properties["Code"] as unknown as { S3Key?: string } | undefined;
  const asset = code?.S3Key?.replace(/\.zip$/, "");
  if (table === undefined || asset === undefined) throw new Error(`${TEMPLATE} has no table or no function`);
  const { KeySchema, AttributeDefinitions, GlobalSecondaryIndexes } = table.Properties as unknown as Required<TableShape>;
  return {
    tableId,
    table: { KeySchema, AttributeDefinitions, GlobalSecondaryIndexes },
    functions: new Map(functions.map((found) => functionOf(found, Resources)).map((found) => [found.handler, found])),
    agentStatements: agentStatements(Resources),
    streams: of("AWS::Lambda::EventSourceMapping").map((found) => streamOf(found, Resources)),
    schedules: of("AWS::Events::Rule").map((found) => scheduleOf(found, Resources)),
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

const handlerOf = (id: string, resources: Record<string, Resource>): string =>
  (resources[id]?.Properties as unknown as { Handler: string } | undefined)?.Handler.replace(/^index\./, "") ?? "";

function functionOf(found: Resource, resources: Record<string, Resource>): TemplateFunction {
  const { Handler, Role } = found.Properties as unknown as { Handler: string; Role: { "Fn::GetAtt": [string, string] } };
  return { handler: Handler.replace(/^index\./, ""), statements: statementsOf(Role["Fn::GetAtt"][0], resources) };
}

/** All statements of the policies that a role has. */
function statementsOf(role: string, resources: Record<string, Resource>): readonly Statement[] {
  return Object.values(resources).flatMap(({ Type, Properties }) => {
    if (Type !== "AWS::IAM::Policy") return [];
    const { Roles, PolicyDocument } = Properties as unknown as { Roles: { Ref: string }[]; PolicyDocument: { Statement: Statement[] } };
    return Roles.some(({ Ref }) => Ref === role) ? PolicyDocument.Statement : [];
  });
}

function agentStatements(resources: Record<string, Resource>): readonly Statement[] {
  const profile = Object.values(resources).find(({ Type }) => Type === "AWS::RolesAnywhere::Profile");
  const { RoleArns } = (profile?.Properties ?? { RoleArns: [] }) as unknown as { RoleArns: { "Fn::GetAtt": [string, string] }[] };
  return RoleArns.flatMap((arn) => statementsOf(arn["Fn::GetAtt"][0], resources));
}

function streamOf(found: Resource, resources: Record<string, Resource>): StreamMapping {
  const { FunctionName, FilterCriteria, BatchSize, MaximumRetryAttempts } = found.Properties as unknown as {
    FunctionName: { Ref: string };
    FilterCriteria?: { Filters: { Pattern: string }[] };
    BatchSize: number;
    MaximumRetryAttempts: number;
  };
  const filters = (FilterCriteria?.Filters ?? []).map(({ Pattern }) => JSON.parse(Pattern) as object);
  return { handler: handlerOf(FunctionName.Ref, resources), filters, batchSize: BatchSize, retries: MaximumRetryAttempts };
}

function scheduleOf(found: Resource, resources: Record<string, Resource>): { handler: string; everyMs: number } {
  const { ScheduleExpression, Targets } = found.Properties as unknown as {
    ScheduleExpression: string;
    Targets: { Arn: { "Fn::GetAtt": [string, string] } }[];
  };
  const [, count, unit] = /^rate\((\d+) (minute|hour)s?\)$/.exec(ScheduleExpression) ?? [];
  const target = Targets[0]?.Arn["Fn::GetAtt"][0];
  if (count === undefined || target === undefined) throw new Error(`the schedule ${ScheduleExpression} is not understood`);
  return { handler: handlerOf(target, resources), everyMs: Number(count) * (unit === "hour" ? 3_600_000 : 60_000) };
}

const isFresh = (): boolean => existsSync(TEMPLATE) && newest(["cloud", "infra", "package.json", "cdk.json"]) <= statSync(TEMPLATE).mtimeMs;

/** Synthesizes, or waits half a second for another process that does: two at once spoil each other's bundles. Gives whether it is done. */
async function synthesizeAlone(): Promise<boolean> {
  mkdirSync(join(LOCK, ".."), { recursive: true });
  try {
    mkdirSync(LOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    const since = statSync(LOCK, { throwIfNoEntry: false })?.mtimeMs;
    if (since !== undefined && Date.now() - since > LOCK_MILLIS) rmSync(LOCK, { recursive: true, force: true });
    else await new Promise((resolve) => setTimeout(resolve, 500));
    return false;
  }
  try {
    if (!isFresh()) await synthesize();
    return true;
  } finally {
    rmSync(LOCK, { recursive: true, force: true });
  }
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
