import { CfnCondition, Fn, Stack } from "aws-cdk-lib";
import type { CfnGlobalTable, TableV2 } from "aws-cdk-lib/aws-dynamodb";
import { type CfnPolicy, Policy, PolicyStatement, Role } from "aws-cdk-lib/aws-iam";
import { CfnEventSourceMapping } from "aws-cdk-lib/aws-lambda";
import { Construct, type IConstruct } from "constructs";

/** What DynamoDB does with a table's key in its caller's name. */
const USES = [
  "kms:Decrypt",
  "kms:DescribeKey",
  "kms:Encrypt",
  "kms:GenerateDataKey",
  "kms:GenerateDataKeyWithoutPlaintext",
  "kms:ReEncryptFrom",
  "kms:ReEncryptTo",
];

export interface LedgerKeyProps {
  readonly table: TableV2;
  /** ARN of a key of the account's own; empty = the key that AWS manages for DynamoDB. */
  readonly keyArn: string;
  /** Every role below it reads or writes the table, and so uses the key. */
  readonly within: IConstruct;
}

/** The table under a key of the account's own, if one is named: whoever holds that key can take the ledger out of everybody's reach. */
export class LedgerKey extends Construct {
  constructor(scope: Construct, id: string, { table, keyArn, within }: LedgerKeyProps) {
    super(scope, id);
    const named = new CfnCondition(this, "Named", { expression: Fn.conditionNot(Fn.conditionEquals(keyArn, "")) });
    const resource = table.node.defaultChild as CfnGlobalTable;
    const key = { KMSMasterKeyId: keyArn };
    resource.addPropertyOverride("Replicas.0.SSESpecification", Fn.conditionIf(named.logicalId, key, Fn.ref("AWS::NoValue")));
    // always there, so that what needs it can depend on it; of no key where none is named
    const noKey = Stack.of(this).formatArn({ service: "kms", resource: "key", resourceName: "none" });
    const policy = new Policy(this, "Policy", {
      roles: within.node.findAll().filter((found): found is Role => found instanceof Role),
      statements: [
        new PolicyStatement({
          actions: USES,
          resources: [Fn.conditionIf(named.logicalId, keyArn, noKey).toString()],
          conditions: { StringEquals: { "kms:ViaService": `dynamodb.${Stack.of(this).region}.${Stack.of(this).urlSuffix}` } },
        }),
      ],
    });
    // the stream is under the key, too: its reader is tried when it is made
    const rights = policy.node.defaultChild as CfnPolicy;
    for (const found of within.node.findAll()) if (found instanceof CfnEventSourceMapping) found.addResourceDependency(rights);
  }
}
