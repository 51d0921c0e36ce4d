import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { ROUTE_NAMES, ROUTES } from "../../cloud/contract/api.ts";
import { AUDIT_RIGHTS, type Grant, type Route, SWEEP_RIGHTS, TABLE_RIGHTS, type TableRight } from "../../cloud/contract/api-route.ts";
import { allowed, type Statement } from "../../cloud/desk/iam.ts";
import { EXCEPTIONS } from "../../infra/nag-suppressions.ts";
import { exercise } from "../support/exercise.ts";
import { type Resource, synthesize } from "../support/synth.ts";

const synth = synthesize();
const { Resources } = synth.template;
const TABLE = "arn:aws:dynamodb:eu-west-1:123456789012:table/ledger";
/** ARNs of the template: the table, its indexes, and for the rest whatever text there is. */
const resolveArn = (resource: unknown): string => {
  if (typeof resource === "string") return resource;
  const intrinsic = resource as { "Fn::GetAtt"?: string[]; "Fn::Join"?: [string, unknown[]]; Ref?: string };
  if (intrinsic["Fn::GetAtt"] !== undefined)
    return Resources[intrinsic["Fn::GetAtt"][0]!]?.Type === "AWS::DynamoDB::GlobalTable"
      ? TABLE
      : `arn:${intrinsic["Fn::GetAtt"].join(".")}`;
  if (intrinsic["Fn::Join"] !== undefined) return intrinsic["Fn::Join"][1].map(resolveArn).join(intrinsic["Fn::Join"][0]);
  return intrinsic.Ref ?? "";
};
const statementsOf = (role: string): Statement[] => {
  const policies = synth.of("AWS::IAM::Policy").filter(([, policy]) => JSON.stringify(policy.Properties.Roles).includes(`"${role}"`));
  return policies.flatMap(([, policy]) => policy.Properties.PolicyDocument.Statement);
};
const functionOf = (handler: string): Resource =>
  synth.of("AWS::Lambda::Function").find(([, found]) => found.Properties.Handler === `index.${handler}`)![1];
const statementsOfFunction = (handler: string) => statementsOf(functionOf(handler).Properties.Role["Fn::GetAtt"][0]);

test("synthesizes without account, Region or network", () => {
  expect(synth.output).not.toMatch(/error/i);
  expect(synth.status).toBe(0);
});

test("cdk-nag finds nothing but what is excepted, with a reason", () => {
  expect(synth.report.pluginReports.map(({ pluginName }) => pluginName)).toEqual(expect.arrayContaining(["AwsSolutions", "Serverless"]));
  for (const report of synth.report.pluginReports) expect([report.pluginName, report.conclusion]).toEqual([report.pluginName, "success"]);
  for (const { reason } of EXCEPTIONS) expect(reason.length).toBeGreaterThan(40);
});

test("the table is one region's, kept, protected, encrypted, restorable, and expires what has a TTL", () => {
  const tables = synth.of("AWS::DynamoDB::GlobalTable");
  expect(tables.length).toBe(1);
  const [, table] = tables[0]!;
  expect(table.DeletionPolicy).toBe("Retain");
  expect(table.Properties).toMatchObject({
    BillingMode: "PAY_PER_REQUEST",
    SSESpecification: { SSEEnabled: true },
    StreamSpecification: { StreamViewType: "NEW_AND_OLD_IMAGES" },
    TimeToLiveSpecification: { AttributeName: "ttl", Enabled: true },
  });
  expect(table.Properties.Replicas).toMatchObject([
    { DeletionProtectionEnabled: true, PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: 35 } },
  ]);
  expect(table.Properties.GlobalSecondaryIndexes.map((index: { IndexName: string }) => index.IndexName)).toEqual(["gs1", "gs2", "gs3"]);
});

