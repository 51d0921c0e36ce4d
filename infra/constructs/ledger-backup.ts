import { CfnCondition, CfnDeletionPolicy, type CfnResource, Fn, Stack, Token } from "aws-cdk-lib";
import { CfnBackupPlan, CfnBackupSelection, CfnBackupVault } from "aws-cdk-lib/aws-backup";
import type { ITableV2 } from "aws-cdk-lib/aws-dynamodb";
import { ManagedPolicy, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Construct } from "constructs";

export interface LedgerBackupProps {
  readonly table: ITableV2;
  /** How long each day's backup is kept, days; 0 = none is made. */
  readonly days: number;
}

/** A full copy of the table each night, kept beside the table's own point-in-time recovery: for longer than its 35 days, or after the table's deletion. */
export class LedgerBackup extends Construct {
  constructor(scope: Construct, id: string, { table, days }: LedgerBackupProps) {
    super(scope, id);
    const wanted = new CfnCondition(this, "Wanted", { expression: Fn.conditionNot(Fn.conditionEquals(Token.asString(days), "0")) });
    // a vault that was left by an earlier stack keeps its name
    const stackId = Fn.select(2, Fn.split("/", Stack.of(this).stackId));
    const vault = new CfnBackupVault(this, "Vault", { backupVaultName: Fn.join("-", ["tandem-ledger", stackId]) });
    vault.cfnOptions.deletionPolicy = CfnDeletionPolicy.RETAIN;
    vault.cfnOptions.updateReplacePolicy = CfnDeletionPolicy.RETAIN;
    const plan = new CfnBackupPlan(this, "Plan", {
      backupPlan: {
        backupPlanName: "tandem-ledger",
        backupPlanRule: [
          {
            ruleName: "nightly",
            targetBackupVault: vault.ref,
            scheduleExpression: "cron(0 3 * * ? *)",
            startWindowMinutes: 60,
            completionWindowMinutes: 720,
            lifecycle: { deleteAfterDays: days },
          },
        ],
      },
    });
    const role = new Role(this, "Role", {
      assumedBy: new ServicePrincipal("backup.amazonaws.com"),
      description: "AWS Backup, for Tandem's ledger",
      managedPolicies: [ManagedPolicy.fromAwsManagedPolicyName("service-role/AWSBackupServiceRolePolicyForBackup")],
    });
    const selection = new CfnBackupSelection(this, "Selection", {
      backupPlanId: plan.ref,
      backupSelection: { selectionName: "ledger", iamRoleArn: role.roleArn, resources: [table.tableArn] },
    });
    for (const made of [vault, plan, selection, role.node.defaultChild as CfnResource]) made.cfnOptions.condition = wanted;
  }
}
