import { RemovalPolicy } from "aws-cdk-lib";
import {
  AttributeType,
  Billing,
  type ITableV2,
  ProjectionType,
  StreamViewType,
  TableEncryptionV2,
  TableV2,
} from "aws-cdk-lib/aws-dynamodb";
import { type IGrantable, PolicyStatement } from "aws-cdk-lib/aws-iam";
import { Secret } from "aws-cdk-lib/aws-secretsmanager";
import { Construct } from "constructs";
import { type Grant, TABLE_RIGHTS, type TableRight } from "../../cloud/contract/api-route.ts";
import { LEDGER_TABLE } from "../../cloud/contract/tables.ts";

const text = (name: string) => ({ name, type: AttributeType.STRING });
const GIVES_KEYS = { Null: { "dynamodb:LeadingKeys": "false" } };

/** The ledger: one table in one Region. No replica with eventual replication may ever be added: last writer wins would void every condition. */
export class LedgerTable extends Construct {
  /** The table in use: the stack's own, or the one that was restored from a copy of it. */
  readonly table: ITableV2;
  readonly own: TableV2;
  /** Signs page cursors; resolved at deployment into the functions' environment. */
  readonly cursorKey: Secret;

  /** `restoredStream`: ARN of the stream of a table that was restored from a copy, and takes the place of the stack's own. */
  constructor(scope: Construct, id: string, restoredStream?: string) {
    super(scope, id);
    this.cursorKey = new Secret(this, "CursorKey", {
      description: "Tandem: signs the API's page cursors",
      generateSecretString: { passwordLength: 48, excludePunctuation: true },
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.own = new TableV2(this, "Table", {
      partitionKey: text(LEDGER_TABLE.pk),
      sortKey: text(LEDGER_TABLE.sk),
      // No cap on capacity: it would hold heartbeats back with everything else, and a counter that stands still is what a dead server looks like.
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
    this.table = restoredStream === undefined ? (this.own as ITableV2) : this.#restored(restoredStream);
  }

  #restored(tableStreamArn: string): ITableV2 {
    const [, tableArn] = /^(arn:[a-z-]+:dynamodb:[a-z0-9-]+:[0-9]{12}:table\/[A-Za-z0-9_.-]+)\/stream\/.+$/.exec(tableStreamArn) ?? [];
    if (tableArn === undefined) throw new Error(`restoredLedger is the ARN of a table's stream, not ${tableStreamArn}`);
    const globalIndexes = LEDGER_TABLE.indexes.map(({ name }) => name);
    return TableV2.fromTableAttributes(this, "Restored", { tableArn, tableStreamArn, globalIndexes });
  }

  /** Gives a function what its route declares, and nothing else. */
  grant(grantee: IGrantable, rights: readonly TableRight[]): void {
    for (const right of rights) {
      for (const grant of TABLE_RIGHTS[right]) grantee.grantPrincipal.addToPrincipalPolicy(this.#statement(grant));
    }
  }

  #statement({ actions, on }: Grant): PolicyStatement {
    const named = actions.map((action) => `dynamodb:${action}`);
    const place = PLACES[on];
    if (place === undefined) return new PolicyStatement({ actions: named, resources: [`${this.table.tableArn}/index/${on}`] });
    return new PolicyStatement({
      actions: named,
      resources: [this.table.tableArn],
      conditions: {
        "ForAllValues:StringLike": { "dynamodb:LeadingKeys": [place.like] },
        ...(place.unlike === undefined ? {} : { "ForAllValues:StringNotLike": { "dynamodb:LeadingKeys": [place.unlike] } }),
        ...GIVES_KEYS,
      },
    });
  }
}

/** The partition keys of each place (cloud/contract/tables.ts); what is not here is an index. */
const PLACES: Readonly<Partial<Record<Grant["on"], { readonly like: string; readonly unlike?: string }>>> = {
  control: { like: "S#*", unlike: "S#*#*" },
  servers: { like: "S#*#V#*" },
  request: { like: "S#*#R" },
  leases: { like: "S#*#L" },
  history: { like: "S#*#H#*" },
  conflicts: { like: "S#*#X" },
  trail: { like: "S#*#E" },
  answers: { like: "S#*#I" },
  plans: { like: "W#*" },
};