test("a key of the account's own is a parameter: the table is under it, and whoever uses the table may use it through DynamoDB only", () => {
  const named = { "Fn::Not": [{ "Fn::Equals": [{ Ref: "LedgerKeyArn" }, ""] }] };
  const [, table] = synth.of("AWS::DynamoDB::GlobalTable")[0]!;
  expect(table.Properties.SSESpecification).toEqual({ SSEEnabled: true, SSEType: "KMS" });
  const [condition, there, otherwise] = table.Properties.Replicas[0].SSESpecification["Fn::If"];
  expect([synth.template.Conditions[condition], there]).toEqual([named, { KMSMasterKeyId: { Ref: "LedgerKeyArn" } }]);
  expect(otherwise).toEqual({ Ref: "AWS::NoValue" });
  expect(synth.template.Parameters["LedgerKeyArn"]).toMatchObject({ Default: "" });
  const policies = synth.of("AWS::IAM::Policy").map(([id, policy]) => ({ id, ...policy.Properties }));
  const uses = policies.flatMap(({ id, PolicyDocument, Roles }) =>
    (PolicyDocument.Statement as Statement[])
      .filter(({ Action }) => JSON.stringify(Action).includes("kms:"))
      .map((each) => ({ id, Roles, ...each })),
  );
  expect(uses.length).toBe(1);
  const noKey = {
    "Fn::Join": ["", ["arn:", { Ref: "AWS::Partition" }, ":kms:", { Ref: "AWS::Region" }, ":", { Ref: "AWS::AccountId" }, ":key/none"]],
  };
  expect(uses[0]!.Resource).toEqual({ "Fn::If": [condition, { Ref: "LedgerKeyArn" }, noKey] });
  expect(JSON.stringify(uses[0]!.Condition)).toMatch(
    /^{"StringEquals":{"kms:ViaService":{"Fn::Join":\["",\["dynamodb\.",{"Ref":"AWS::Region"}/,
  );
  const having = (uses[0]!.Roles as { Ref: string }[]).map(({ Ref }) => Ref);
  const touching = policies
    .filter(({ PolicyDocument }) => JSON.stringify(PolicyDocument).includes('"dynamodb:'))
    .flatMap(({ Roles }) => Roles);
  expect(touching.filter(({ Ref }) => !having.includes(Ref))).toEqual([]);
  // the reader of the stream is tried when it is made
  for (const [, mapping] of synth.of("AWS::Lambda::EventSourceMapping")) expect(mapping.DependsOn).toContain(uses[0]!.id);
});

test("AWS Backup copies the table each night, if it is asked to, into a vault that outlives the stack", () => {
  const made = synth.of("AWS::Backup::BackupVault").concat(synth.of("AWS::Backup::BackupPlan"), synth.of("AWS::Backup::BackupSelection"));
  expect(made.length).toBe(3);
  for (const [, { Condition = "" }] of made)
    expect(synth.template.Conditions[Condition]).toEqual({ "Fn::Not": [{ "Fn::Equals": [{ Ref: "BackupDays" }, "0"] }] });
  const [vault, plan, selection] = made.map(([, resource]) => resource);
  expect(vault?.DeletionPolicy).toBe("Retain");
  expect(plan?.Properties.BackupPlan.BackupPlanRule).toMatchObject([
    {
      ScheduleExpression: "cron(0 3 * * ? *)",
      TargetBackupVault: { Ref: made[0]![0] },
      Lifecycle: { DeleteAfterDays: { Ref: "BackupDays" } },
    },
  ]);
  const [tableId] = synth.of("AWS::DynamoDB::GlobalTable")[0]!;
  expect(selection?.Properties.BackupSelection.Resources).toEqual([{ "Fn::GetAtt": [tableId, "Arn"] }]);
  const role = Resources[selection?.Properties.BackupSelection.IamRoleArn["Fn::GetAtt"][0]];
  expect(JSON.stringify(role?.Properties.AssumeRolePolicyDocument)).toContain('"backup.amazonaws.com"');
  expect(synth.template.Parameters["BackupDays"]).toMatchObject({ Default: 0, MinValue: 0 });
});

test("every route has a function of its own, behind the authorizer and scope of the contract", () => {
  const routes = new Map(synth.of("AWS::ApiGatewayV2::Route").map(([, route]) => [route.Properties.RouteKey, route.Properties]));
  expect(routes.size).toBe(ROUTE_NAMES.length);
  for (const name of ROUTE_NAMES) {
    const route: Route = ROUTES[name];
    const found = routes.get(`${route.method} ${route.path}`);
    expect(found?.AuthorizationType).toBe(route.auth.kind === "jwt" ? "JWT" : "AWS_IAM");
    if (route.auth.kind === "jwt") expect(found?.AuthorizationScopes).toEqual([route.auth.scope]);
    const integration = Resources[found?.Target["Fn::Join"][1][1].Ref];
    const handler = Resources[integration?.Properties.IntegrationUri["Fn::GetAtt"][0]];
    expect(handler?.Properties.Handler).toBe(`index.routes.${name}`);
  }
});

test("functions run on Node 24 with their own role and a log that ends", () => {
  const functions = synth.of("AWS::Lambda::Function");
  expect(functions.length).toBe(ROUTE_NAMES.length + 2);
  expect(new Set(functions.map(([, found]) => found.Properties.Role["Fn::GetAtt"][0])).size).toBe(functions.length);
  for (const [, found] of functions) {
    expect(found.Properties).toMatchObject({ Runtime: "nodejs24.x", Architectures: ["arm64"] });
    expect(Object.keys(found.Properties.Environment.Variables).sort()).toEqual(["CURSOR_KEY", "LEDGER_TABLE"]);
  }
  const logs = synth.of("AWS::Logs::LogGroup");
  expect(logs.length).toBe(functions.length + 1);
  for (const [, log] of logs) expect(log.Properties.RetentionInDays).toBe(90);
});

const used = await exercise();
/** Every place of the table, by a sample of its keys. */
const SAMPLES = {
  control: "S#X1",
  servers: "S#X1#V#A",
  request: "S#X1#R",
  leases: "S#X1#L",
  history: "S#X1#H#0a000001",
  conflicts: "S#X1#X",
  trail: "S#X1#E",
  answers: "S#X1#I",
  plans: "W#1234",
} as const satisfies Partial<Record<Grant["on"], string>>;
const ACTIONS = [
  "GetItem",
  "BatchGetItem",
  "Query",
  "PutItem",
  "UpdateItem",
  "DeleteItem",
  "BatchWriteItem",
  "ConditionCheckItem",
  "PartiQLSelect",
];
const RIGHTS: readonly (readonly [string, readonly TableRight[]])[] = [
  ...ROUTE_NAMES.map((name) => [`routes.${name}`, ROUTES[name].rights] as const),
  ["audit", AUDIT_RIGHTS],
  ["sweep", SWEEP_RIGHTS],
];
test.each(RIGHTS)("%s has the rights that it uses, and no other", (handler, rights) => {
  const statements = statementsOfFunction(handler);
  const may = (action: string, on: string) =>
    on in SAMPLES
      ? allowed(statements, { action: `dynamodb:${action}`, resource: TABLE, keys: [SAMPLES[on as keyof typeof SAMPLES]] }, resolveArn)
      : allowed(statements, { action: `dynamodb:${action}`, resource: `${TABLE}/index/${on}`, keys: ["x"] }, resolveArn);
  const granted = [...Object.keys(SAMPLES), "gs1", "gs2", "gs3"].flatMap((on) =>
    ACTIONS.filter((action) => may(action, on)).map((action) => `${action} ${on}`),
  );
  expect(granted.sort()).toEqual([...(used.get(handler)?.deeds ?? [])].sort());
  for (const { action, keys, index } of used.get(handler)?.requests ?? []) {
    const ask = { action: `dynamodb:${action}`, resource: index === undefined ? TABLE : `${TABLE}/index/${index}`, keys };
    expect([ask, allowed(statements, ask, resolveArn)]).toEqual([ask, true]);
  }
  const declared = rights.flatMap((right) => TABLE_RIGHTS[right].flatMap(({ actions, on }) => actions.map((action) => `${action} ${on}`)));
  expect([...new Set(declared)].sort()).toEqual(granted.sort());
  expect(allowed(statements, { action: "dynamodb:Scan", resource: TABLE }, resolveArn)).toBe(false);
  const anywhere = statements.filter(({ Resource }) => [Resource].flat().includes("*")).flatMap(({ Action }) => [Action].flat());
  expect(anywhere.filter((action) => !action.startsWith("xray:") && action !== "dynamodb:ListStreams")).toEqual([]);
});
test("no function can delete or update an audit record: acts can neither be changed nor taken out through the API", () => {
  for (const [handler] of RIGHTS) {
    for (const action of ["UpdateItem", "DeleteItem", "BatchWriteItem", "PartiQLUpdate", "PartiQLDelete"]) {
      const ask = { action: `dynamodb:${action}`, resource: TABLE, keys: ["S#X1#E"] };
      expect([handler, action, allowed(statementsOfFunction(handler), ask, resolveArn)]).toEqual([handler, action, false]);
    }
  }
});
test("what cannot act cannot switch: functions of reading routes write nothing at all", () => {
  for (const name of ROUTE_NAMES.filter((route) => ROUTES[route].method === "GET"))
    expect([...(used.get(`routes.${name}`)?.deeds ?? [])].filter((deed) => /^(Put|Update)/.test(deed))).toEqual([]);
});
test("partner-down is a right of its own: no other scope reaches a route that switches", () => {
  for (const name of ROUTE_NAMES) {
    const { auth, rights }: Route = ROUTES[name];
    if (auth.kind === "jwt" && rights.includes("switch")) expect(["dhcp/switch", "dhcp/force"]).toContain(auth.scope);
  }
});

const agentRole = synth.of("AWS::IAM::Role").find(([, role]) => JSON.stringify(role.Properties).includes("rolesanywhere"))![0];
const agent = statementsOf(agentRole);
const tags = { "x509Subject/OU": "S1", "x509Subject/CN": "A" };
const ofAgent = (action: string, ...keys: string[]) =>
  allowed(agent, { action: `dynamodb:${action}`, resource: TABLE, keys, tags }, resolveArn);
test.each([
  ["reads its own server item", true, () => ofAgent("GetItem", "S#S1#V#A")],
  ["writes its own server item", true, () => ofAgent("UpdateItem", "S#S1#V#A")],
  ["reads its partner's", true, () => ofAgent("GetItem", "S#S1#V#B")],
  ["reads the site's control item", true, () => ofAgent("GetItem", "S#S1")],
  ["reads the site's leases", true, () => ofAgent("Query", "S#S1#L")],
  [
    "writes leases, history and conflicts",
    true,
    () => ofAgent("PutItem", "S#S1#L") && ofAgent("PutItem", "S#S1#H#0a000001") && ofAgent("PutItem", "S#S1#X"),
  ],
  ["writes its partner's server item", false, () => ofAgent("UpdateItem", "S#S1#V#B")],
  ["puts its own server item anew", false, () => ofAgent("PutItem", "S#S1#V#A")],
  ["writes the control item", false, () => ofAgent("UpdateItem", "S#S1")],
  ["writes the audit trail", false, () => ofAgent("PutItem", "S#S1#E")],
  ["reads a site whose name begins like its own", false, () => ofAgent("GetItem", "S#S10") || ofAgent("Query", "S#S10#L")],
  ["updates a lease's row in place", false, () => ofAgent("UpdateItem", "S#S1#L")],
  ["writes another site's leases", false, () => ofAgent("PutItem", "S#S2#L") || ofAgent("PutItem", "S#S10#H#0a000001")],
  ["reads two sites in one batch", false, () => ofAgent("BatchGetItem", "S#S1", "S#S2")],
  ["deletes", false, () => ofAgent("DeleteItem", "S#S1#L")],
  ["scans", false, () => ofAgent("Scan") || ofAgent("GetItem")],
  [
    "asks an index",
    false,
    () => allowed(agent, { action: "dynamodb:Query", resource: `${TABLE}/index/gs1`, keys: ["C#m:1:aa"], tags }, resolveArn),
  ],
  ["runs PartiQL", false, () => ofAgent("PartiQLSelect", "S#S1") || ofAgent("PartiQLUpdate", "S#S1#L")],
])("an agent %s: %s", (_, expected, attempt) => {
  expect(attempt()).toBe(expected);
});
test.each([
  ["S1", "A", "partner-down", true],
  ["S1", "A", "clear", true],
  ["S1", "B", "partner-down", false],
  ["S2", "A", "partner-down", false],
])("an agent of S1/A calls the switch of %s/%s %s: %s", (site, server, act, expected) => {
  const statement = agent.find(({ Action }) => Action === "execute-api:Invoke")!;
  const base = resolveArn(statement.Resource).split("/*/POST")[0];
  expect(
    allowed(
      agent,
      { action: "execute-api:Invoke", resource: `${base}/$default/POST/v1/agent/sites/${site}/servers/${server}/${act}`, tags },
      resolveArn,
    ),
  ).toBe(expected);
});

test("the agents' role trusts the operator's certificates only", () => {
  const [, role] = synth.of("AWS::IAM::Role").find(([name]) => name === agentRole)!;
  for (const statement of role.Properties.AssumeRolePolicyDocument.Statement) {
    expect(statement.Principal).toEqual({ Service: "rolesanywhere.amazonaws.com" });
    expect(statement.Condition.StringEquals).toEqual({ "aws:PrincipalTag/x509Subject/O": "branch-dhcp" });
    expect(JSON.stringify(statement.Condition.ArnEquals)).toContain("TrustAnchor");
  }
  expect(synth.of("AWS::RolesAnywhere::Profile")[0]![1].Properties).toMatchObject({
    DurationSeconds: 43_200,
    AcceptRoleSessionName: false,
  });
});

test("every alarm names a section of the runbook that is there", () => {
  const runbook = resolve(import.meta.dirname, "../../docs/operations.md");
  expect(existsSync(runbook)).toBe(true);
  const sections = [...readFileSync(runbook, "utf8").matchAll(/^#+ (.+)$/gm)].map((match) =>
    match[1]!
      .toLowerCase()
      .replaceAll(/[^a-z0-9 -]/g, "")
      .replaceAll(" ", "-"),
  );
  const alarms = synth.of("AWS::CloudWatch::Alarm");
  expect(alarms.length).toBeGreaterThanOrEqual(10);
  for (const [, alarm] of alarms) {
    const section = /Runbook: docs\/operations\.md#([a-z0-9-]+)$/.exec(alarm.Properties.AlarmDescription)?.[1];
    expect(sections).toContain(section);
    expect(alarm.Properties.AlarmActions.length).toBe(1);
  }
});
