import { CfnOutput, CfnParameter, Stack, type StackProps } from "aws-cdk-lib";
import { RetentionDays } from "aws-cdk-lib/aws-logs";
import type { Construct } from "constructs";
import { AgentIdentity } from "./constructs/agent-identity.ts";
import { Alarms } from "./constructs/alarms.ts";
import { Background } from "./constructs/background.ts";
import { FleetDashboard } from "./constructs/dashboard.ts";
import { ControlApi } from "./constructs/http-api.ts";
import { LedgerBackup } from "./constructs/ledger-backup.ts";
import { LedgerKey } from "./constructs/ledger-key.ts";
import { LedgerTable } from "./constructs/ledger-table.ts";

/** How long logs are kept. */
export const LOG_RETENTION = RetentionDays.THREE_MONTHS;

/** The whole cloud side: ledger table, API with a function a route, stream audit and sweep, the agents' identity, alarms and dashboard. */
export class ControlPlaneStack extends Stack {
  readonly table: LedgerTable;
  readonly api: ControlApi;

  constructor(scope: Construct, id: string, props: StackProps = {}) {
    super(scope, id, { description: "Tandem: lease ledger, partner-down witness and control plane", ...props });
    const issuer = new CfnParameter(this, "JwtIssuer", {
      type: "String",
      description: "Issuer (URL) of operators' tokens",
      allowedPattern: "https?://.+",
    });
    const audience = new CfnParameter(this, "JwtAudience", {
      type: "String",
      description: "Audience that operators' tokens must name",
      default: "tandem",
    });
    const ca = new CfnParameter(this, "AgentCaCertificate", {
      type: "String",
      description: "CA certificate (PEM) that signs the agents' certificates",
    });
    const email = new CfnParameter(this, "AlarmEmail", {
      type: "String",
      description: "Where alarms are mailed; empty = nowhere",
      default: "",
    });
    const key = new CfnParameter(this, "LedgerKeyArn", {
      type: "String",
      description: "KMS key of your own for the table; empty = the key that AWS manages for DynamoDB",
      allowedPattern: "(arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+)?",
      default: "",
    });
    const backupDays = new CfnParameter(this, "BackupDays", {
      type: "Number",
      description: "How many days AWS Backup keeps each night's copy of the table; 0 = none is made",
      minValue: 0,
      maxValue: 3650,
      default: 0,
    });

    this.table = new LedgerTable(this, "Ledger", this.node.tryGetContext("restoredLedger"));
    this.api = new ControlApi(this, "Api", {
      table: this.table,
      issuer: issuer.valueAsString,
      audience: audience.valueAsString,
      retention: LOG_RETENTION,
    });
    const background = new Background(this, "Background", { table: this.table, retention: LOG_RETENTION });
    const agents = new AgentIdentity(this, "Agents", { table: this.table.table, api: this.api.api, caCertificate: ca.valueAsString });
    new Alarms(this, "Alarms", { email: email.valueAsString, table: this.table.table, api: this.api, background });
    new LedgerKey(this, "LedgerKey", { table: this.table.own, keyArn: key.valueAsString, within: this });
    new LedgerBackup(this, "Backup", { table: this.table.table, days: backupDays.valueAsNumber });
    new FleetDashboard(this, "Dashboard", { table: this.table.table, api: this.api.api });

    new CfnOutput(this, "ApiUrl", { value: this.api.api.apiEndpoint });
    new CfnOutput(this, "LedgerTableName", { value: this.table.table.tableName });
    new CfnOutput(this, "AgentRoleArn", { value: agents.role.roleArn });
    new CfnOutput(this, "AgentProfileArn", { value: agents.profile.attrProfileArn });
    new CfnOutput(this, "AgentTrustAnchorArn", { value: agents.anchor.attrTrustAnchorArn });
  }
}
