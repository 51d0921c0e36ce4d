import { type Stack, Validations } from "aws-cdk-lib";

/** Every rule of cdk-nag that the stack does not follow, and why. Whatever else is found fails `cdk synth`. */
export const EXCEPTIONS: readonly { readonly id: string; readonly reason: string }[] = [
  {
    id: "AwsSolutions::AwsSolutions-IAM5[Resource::*]",
    reason:
      "X-Ray's PutTraceSegments and PutTelemetryRecords have no resource to name; nothing else is allowed on every resource (a test reads the statements).",
  },
  {
    id: "AwsSolutions::AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:<ApiHttpApi4C294DC0>/*/POST/v1/agent/sites/<aws:PrincipalTag/x509Subject/OU>/servers/<aws:PrincipalTag/x509Subject/CN>/*]",
    reason: "The wildcards are the stage and the two agent routes; site and server come from the caller's certificate.",
  },
  {
    id: "AwsSolutions::AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup]",
    reason:
      "What AWS Backup needs to make a copy changes with that service, which maintains this policy for itself; only it can take the role.",
  },
  { id: "AwsSolutions::AwsSolutions-SQS3", reason: "The queue is itself the dead letter queue of the stream." },
  { id: "Serverless::Serverless-SQSRedrivePolicy", reason: "The queue is itself the dead letter queue of the stream." },
  {
    id: "Serverless::Serverless-LambdaDLQ",
    reason:
      "Functions of routes are invoked synchronously and the caller gets the error; the stream has its own on-failure queue; a sweep that failed is made good by the next one a minute later, and an alarm tells when it is not.",
  },
  {
    id: "Serverless::Serverless-EventBusDLQ",
    reason: "A lost tick of the sweep is made good by the next one a minute later; the alarm SweepSilent tells when none comes.",
  },
  {
    id: "AwsSolutions::AwsSolutions-SMG4",
    reason:
      "The secret signs page cursors, which hold no more than a position in a query that its caller may ask anyway; a new one (docs/control-plane.md) ends open pages only.",
  },
  {
    id: "Serverless::Serverless-SNSRedrivePolicy",
    reason: "E-mail subscriptions are delivered by SNS itself; the alarm's state in CloudWatch is the record.",
  },
];

/** Tells cdk-nag of the exceptions. */
export function acknowledgeFindings(stack: Stack): void {
  Validations.of(stack).acknowledge(...EXCEPTIONS);
}
