import { Duration } from "aws-cdk-lib";
import type { HttpApi } from "aws-cdk-lib/aws-apigatewayv2";
import { Dashboard, GraphWidget, Metric, SingleValueWidget } from "aws-cdk-lib/aws-cloudwatch";
import type { ITableV2 } from "aws-cdk-lib/aws-dynamodb";
import { Construct } from "constructs";
import { fleetMetric } from "./alarms.ts";

/** The fleet on one screen: state, mirror, API, ledger. */
export class FleetDashboard extends Construct {
  constructor(scope: Construct, id: string, props: { readonly table: ITableV2; readonly api: HttpApi }) {
    super(scope, id);
    const ledger = (metricName: string) =>
      new Metric({
        namespace: "AWS/DynamoDB",
        metricName,
        dimensionsMap: { TableName: props.table.tableName },
        statistic: "Sum",
        period: Duration.minutes(5),
      });
    const counts = ["Sites", "SitesNotNormal", "SitesSilent", "SitesBothPartnerDown", "OpenConflicts"];
    const dashboard = new Dashboard(this, "Fleet", { defaultInterval: Duration.hours(24) });
    dashboard.addWidgets(new SingleValueWidget({ title: "Fleet", width: 24, metrics: counts.map((name) => fleetMetric(name)) }));
    dashboard.addWidgets(
      new GraphWidget({ title: "Sites not normal, silent", width: 12, left: [fleetMetric("SitesNotNormal"), fleetMetric("SitesSilent")] }),
      new GraphWidget({
        title: "Mirror: deepest outbox, longest lag (s)",
        width: 12,
        left: [fleetMetric("OutboxDepthMax")],
        right: [fleetMetric("MirrorLagMax")],
      }),
    );
    dashboard.addWidgets(
      new GraphWidget({
        title: "API",
        width: 12,
        left: [props.api.metricCount(), props.api.metricClientError(), props.api.metricServerError()],
        right: [props.api.metricLatency()],
      }),
      new GraphWidget({
        title: "Ledger",
        width: 12,
        left: [ledger("ConsumedWriteCapacityUnits"), ledger("ConsumedReadCapacityUnits")],
        right: [ledger("ThrottledRequests")],
      }),
    );
  }
}
