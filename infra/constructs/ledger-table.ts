import { RemovalPolicy } from "aws-cdk-lib";
import { AttributeType, Billing, ProjectionType, StreamViewType, TableEncryptionV2, TableV2 } from "aws-cdk-lib/aws-dynamodb";
import { Effect, type IGrantable, PolicyStatement } from "aws-cdk-lib/aws-iam";
import { Construct } from "constructs";
import type { TableRight } from "../../cloud/contract/api-route.ts";
import { LEDGER_TABLE } from "../../cloud/contract/tables.ts";

const text = (name: string) => ({ name, type: AttributeType.STRING });
const GIVES_KEYS = { Null: { "dynamodb:LeadingKeys": "false" } };

/** The ledger: one table in one Region. No replica with eventual replication may ever be added: last writer wins would void every condition. */
export class LedgerTable extends Construct {
  readonly table: TableV2;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.table = new TableV2(this, "Table", {
      partitionKey: text(LEDGER_TABLE.pk),
      sortKey: text(LEDGER_TABLE.sk),
      billing: Billing.onDemand(),
      timeToLiveAttribute: LEDGER_TABLE.ttl,
      dynamoStream: StreamViewType.NEW_AND_OLD_IMAGES,
      encryption: TableEncryptionV2.awsManagedKey(),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true, recoveryPeriodInDays: 35 },
      deletionProtection: true,
      removalPolicy: RemovalPolicy.RETAIN,
      globalSecondaryIndexes: LEDGER_TABLE.indexes.map((index) => ({
        indexName: index.name,
        partitionKey: text(index.pk),
        sortKey: text(index.sk),
        projectionType: ProjectionType.INCLUDE,
        nonKeyAttributes: [...index.projects],
      })),
    });
  }

  /** Gives a function what its route declares, and nothing else. Nobody may delete, scan, or change an audit record. */
  grant(grantee: IGrantable, rights: readonly TableRight[]): void {
    for (const statement of rights.flatMap((right) => this.#statements(right))) {
      grantee.grantPrincipal.addToPrincipalPolicy(statement);
    }
  }

  #statements(right: TableRight): PolicyStatement[] {
    const arn = this.table.tableArn;
    switch (right) {
      case "read":
        return [new PolicyStatement({ actions: ["dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"], resources: [arn] })];
      case "switch":
        return [write(arn, ["dynamodb:PutItem", "dynamodb:UpdateItem"], ["S#*"]), ...withhold(arn)];
      case "settle":
        return [write(arn, ["dynamodb:UpdateItem", "dynamodb:PutItem"], ["S#*#X"]), write(arn, ["dynamodb:PutItem"], ["S#*#E"])];
      case "plan":
        return [write(arn, ["dynamodb:PutItem", "dynamodb:UpdateItem"], ["W#*"])];
      default:
        return [new PolicyStatement({ actions: ["dynamodb:Query"], resources: [`${arn}/index/${right}`] })];
    }
  }
}

/** Writes to the partitions that match one of `keys`. */
function write(arn: string, actions: string[], keys: string[]): PolicyStatement {
  return new PolicyStatement({
    actions,
    resources: [arn],
    conditions: { "ForAllValues:StringLike": { "dynamodb:LeadingKeys": keys }, ...GIVES_KEYS },
  });
}

/** A switch writes neither leases nor history nor conflicts, and changes no audit record. */
function withhold(arn: string): PolicyStatement[] {
  const deny = (actions: string[], keys: string[]) =>
    new PolicyStatement({
      effect: Effect.DENY,
      actions,
      resources: [arn],
      conditions: { "ForAnyValue:StringLike": { "dynamodb:LeadingKeys": keys } },
    });
  return [deny(["dynamodb:PutItem", "dynamodb:UpdateItem"], ["S#*#L", "S#*#H#*", "S#*#X"]), deny(["dynamodb:UpdateItem"], ["S#*#E"])];
}
