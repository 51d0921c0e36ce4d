import type { Key } from "../config/agent-config.ts";
import { err, ok, type Result } from "../values/result.ts";
import {
  ALGORITHMS,
  authenticatorValues,
  checkSignature,
  hashOf,
  isAuthenticatorOpen,
  type KeyRing,
  openAuthenticator,
} from "./authenticate.ts";
import type { HandleTable } from "./handles.ts";
import type { ObjectReference, ObjectTypes } from "./objects.ts";
import { RESULT, type Refusal, refuse } from "./result-codes.ts";
import {
  encodeMessage,
  HEADER_SIZE,
  integerValue,
  latin1,
  MESSAGE_LIMIT,
  type OmapiMessage,
  type OmapiValue,
  OPERATION,
  PROTOCOL_VERSION,
  readInteger,
  type SignedMessage,
  takeMessage,
  textBytes,
} from "./wire/message.ts";

/** One client's connection. What it may make us hold is bounded by {@link MESSAGE_LIMIT}. */
export interface OmapiSession {
  readonly buffered: Uint8Array;
  /** Bytes by which the client's headers are longer than ours; undefined until it introduced itself. */
  readonly headerExtra: number | undefined;
  /** The number of our next message. */
  readonly nextId: number;
}

/** `firstId` is any number; a random one tells connections apart in captures. */
export const newSession = (firstId: number): OmapiSession => ({
  buffered: new Uint8Array(0),
  headerExtra: undefined,
  nextId: firstId >>> 0,
});

export interface OmapiContext<Change> {
  readonly ring: KeyRing;
  readonly handles: HandleTable;
  readonly types: ObjectTypes<Change>;
  /** Carries a change out at once, so that what is read next shows it. */
  readonly apply: (change: Change) => void;
}

export interface SessionStep {
  readonly session: OmapiSession;
  /** Answers, to be sent once the changes are on disk. */
  readonly output: readonly Uint8Array[];
  /** Why the connection must end; undefined while it goes on. */
  readonly close: string | undefined;
}

/** Takes bytes as they came off a connection; answers every whole message in them, in order. */
export function receiveBytes<Change>(session: OmapiSession, bytes: Uint8Array, context: OmapiContext<Change>): SessionStep {
  let current: OmapiSession = { ...session, buffered: join(session.buffered, bytes) };
  const output: Uint8Array[] = [];
  for (;;) {
    if (current.headerExtra === undefined) {
      const greeted = readIntroduction(current);
      if (!greeted.ok) return { session: current, output, close: greeted.error };
      if (greeted.value === undefined) return { session: current, output, close: undefined };
      current = greeted.value;
      continue;
    }
    const taken = takeMessage(current.buffered, current.headerExtra);
    if (!taken.ok) return { session: current, output, close: taken.error };
    if (taken.value.kind === "more") {
      const close = current.buffered.length > MESSAGE_LIMIT ? `a message of over ${MESSAGE_LIMIT} bytes` : undefined;
      return { session: current, output, close };
    }
    const answer = answerMessage(taken.value.value, context);
    if (answer !== undefined) output.push(encodeAnswer(answer, current.nextId, context.ring));
    current = { ...current, buffered: current.buffered.slice(taken.value.size), nextId: (current.nextId + 1) >>> 0 };
  }
}

interface Answer {
  readonly signedBy: { readonly key: Key; readonly authid: number } | undefined;
  readonly operation: number;
  readonly handle: number;
  readonly rid: number;
  readonly messageValues: readonly OmapiValue[];
  readonly objectValues: readonly OmapiValue[];
}

function answerMessage<Change>(signed: SignedMessage, context: OmapiContext<Change>): Answer | undefined {
  const { message } = signed;
  const isReply = message.rid !== 0 && message.operation !== OPERATION.open;
  if (isReply || message.operation === OPERATION.status) return undefined;
  const checked = checkSignature(signed, context.ring, context.handles);
  if (!checked.ok) return status(undefined, message, checked.error);
  const signedBy = checked.value === undefined ? undefined : { key: checked.value, authid: message.authid };
  const outcome = perform(message, context);
  if (!outcome.ok) return status(signedBy, message, outcome.error);
  if (outcome.value === undefined) return status(signedBy, message, { result: RESULT.success });
  const { handle, values } = outcome.value;
  return { signedBy, operation: OPERATION.update, handle, rid: message.id, messageValues: [], objectValues: values };
}

/** An object to show, or nothing but success. */
type Outcome = Result<{ readonly handle: number; readonly values: readonly OmapiValue[] } | undefined, Refusal>;

function perform<Change>(message: OmapiMessage, context: OmapiContext<Change>): Outcome {
  switch (message.operation) {
    case OPERATION.open:
      return isAuthenticatorOpen(message) ? openKey(message, context) : open(message, context);
    case OPERATION.refresh:
      return withObject(message, context, (reference) => show(reference, context));
    case OPERATION.update:
      return withObject(message, context, (reference) => change(reference, message.objectValues, context));
    case OPERATION.delete:
      return withObject(message, context, (reference) => applyAll(context.types.get(reference.type)?.remove(reference), context));
    default:
      return err(refuse(RESULT.notImplemented));
  }
}

