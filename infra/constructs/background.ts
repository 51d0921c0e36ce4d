import { Duration, RemovalPolicy } from "aws-cdk-lib";
import type { ITable } from "aws-cdk-lib/aws-dynamodb";
import { Rule, Schedule } from "aws-cdk-lib/aws-events";
import { LambdaFunction } from "aws-cdk-lib/aws-events-targets";
import { FilterCriteria, FilterRule, StartingPosition } from "aws-cdk-lib/aws-lambda";
import { DynamoEventSource, SqsDlq } from "aws-cdk-lib/aws-lambda-event-sources";
import type { RetentionDays } from "aws-cdk-lib/aws-logs";
import { Queue, QueueEncryption } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import { AUDIT_RIGHTS, SWEEP_RIGHTS } from "../../cloud/contract/api-route.ts";
import { LedgerFunction } from "./ledger-function.ts";
import type { LedgerTable } from "./ledger-table.ts";

const ALONE = { mode: { S: FilterRule.isEqual("SOLE") }, fs: { S: FilterRule.isEqual("PARTNER-DOWN") } };

/** What runs without being asked: the audit of late events by the table's stream, and the sweep each minute. */
export class Background extends Construct {
  readonly audit: LedgerFunction;
  readonly sweep: LedgerFunction;
  /** Stream batches that the audit could not deal with. */
  readonly failed: Queue;

  constructor(scope: Construct, id: string, props: { readonly table: LedgerTable; readonly retention: RetentionDays }) {
    super(scope, id);
    this.failed = new Queue(this, "AuditFailed", {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.audit = new LedgerFunction(this, "Audit", {
      ...props,
      handler: "audit",
      description: "Stream: events that came in late against the leases they overlapped",
      rights: AUDIT_RIGHTS,
      timeout: Duration.seconds(60),
    });
    this.audit.function.addEventSource(
      new DynamoEventSource(props.table.table as ITable, {
        startingPosition: StartingPosition.TRIM_HORIZON,
        batchSize: 100,
        maxBatchingWindow: Duration.seconds(5),
        bisectBatchOnError: true,
        retryAttempts: 10,
        onFailure: new SqsDlq(this.failed),
        // Events that came in late, audit records that were not only put, and survivors that begin to serve alone.
        filters: [
          FilterCriteria.filter({ dynamodb: { NewImage: { t: { S: FilterRule.isEqual("H") }, late: { N: FilterRule.exists() } } } }),
          FilterCriteria.filter({
            eventName: FilterRule.or("MODIFY", "REMOVE"),
            dynamodb: { OldImage: { t: { S: FilterRule.isEqual("E") } } },
          }),
          FilterCriteria.filter({ dynamodb: { NewImage: ALONE, OldImage: { fs: { S: FilterRule.notEquals("PARTNER-DOWN") } } } }),
          FilterCriteria.filter({ dynamodb: { NewImage: ALONE, OldImage: { mode: { S: FilterRule.notEquals("SOLE") } } } }),
        ],
      }),
    );
    this.sweep = new LedgerFunction(this, "Sweep", {
      ...props,
      handler: "sweep",
      description: "Each minute: what the alarms look at, standing requests, fleet failovers",
      rights: SWEEP_RIGHTS,
      timeout: Duration.seconds(55),
    });
    const rule = new Rule(this, "EachMinute", { schedule: Schedule.rate(Duration.minutes(1)), description: "Tandem sweep" });
    rule.addTarget(new LambdaFunction(this.sweep.function, { retryAttempts: 0, maxEventAge: Duration.minutes(1) }));
  }
}
