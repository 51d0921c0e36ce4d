import { createServer } from "node:http";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { dynamoClient, dynamoLedger } from "../../../cloud/adapters/dynamo-ledger.ts";
import { put } from "../../../cloud/contract/expression.ts";
import { type Ledger, LedgerUnavailable } from "../../../cloud/contract/ledger.ts";

/** Answers that DynamoDB Local never gives, from a server that gives nothing else. */
interface Canned {
  readonly status: number;
  readonly type: string;
  readonly more?: object;
}
let next: Canned | "hang up";
let ledger: Ledger;
const server = createServer((request, response) => {
  request.resume().once("end", () => {
    if (next === "hang up") request.socket.destroy();
    else
      response
        .writeHead(next.status, { "content-type": "application/x-amz-json-1.0" })
        .end(JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${next.type}`, message: next.type, ...next.more }));
  });
});
const endpointOf = () => {
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
};
const client = () => {
  return dynamoClient({ endpoint: endpointOf(), region: "local", credentials: { accessKeyId: "x", secretAccessKey: "x" }, maxAttempts: 1 });
};
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ledger = dynamoLedger(client(), "ledger");
});
afterAll(() => new Promise<void>((resolve) => void server.close(() => resolve())));

const one = put({ pk: "p", sk: "1" });
const cancelled = (...codes: string[]): Canned => ({
  status: 400,
  type: "TransactionCanceledException",
  more: { CancellationReasons: codes.map((Code) => ({ Code })) },
});
const plain = (type: string, status = 400): Canned => ({ status, type });

test.each([
  ["throttled", plain("ThrottlingException"), "busy"],
  ["throughput exceeded", plain("ProvisionedThroughputExceededException"), "busy"],
  ["account limit", plain("RequestLimitExceeded"), "busy"],
  ["another transaction has the row", plain("TransactionConflictException"), "busy"],
  ["a transaction of this name runs", plain("TransactionInProgressException"), "busy"],
  ["a fault of DynamoDB's", plain("InternalServerError", 500), "unknown"],
  ["the connection ends without an answer", "hang up", "unknown"],
] as const)("a write that is %s is %s %s", async (_, answer, kind) => {
  next = answer;
  expect((await ledger.write(one)).kind).toBe(kind);
  expect((await ledger.transact([one])).kind).toBe(kind);
  await expect(ledger.get({ pk: "p", sk: "1" })).rejects.toThrow(LedgerUnavailable);
  await expect(ledger.query({ partition: "p" })).rejects.toThrow(LedgerUnavailable);
});
afterEach(() => void vi.unstubAllEnvs());
test("credentials come from the SDK's own chain where none are given, as in a function and in an agent", async () => {
  for (const [name, value] of Object.entries({ AWS_ACCESS_KEY_ID: "AKIACHAIN", AWS_SECRET_ACCESS_KEY: "x", AWS_REGION: "local" }))
    vi.stubEnv(name, value);
  const signed = new Promise<string>((resolve) => server.once("request", (request) => void resolve(request.headers.authorization ?? "")));
  next = plain("ThrottlingException");
  const found = await dynamoLedger(dynamoClient({ endpoint: endpointOf(), maxAttempts: 1 }), "ledger").write(one);
  expect(found).toEqual({ kind: "busy", cause: "ThrottlingException" });
  expect(await signed).toContain("Credential=AKIACHAIN/");
});
test("a cancelled transaction is refused by conditions only; a conflict or throttling among the reasons means: again", async () => {
  const outcome = async (...codes: string[]) => {
    next = cancelled(...codes);
    return ledger.transact(codes.map((_, index) => put({ pk: "p", sk: String(index) })));
  };
  expect(await outcome("None", "ConditionalCheckFailed")).toEqual({
    kind: "refused",
    reasons: [{ kind: "met" }, { kind: "condition", item: undefined }],
  });
  for (const code of ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"]) {
    expect((await outcome("None", code)).kind).toBe("busy");
    expect((await outcome("ConditionalCheckFailed", code)).kind).toBe("busy");
  }
  await expect(outcome("ValidationError")).rejects.toThrow();
});
test.each(["AccessDeniedException", "ValidationException", "ResourceNotFoundException", "UnrecognizedClientException"])(
  "%s can never succeed: it throws, and is not taken for silence",
  async (type) => {
    next = plain(type);
    await expect(ledger.write(one)).rejects.toMatchObject({ name: type });
    await expect(ledger.get({ pk: "p", sk: "1" })).rejects.toMatchObject({ name: type });
  },
);
