import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Hmac, KeyRing } from "../../../edge-agent/omapi/authenticate.ts";
import type { OmapiChange } from "../../../edge-agent/omapi/change.ts";
import { controlObject } from "../../../edge-agent/omapi/control-object.ts";
import { type FailoverAttributes, failoverObject } from "../../../edge-agent/omapi/failover-object.ts";
import { HandleTable } from "../../../edge-agent/omapi/handles.ts";
import { RESULT } from "../../../edge-agent/omapi/result-codes.ts";
import { newSession, type OmapiContext, receiveBytes } from "../../../edge-agent/omapi/session.ts";
import {
  encodeMessage,
  INTRODUCTION,
  integerValue,
  type OmapiMessage,
  takeMessage,
  textBytes,
} from "../../../edge-agent/omapi/wire/message.ts";

const hmac: Hmac = (algorithm, secret, data) => new Uint8Array(createHmac(algorithm, secret).update(data).digest());
const key = { name: "lab-key", algorithm: "hmac-md5", secret: Buffer.from("bGFiLXNlY3JldC1rZXktMDE=", "base64") };
const captured = readFileSync(join(import.meta.dirname, "../../fixtures/omapi/failover-state.hex"), "utf8")
  .trim()
  .split("\n");
const fromOmshell = captured.filter((line) => line.startsWith("C>S")).map((line) => Buffer.from(line.slice(4), "hex"));

const peer: FailoverAttributes = {
  name: "lab",
  role: "primary",
  partnerAddress: undefined,
  partnerPort: 647,
  localAddress: undefined,
  localPort: 647,
  maxUnackedUpdates: 10,
  mclt: 20,
  loadBalanceMaxSeconds: 3,
  hba: new Uint8Array(32).fill(255, 0, 16),
  partnerState: 2,
  localState: 2,
  partnerStos: 0,
  localStos: 0,
  skew: 0,
  maxResponseDelay: 30,
  unackedUpdates: 0,
};

function context(ring: KeyRing = { keys: [key], required: "lab-key", hmac }) {
  const changes: OmapiChange[] = [];
  const value: OmapiContext<OmapiChange> = {
    ring,
    handles: new HandleTable(),
    types: new Map([
      ["failover-state", failoverObject([peer])],
      ["control", controlObject],
    ]),
    apply: (change) => changes.push(change),
  };
  return { changes, value };
}

function decode(bytes: Uint8Array) {
  const taken = takeMessage(bytes, 0);
  if (!taken.ok || taken.value.kind === "more") throw new Error("not a whole message");
  return taken.value.value;
}

const resultOf = (message: OmapiMessage) =>
  Buffer.from(message.messageValues.find(({ name }) => name === "result")?.value ?? []).readUInt32BE();
const request = (values: Partial<OmapiMessage>, secret: Uint8Array | undefined = key.secret) =>
  encodeMessage(
    { authid: 1, operation: 1, handle: 0, id: 7, rid: 0, messageValues: [], objectValues: [], ...values },
    secret ? 16 : 0,
    (covered) => hmac("md5", secret ?? new Uint8Array(0), covered),
  );
const openKey = request(
  {
    authid: 0,
    messageValues: [{ name: "type", value: textBytes("authenticator") }],
    objectValues: [
      { name: "name", value: textBytes("lab-key") },
      { name: "algorithm", value: textBytes("hmac-md5.SIG-ALG.REG.INT.") },
    ],
  },
  undefined,
);
const openPeer = {
  operation: 1,
  messageValues: [{ name: "type", value: textBytes("failover-state") }],
  objectValues: [{ name: "name", value: textBytes("lab") }],
};

test("a session recorded from omshell is answered with the object, signed by the key", () => {
  const { value } = context();
  let session = newSession(0x0f460945);
  const output: Uint8Array[] = [];
  for (const bytes of fromOmshell) {
    const step = receiveBytes(session, bytes, value);
    expect(step.close).toBeUndefined();
    session = step.session;
    output.push(...step.output);
  }
  const [authenticator, opened, refreshed] = output.map(decode);
  expect(authenticator?.message).toMatchObject({ authid: 0, operation: 3, handle: 1, rid: 0x6b8b4567 });
  expect(opened?.message).toMatchObject({ authid: 1, operation: 3, handle: 2, rid: 0x6b8b4568 });
  expect(opened?.message.objectValues.map(({ name }) => name)).toEqual(
    decode(Buffer.from(captured[4]?.slice(4) ?? "", "hex")).message.objectValues.map(({ name }) => name),
  );
  expect(refreshed?.message.rid).toBe(0x6b8b4569);
  for (const answer of [opened, refreshed])
    expect(new Uint8Array(answer?.signature ?? [])).toEqual(hmac("md5", key.secret, answer?.covered ?? new Uint8Array(0)));
});

