import { expect, test } from "vitest";
import { synthesize } from "../support/synth.ts";

const NAME = "tandem-ledger-2026-11-23";
const STREAM = `arn:aws:dynamodb:eu-west-1:123456789012:table/${NAME}/stream/2026-11-23T16:00:00.000`;

test("a table that was restored takes the place of the stack's own, which is kept", () => {
  const { of, report, template } = synthesize({ restoredLedger: STREAM });
  for (const { pluginName, conclusion } of report.pluginReports) expect([pluginName, conclusion]).toEqual([pluginName, "success"]);
  const [own] = of("AWS::DynamoDB::GlobalTable");
  expect(own?.[1].DeletionPolicy).toBe("Retain");
  const names = of("AWS::Lambda::Function").flatMap(([, { Properties }]) => Properties.Environment?.Variables?.LEDGER_TABLE ?? []);
  expect(names.length).toBeGreaterThan(30);
  expect(new Set(names)).toEqual(new Set([NAME]));
  expect(of("AWS::Lambda::EventSourceMapping")[0]?.[1].Properties.EventSourceArn).toBe(STREAM);
  // nothing but the output of its key and the table itself speaks of the lost one
  const policies = JSON.stringify([...of("AWS::IAM::Policy"), ...of("AWS::Backup::BackupSelection"), ...of("AWS::CloudWatch::Alarm")]);
  expect(policies).toContain(`table/${NAME}`);
  expect(policies).not.toContain(own?.[0]);
  expect(JSON.stringify((template as unknown as { Outputs: object }).Outputs)).toContain(NAME);
});
