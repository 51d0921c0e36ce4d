import { randomUUID } from "node:crypto";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import type { DynamoDBStreamEvent } from "aws-lambda";
import { dynamoClient, dynamoLedger } from "./adapters/dynamo-ledger.ts";
import { ROUTE_NAMES, type RouteName } from "./contract/api.ts";
import type { Item } from "./contract/expression.ts";
import type { Deps } from "./deps.ts";
import { readEnv } from "./env.ts";
import { HANDLERS } from "./handlers/all.ts";
import { audit as auditChanges } from "./handlers/audit.ts";
import { type Sweep, sweep as sweepOnce } from "./handlers/sweep.ts";
import { createLog } from "./log.ts";
import { http, type RouteFunction } from "./middleware/http.ts";

/** A connection that has died must not hold a function, and who called it, for as long as it may run. */
const LIMITS = { connectionTimeout: 2000, requestTimeout: 4000, throwOnRequestTimeout: true };
// Built once a cold start.
const env = readEnv(process.env);
const deps: Deps = {
  ledger: dynamoLedger(dynamoClient({ requestHandler: LIMITS }), env.LEDGER_TABLE),
  now: Date.now,
  newId: randomUUID,
  cursorKey: env.CURSOR_KEY,
  log: createLog(env.LOG_LEVEL),
};

const wrap = <Name extends RouteName>(name: Name): RouteFunction => http(deps, name, HANDLERS[name]);
/** One function a route, by the route's name: the `Handler` of a function is `index.routes.<name>`. */
export const routes = Object.fromEntries(ROUTE_NAMES.map((name) => [name, wrap(name)])) as Record<RouteName, RouteFunction>;

/** The table's stream. A batch that throws is tried again, halved. */
export const audit = async (event: DynamoDBStreamEvent): Promise<void> => {
  const image = (found: object | undefined): Item | undefined =>
    found === undefined ? undefined : (unmarshall(found as Parameters<typeof unmarshall>[0]) as Item);
  const changes = event.Records.map((record) => ({
    id: record.eventID ?? record.dynamodb?.SequenceNumber ?? "",
    kind: record.eventName ?? "INSERT",
    before: image(record.dynamodb?.OldImage),
    after: image(record.dynamodb?.NewImage),
    ...madeBy(record.dynamodb?.ApproximateCreationDateTime),
  }));
  const { conflicts, tampered } = await auditChanges(deps, changes);
  metrics({ ConflictsFound: conflicts, AuditRecordsChanged: tampered }, "audit");
};

/** The stream counts in whole seconds, rounded down; DynamoDB Local's in whole minutes, which say nothing here. */
const madeBy = (seconds: number | undefined) =>
  seconds === undefined || seconds % 60 === 0 ? {} : { madeBy: Math.floor(seconds) * 1000 + 999 };

/** Each minute. What it had to pass over makes it fail, when all else is done and counted: an alarm rings for that. */
export const sweep = async (): Promise<Sweep> => {
  const counts = await sweepOnce(deps);
  metrics({ ...counts }, "sweep");
  if (counts.SweepFailures > 0)
    throw new Error(`${counts.SweepFailures} sites or fleet failovers could not be looked after: see the log before`);
  return counts;
};

/** Counts in the form from which CloudWatch makes metrics. */
function metrics(counts: Readonly<Record<string, number>>, of: string): void {
  const Metrics = Object.keys(counts).map((Name) => ({ Name, Unit: "Count" }));
  const _aws = { Timestamp: deps.now(), CloudWatchMetrics: [{ Namespace: "Tandem", Dimensions: [[]], Metrics }] };
  deps.log.info({ _aws, ...counts }, of);
}