function openKey<Change>(message: OmapiMessage, context: OmapiContext<Change>): Outcome {
  const key = openAuthenticator(message.objectValues, context.ring);
  if (!key.ok) return key;
  return ok({ handle: context.handles.of({ type: "authenticator", name: key.value.name }), values: authenticatorValues(key.value) });
}

function open<Change>(message: OmapiMessage, context: OmapiContext<Change>): Outcome {
  const flag = (name: string) => message.messageValues.some((value) => value.name === name && (readInteger(value.value) ?? 0) !== 0);
  const typeName = latin1(message.messageValues.find(({ name }) => name === "type")?.value ?? new Uint8Array(0));
  const type = context.types.get(typeName);
  if (type === undefined) {
    return message.handle === 0
      ? err(refuse(RESULT.notFound, "no matching handle"))
      : withObject(message, context, (found) => show(found, context));
  }
  const found = findByHandle(message.objectValues, context) ?? type.find(message.objectValues);
  if (found.ok) {
    if (flag("create") && flag("exclusive")) return err(refuse(RESULT.exists, "specified object already exists"));
    if (flag("update")) {
      const changed = change(found.value, message.objectValues, context);
      if (!changed.ok) return changed;
    }
    return show(found.value, context);
  }
  if (!flag("create") || found.error.result !== RESULT.notFound) return found;
  const created = type.create(message.objectValues);
  if (!created.ok) return created;
  for (const each of created.value.changes) context.apply(each);
  return show(created.value.reference, context);
}

/** An object value "handle" names the object outright. */
function findByHandle<Change>(values: readonly OmapiValue[], context: OmapiContext<Change>): Result<ObjectReference, Refusal> | undefined {
  const handle = values.find(({ name }) => name === "handle");
  if (handle === undefined) return undefined;
  const reference = context.handles.object(readInteger(handle.value) ?? 0);
  return reference === undefined ? err(refuse(RESULT.notFound, "no matching handle")) : ok(reference);
}

function withObject<Change>(message: OmapiMessage, context: OmapiContext<Change>, act: (reference: ObjectReference) => Outcome): Outcome {
  const reference = context.handles.object(message.handle);
  return reference === undefined ? err(refuse(RESULT.notFound, "no matching handle")) : act(reference);
}

function show<Change>(reference: ObjectReference, context: OmapiContext<Change>): Outcome {
  const handle = context.handles.of(reference);
  const values = handle === 0 ? undefined : context.types.get(reference.type)?.read(reference, (other) => context.handles.of(other));
  return values === undefined ? err(refuse(RESULT.notFound, "no matching handle")) : ok({ handle, values });
}

function change<Change>(reference: ObjectReference, values: readonly OmapiValue[], context: OmapiContext<Change>): Outcome {
  return applyAll(context.types.get(reference.type)?.update(reference, values), context);
}

function applyAll<Change>(changes: Result<readonly Change[], Refusal> | undefined, context: OmapiContext<Change>): Outcome {
  if (changes === undefined) return err(refuse(RESULT.notImplemented));
  if (!changes.ok) return changes;
  for (const each of changes.value) context.apply(each);
  return ok(undefined);
}

function status(
  signedBy: Answer["signedBy"],
  message: OmapiMessage,
  refusal: { readonly result: number; readonly message?: string },
): Answer {
  const messageValues: OmapiValue[] = [{ name: "result", value: integerValue(refusal.result) }];
  if (refusal.message !== undefined) messageValues.push({ name: "message", value: textBytes(refusal.message) });
  return { signedBy, operation: OPERATION.status, handle: 0, rid: message.id, messageValues, objectValues: [] };
}

function encodeAnswer(answer: Answer, id: number, ring: KeyRing): Uint8Array {
  const { signedBy, ...rest } = answer;
  const hash = signedBy === undefined ? undefined : hashOf(signedBy.key.algorithm);
  const message: OmapiMessage = { ...rest, authid: signedBy?.authid ?? 0, id };
  return encodeMessage(message, hash === undefined ? 0 : ALGORITHMS[hash], (covered) =>
    signedBy === undefined || hash === undefined ? new Uint8Array(0) : ring.hmac(hash, signedBy.key.secret, covered),
  );
}

/** The client's version and header size; undefined while they have not come whole. */
function readIntroduction(session: OmapiSession): Result<OmapiSession | undefined, string> {
  const bytes = session.buffered;
  if (bytes.length < 8) return ok(undefined);
  const version = readInteger(bytes.subarray(0, 4));
  const headerSize = readInteger(bytes.subarray(4, 8)) ?? 0;
  if (version !== PROTOCOL_VERSION) return err(`OMAPI protocol version ${version}; ${PROTOCOL_VERSION} is spoken here`);
  if (headerSize < HEADER_SIZE || headerSize > 4 * HEADER_SIZE) return err(`an OMAPI header of ${headerSize} bytes; it has ${HEADER_SIZE}`);
  return ok({ ...session, buffered: bytes.slice(8), headerExtra: headerSize - HEADER_SIZE });
}

function join(left: Uint8Array, right: Uint8Array): Uint8Array {
  if (left.length === 0) return right;
  const joined = new Uint8Array(left.length + right.length);
  joined.set(left);
  joined.set(right, left.length);
  return joined;
}
