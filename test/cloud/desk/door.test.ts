import { expect, test } from "vitest";
import { allowed, type Statement } from "../../../cloud/desk/iam.ts";
import { asksOf } from "../../../cloud/desk/ledger-proxy.ts";
import { verifySignature } from "../../../cloud/desk/sigv4.ts";
import { deliver, fits, type StreamRecord } from "../../../cloud/desk/stream.ts";

/** The suite that AWS published for Signature Version 4, case get-vanilla-query-order-key-case. */
const EXAMPLE = {
  method: "GET",
  url: new URL("http://example.amazonaws.com/?Param2=value2&Param1=value1"),
  headers: {
    host: "example.amazonaws.com",
    "x-amz-date": "20150830T123600Z",
    authorization:
      "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
  },
  body: "",
};
const secretOf = (key: string) => (key === "AKIDEXAMPLE" ? "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" : undefined);
const AT = Date.UTC(2015, 7, 30, 12, 36, 0);

test("a signature counts as AWS computed it, and for nothing else than what was signed", () => {
  expect(verifySignature(EXAMPLE, secretOf, AT)).toEqual({ accessKey: "AKIDEXAMPLE" });
  const bad = { code: "InvalidSignatureException" };
  expect(verifySignature({ ...EXAMPLE, body: "x" }, secretOf, AT)).toMatchObject(bad);
  expect(verifySignature({ ...EXAMPLE, method: "POST" }, secretOf, AT)).toMatchObject(bad);
  expect(verifySignature({ ...EXAMPLE, url: new URL("http://example.amazonaws.com/x") }, secretOf, AT)).toMatchObject(bad);
  expect(verifySignature(EXAMPLE, () => "another secret", AT)).toMatchObject(bad);
  expect(verifySignature(EXAMPLE, secretOf, AT + 300_001)).toMatchObject(bad);
  expect(verifySignature(EXAMPLE, secretOf, AT + 300_000)).toEqual({ accessKey: "AKIDEXAMPLE" });
  expect(verifySignature(EXAMPLE, () => undefined, AT)).toMatchObject({ code: "UnrecognizedClientException" });
  expect(verifySignature({ ...EXAMPLE, headers: {} }, secretOf, AT)).toMatchObject({ code: "UnrecognizedClientException" });
});

test("every part of a request is asked for by itself; a batch by all its keys at once", () => {
  const row = (pk: string) => ({ pk: { S: pk }, sk: { S: "1" } });
  const keys = (operation: string, input: object) =>
    asksOf(operation, input as never).map((ask) => `${ask.action.slice(9)} ${(ask.keys ?? []).join("+")}`);
  expect(
    keys("TransactWriteItems", {
      TransactItems: [{ Put: { Item: row("a") } }, { Update: { Key: row("b") } }, { Delete: { Key: row("c") } }],
    }),
  ).toEqual(["PutItem a", "UpdateItem b", "DeleteItem c"]);
  expect(keys("TransactWriteItems", { TransactItems: [{ ConditionCheck: { Key: row("d") } }] })).toEqual(["ConditionCheckItem d"]);
  expect(keys("BatchGetItem", { RequestItems: { t: { Keys: [row("a"), row("b")] } } })).toEqual(["BatchGetItem a+b"]);
  expect(keys("Scan", {})).toEqual(["Scan "]);
  const query = {
    IndexName: "gs1",
    KeyConditionExpression: "#p = :v",
    ExpressionAttributeNames: { "#p": "gs1pk" },
    ExpressionAttributeValues: { ":v": { S: "C#x" } },
  };
  expect(asksOf("Query", query)).toMatchObject([
    { action: "dynamodb:Query", keys: ["C#x"], resource: expect.stringMatching(/index\/gs1$/) },
  ]);
});

test("statements are taken as IAM takes them: denial wins, keys that are not named do not fit, what is not known throws", () => {
  const may = (statements: readonly Statement[], keys?: readonly string[]) =>
    allowed(statements, { action: "dynamodb:PutItem", resource: "t", ...(keys === undefined ? {} : { keys }) }, String);
  const allow: Statement = {
    Effect: "Allow",
    Action: "dynamodb:Put*",
    Resource: "*",
    Condition: { "ForAllValues:StringLike": { "dynamodb:LeadingKeys": ["S#?#*"] }, Null: { "dynamodb:LeadingKeys": "false" } },
  };
  expect([may([allow], ["S#1#L"]), may([allow], ["S#12#L"]), may([allow], ["S#1#L", "X"]), may([allow]), may([])]).toEqual([
    true,
    false,
    false,
    false,
    false,
  ]);
  expect(may([allow, { Effect: "Deny", Action: "*", Resource: "t" }], ["S#1#L"])).toBe(false);
  expect(() => may([{ ...allow, Condition: { StringEquals: { "aws:SourceIp": "x" } } }], ["S#1#L"])).toThrow();
  expect(() => may([{ ...allow, Condition: { "ForAllValues:ArnLike": { "dynamodb:LeadingKeys": "x" } } }], ["S#1#L"])).toThrow();
});

const record = (n: number, t = "H"): StreamRecord => ({
  eventID: `e${n}`,
  eventName: "INSERT",
  dynamodb: { SequenceNumber: String(n), NewImage: { t: { S: t } } },
});
test("a filter's members are and-ed, its lists or-ed, and rules it does not know throw", () => {
  const pattern = { eventName: ["INSERT", "MODIFY"], dynamodb: { NewImage: { t: { S: ["H"] }, late: { N: [{ exists: false }] } } } };
  expect([fits(pattern, record(1)), fits(pattern, record(1, "X")), fits(pattern, { ...record(1), eventName: "REMOVE" })]).toEqual([
    true,
    false,
    false,
  ]);
  const others = { dynamodb: { NewImage: { t: { S: [{ "anything-but": ["H"] }] } } } };
  expect([
    fits(others, record(1)),
    fits(others, record(1, "X")),
    fits(others, { ...record(1), dynamodb: { SequenceNumber: "1" } }),
  ]).toEqual([false, true, false]);
  expect(() => fits({ eventName: [{ numeric: [">", 1] }] }, record(1))).toThrow();
});
test("a batch that fails is halved until the bad record is found, which is given up; the others arrive in order", async () => {
  const arrived: string[] = [];
  const gaveUp: string[] = [];
  const mapping = { handler: "audit", filters: [], batchSize: 4, retries: 5 };
  const invoke = async ({ Records }: { Records: readonly StreamRecord[] }) => {
    if (Records.some(({ eventID }) => eventID === "e3")) throw new Error("bad");
    arrived.push(...Records.map(({ eventID }) => eventID));
  };
  await deliver(
    mapping,
    [1, 2, 3, 4, 5, 6].map((n) => record(n)),
    invoke,
    ({ eventID }) => void gaveUp.push(eventID),
  );
  expect([arrived, gaveUp]).toEqual([["e1", "e2", "e4", "e5", "e6"], ["e3"]]);
});