test("bytes may come one by one", () => {
  const { value } = context();
  let session = newSession(1);
  let answers = 0;
  for (const byte of Buffer.concat(fromOmshell)) {
    const step = receiveBytes(session, Uint8Array.of(byte), value);
    session = step.session;
    answers += step.output.length;
  }
  expect(answers).toBe(3);
});

test("set local-state = 4 becomes a change, and the answer is success", () => {
  const { value, changes } = context();
  const first = receiveBytes(newSession(1), Buffer.concat([INTRODUCTION, openKey, request(openPeer)]), value);
  const set = request({ operation: 3, handle: 2, objectValues: [{ name: "local-state", value: integerValue(4) }] });
  const second = receiveBytes(first.session, set, value);
  expect(changes).toEqual([{ kind: "failover-state", name: "lab", state: 4 }]);
  expect(resultOf(decode(second.output[0] ?? new Uint8Array(0)).message)).toBe(RESULT.success);
});

test.each([
  ["unsigned, where a key is required", request({ ...openPeer, authid: 0 }, undefined), RESULT.noKey],
  ["signed with another secret", request(openPeer, Buffer.from("guess")), RESULT.badSignature],
  ["signed under a handle that is no key", request({ ...openPeer, authid: 99 }), RESULT.unknownKey],
  ["an unknown name", request({ ...openPeer, objectValues: [{ name: "name", value: textBytes("nope") }] }), RESULT.notFound],
  ["no key to look up by", request({ ...openPeer, objectValues: [] }), RESULT.notImplemented],
  ["an unknown type", request({ ...openPeer, messageValues: [{ name: "type", value: textBytes("nonsense") }] }), RESULT.notFound],
  [
    "a state that is none",
    request({ operation: 3, handle: 2, objectValues: [{ name: "local-state", value: integerValue(77) }] }),
    RESULT.notFound,
  ],
  ["notify", request({ operation: 4, handle: 1 }), RESULT.notImplemented],
])("refused: %s", (_name, bytes, result) => {
  const { value, changes } = context();
  const step = receiveBytes(newSession(1), Buffer.concat([INTRODUCTION, openKey, bytes]), value);
  expect(resultOf(decode(step.output[1] ?? new Uint8Array(0)).message)).toBe(result);
  expect(changes).toEqual([]);
});

test("control state 2 asks for an orderly end; any other is an invalid argument", () => {
  const { value, changes } = context();
  const opened = receiveBytes(
    newSession(1),
    Buffer.concat([INTRODUCTION, openKey, request({ messageValues: [{ name: "type", value: textBytes("control") }] })]),
    value,
  );
  const update = (state: number) => request({ operation: 3, handle: 2, objectValues: [{ name: "state", value: integerValue(state) }] });
  const refused = receiveBytes(opened.session, update(3), value);
  expect(resultOf(decode(refused.output[0] ?? new Uint8Array(0)).message)).toBe(RESULT.invalidArgument);
  receiveBytes(refused.session, update(2), value);
  expect(changes).toEqual([{ kind: "shutdown" }]);
});

test("another version, a header too small and an endless message end the connection", () => {
  const { value } = context();
  expect(receiveBytes(newSession(1), Buffer.from("0000006500000018", "hex"), value).close).toContain("version 101");
  expect(receiveBytes(newSession(1), Buffer.from("0000006400000010", "hex"), value).close).toContain("header of 16");
  const endless = Buffer.concat([INTRODUCTION, Buffer.alloc(24), Buffer.from("0001610000ffff", "hex"), Buffer.alloc(70_000)]);
  expect(receiveBytes(newSession(1), endless, value).close ?? receiveBytes(newSession(1), endless, value).output.length).toBeTruthy();
});

test("garbage never throws, and never changes anything without the key", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 8 }), (chunks) => {
      const { value, changes } = context();
      let session = receiveBytes(newSession(1), INTRODUCTION, value).session;
      for (const chunk of chunks) {
        const step = receiveBytes(session, chunk, value);
        if (step.close !== undefined) break;
        session = step.session;
        expect(session.buffered.length).toBeLessThanOrEqual(65_536);
      }
      expect(changes).toEqual([]);
    }),
    { numRuns: 500 },
  );
});
