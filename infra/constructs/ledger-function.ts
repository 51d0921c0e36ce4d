import { join } from "node:path";
import { Duration, RemovalPolicy } from "aws-cdk-lib";
import { Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Architecture, Runtime, Tracing } from "aws-cdk-lib/aws-lambda";
import { NodejsFunction, OutputFormat } from "aws-cdk-lib/aws-lambda-nodejs";
import { LogGroup, type RetentionDays } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import type { TableRight } from "../../cloud/contract/api-route.ts";
import type { EnvironmentNames } from "../../cloud/env.ts";
import type { LedgerTable } from "./ledger-table.ts";

const ROOT = join(import.meta.dirname, "../..");

export interface LedgerFunctionProps {
  readonly table: LedgerTable;
  readonly handler: string;
  readonly description: string;
  readonly rights: readonly TableRight[];
  readonly retention: RetentionDays;
  readonly timeout?: Duration;
}

/** One function with its own role, its own log group and the rights it declares. All functions share one bundle. */
export class LedgerFunction extends Construct {
  readonly function: NodejsFunction;

  constructor(scope: Construct, id: string, props: LedgerFunctionProps) {
    super(scope, id);
    const environment: Record<Exclude<EnvironmentNames, "LOG_LEVEL">, string> = {
      LEDGER_TABLE: props.table.table.tableName,
      CURSOR_KEY: props.table.cursorKey.secretValue.unsafeUnwrap(),
    };
    const logGroup = new LogGroup(this, "Log", { retention: props.retention, removalPolicy: RemovalPolicy.DESTROY });
    const role = new Role(this, "Role", { assumedBy: new ServicePrincipal("lambda.amazonaws.com") });
    logGroup.grantWrite(role);
    this.function = new NodejsFunction(this, "Function", {
      entry: join(ROOT, "cloud/lambda.ts"),
      projectRoot: ROOT,
      depsLockFilePath: join(ROOT, "package-lock.json"),
      handler: `index.${props.handler}`,
      description: props.description,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: 512,
      timeout: props.timeout ?? Duration.seconds(15),
      tracing: Tracing.ACTIVE,
      environment,
      logGroup,
      role,
      bundling: {
        format: OutputFormat.ESM,
        target: "node24",
        minify: true,
        sourceMap: false,
        bundleAwsSDK: true,
        // CommonJS packages inside an ES module still ask for `require`.
        banner: "import{createRequire}from'module';const require=createRequire(import.meta.url);",
      },
    });
    props.table.grant(this.function, props.rights);
  }
}
