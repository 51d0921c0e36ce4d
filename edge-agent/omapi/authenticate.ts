import type { Key } from "../config/agent-config.ts";
import { ok, type Result } from "../values/result.ts";
import type { HandleTable } from "./handles.ts";
import { RESULT, type Refusal, refuse } from "./result-codes.ts";
import { latin1, type OmapiMessage, type OmapiValue, type SignedMessage, textBytes } from "./wire/message.ts";

/** HMAC over `data`; `algorithm` is one of {@link ALGORITHMS}' names. Computed by the rim, pure all the same. */
export type Hmac = (algorithm: HmacAlgorithm, secret: Uint8Array, data: Uint8Array) => Uint8Array;
export type HmacAlgorithm = keyof typeof ALGORITHMS;

/** Signature sizes, by the hash's usual name. */
export const ALGORITHMS = { md5: 16, sha1: 20, sha224: 28, sha256: 32, sha384: 48, sha512: 64 } as const;

/** Which keys there are, and which one `omapi-key` demands. */
export interface KeyRing {
  readonly keys: readonly Key[];
  readonly required: string | undefined;
  readonly hmac: Hmac;
}

/** The hash behind a key's algorithm name, in any of the ways it is written: "hmac-md5", "HMAC-MD5.SIG-ALG.REG.INT.". */
export function hashOf(algorithm: string): HmacAlgorithm | undefined {
  const match = /^hmac-(md5|sha1|sha224|sha256|sha384|sha512)(\.sig-alg\.reg\.int)?\.?$/i.exec(algorithm);
  return match?.[1]?.toLowerCase() as HmacAlgorithm | undefined;
}

/** The key that signed a message: undefined when it is unsigned and may be. A wrong or missing signature is refused. */
export function checkSignature(signed: SignedMessage, ring: KeyRing, handles: HandleTable): Result<Key | undefined, Refusal> {
  const { authid } = signed.message;
  if (authid === 0) {
    const open = ring.required === undefined || isAuthenticatorOpen(signed.message);
    return open ? ok(undefined) : { ok: false, error: refuse(RESULT.noKey, "No authenticator on message") };
  }
  const reference = handles.object(authid);
  const key = reference?.type === "authenticator" ? findKey(ring.keys, reference.name) : undefined;
  const hash = key === undefined ? undefined : hashOf(key.algorithm);
  if (key === undefined || hash === undefined) return { ok: false, error: refuse(RESULT.unknownKey) };
  if (ring.required !== undefined && !sameName(key.name, ring.required)) return { ok: false, error: refuse(RESULT.badSignature) };
  if (!equalInConstantTime(ring.hmac(hash, key.secret, signed.covered), signed.signature)) {
    return { ok: false, error: refuse(RESULT.badSignature) };
  }
  return ok(key);
}

/** Answers OPEN of an "authenticator": the key by name and algorithm. */
export function openAuthenticator(values: readonly OmapiValue[], ring: KeyRing): Result<Key, Refusal> {
  const text = (name: string) => latin1(values.find((value) => value.name === name)?.value ?? new Uint8Array(0));
  const key = findKey(ring.keys, text("name"));
  const hash = hashOf(text("algorithm"));
  if (key === undefined || hash === undefined || hash !== hashOf(key.algorithm)) {
    return { ok: false, error: refuse(RESULT.notFound, "no object matches specification") };
  }
  if (ring.required !== undefined && !sameName(key.name, ring.required)) {
    return { ok: false, error: refuse(RESULT.badSignature, "can't select authenticator") };
  }
  return ok(key);
}

/** What the client is told of the key it opened. */
export const authenticatorValues = (key: Key): readonly OmapiValue[] => [
  { name: "name", value: textBytes(key.name) },
  { name: "algorithm", value: textBytes(`hmac-${hashOf(key.algorithm) ?? "md5"}.SIG-ALG.REG.INT.`) },
];

export const isAuthenticatorOpen = (message: OmapiMessage): boolean =>
  message.operation === 1 &&
  latin1(message.messageValues.find(({ name }) => name === "type")?.value ?? new Uint8Array(0)) === "authenticator";

const findKey = (keys: readonly Key[], name: string): Key | undefined => keys.find((key) => sameName(key.name, name));

/** DNS names, so letter case does not count, nor a final dot. */
function sameName(left: string, right: string): boolean {
  const plain = (name: string) => name.toLowerCase().replace(/\.$/, "");
  return plain(left) === plain(right);
}

function equalInConstantTime(left: Uint8Array, right: Uint8Array): boolean {
  let difference = left.length ^ right.length;
  for (let index = 0; index < left.length; index += 1) difference |= (left[index] ?? 0) ^ (right[index] ?? 0);
  return difference === 0;
}
