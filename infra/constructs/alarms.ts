import { CfnCondition, Duration, Fn, RemovalPolicy } from "aws-cdk-lib";
import { Alarm, ComparisonOperator, type IMetric, Metric, TreatMissingData } from "aws-cdk-lib/aws-cloudwatch";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import type { ITableV2 } from "aws-cdk-lib/aws-dynamodb";
import { CfnSubscription, Topic } from "aws-cdk-lib/aws-sns";
import { Construct } from "constructs";
import type { Background } from "./background.ts";
import type { ControlApi } from "./http-api.ts";

/** Where each alarm's description sends the reader. */
export const RUNBOOK = "docs/operations.md";

export interface AlarmsProps {
  /** Empty = nobody is mailed. */
  readonly email: string;
  readonly table: ITableV2;
  readonly api: ControlApi;
  readonly background: Background;
}
interface AlarmRow {
  readonly id: string;
  readonly says: string;
  /** Section of the runbook. */
  readonly section: string;
  readonly metric: IMetric;
  readonly above: number;
  readonly minutes: number;
  /** Silence of the metric is bad news too. */
  readonly missingIsBad?: boolean;
}

/** Every alarm, the topic it goes to, and the runbook section it names. */
export class Alarms extends Construct {
  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    const topic = new Topic(this, "Topic", { displayName: "Tandem alarms", enforceSSL: true });
    topic.applyRemovalPolicy(RemovalPolicy.DESTROY);
    const mailed = new CfnCondition(this, "Mailed", { expression: Fn.conditionNot(Fn.conditionEquals(props.email, "")) });
    const subscription = new CfnSubscription(this, "Mail", { topicArn: topic.topicArn, protocol: "email", endpoint: props.email });
    subscription.cfnOptions.condition = mailed;
    for (const row of rows(props)) {
      const alarm = new Alarm(this, row.id, {
        alarmDescription: `${row.says} Runbook: ${RUNBOOK}#${row.section}`,
        metric: row.metric,
        threshold: row.above,
        comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
        evaluationPeriods: row.minutes,
        treatMissingData: row.missingIsBad === true ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING,
      });
      alarm.addAlarmAction(new SnsAction(topic));
    }
  }
}

/** A count of the sweep, each minute. */
export const fleetMetric = (metricName: string, statistic = "Maximum"): Metric =>
  new Metric({ namespace: "Tandem", metricName, statistic, period: MINUTE });
const MINUTE = Duration.minutes(1);

function rows(props: AlarmsProps): readonly AlarmRow[] {
  return [...fleetRows(), ...serviceRows(props)];
}

function fleetRows(): readonly AlarmRow[] {
  const row = (id: string, says: string, section: string, metric: IMetric, above: number, minutes: number): AlarmRow => ({
    id,
    says,
    section,
    metric,
    above,
    minutes,
  });
  return [
    row("SilentAgent", "An agent that should be running is not heard of.", "silent-agent", fleetMetric("SitesSilent"), 0, 3),
    row(
      "MirrorLag",
      "An agent is heard of, but its events come more than ten minutes late.",
      "mirror-lag",
      fleetMetric("MirrorLagMax"),
      600,
      5,
    ),
    row("ConflictWritten", "Two clients were given one address.", "conflict-written", fleetMetric("OpenConflicts"), 0, 1),
    row("AuditChanged", "An audit record was changed or removed past the API.", "audit-changed", fleetMetric("AuditRecordsChanged"), 0, 1),
    row(
      "SiteUnsettled",
      "The ledger was restored, and a site still waits to be settled.",
      "the-ledger-was-restored",
      fleetMetric("SitesRestored"),
      0,
      15,
    ),
    row("BothPartnerDown", "Both servers of a site say PARTNER-DOWN.", "both-partner-down", fleetMetric("SitesBothPartnerDown"), 0, 1),
    {
      ...row(
        "SweepSilent",
        "The sweep does not report, or takes too long: the other alarms are blind.",
        "sweep-silent",
        fleetMetric("SweepSeconds"),
        50,
        5,
      ),
      missingIsBad: true,
    },
  ];
}

function serviceRows({ table, api, background }: AlarmsProps): readonly AlarmRow[] {
  const ofTable = (metricName: string) =>
    new Metric({ namespace: "AWS/DynamoDB", metricName, dimensionsMap: { TableName: table.tableName }, statistic: "Sum", period: MINUTE });
  const { audit, sweep, failed } = background;
  const row = (id: string, says: string, section: string, metric: IMetric, minutes: number): AlarmRow => ({
    id,
    says,
    section,
    metric,
    above: 0,
    minutes,
  });
  const every = { period: MINUTE };
  return [
    row("SweepErrors", "The sweep fails.", "sweep-silent", sweep.function.metricErrors(every), 3),
    row("AuditErrors", "The audit of late events fails.", "audit-fails", audit.function.metricErrors(every), 5),
    row("AuditGaveUp", "Late events were not audited.", "audit-fails", failed.metricApproximateNumberOfMessagesVisible(every), 1),
    row("ApiFaults", "The API answers with 5xx.", "api-faults", api.api.metricServerError(every), 3),
    row("LedgerThrottled", "DynamoDB throttles the ledger.", "ledger-throttled", ofTable("ThrottledRequests"), 5),
    row("LedgerSystemErrors", "DynamoDB reports errors of its own.", "ledger-throttled", ofTable("SystemErrors"), 5),
  ];
}
