import { createHash, createHmac, timingSafeEqual } from "node:crypto";

/** A request as it came in, enough to check its signature. */
export interface SignedRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
}
/** Who signed, or why the signature does not count. `code` is AWS's name for it. */
export type Verdict =
  | { readonly accessKey: string }
  | { readonly code: "UnrecognizedClientException" | "InvalidSignatureException"; readonly says: string };

/** How far a request's time may be from ours, milliseconds; AWS refuses more. */
const SKEW_MS = 300_000;

/** Checks AWS Signature Version 4: the key, the time, and the signature over method, path, query, signed headers and body. `secretOf` knows the
 *  secrets; undefined = no such key. */
export function verifySignature(request: SignedRequest, secretOf: (accessKey: string) => string | undefined, now: number): Verdict {
  const given = AUTHORIZATION.exec(header(request, "authorization"));
  if (given?.groups === undefined) return { code: "UnrecognizedClientException", says: "The request is not signed." };
  const { key = "", day = "", region = "", service = "", names = "", signature = "" } = given.groups;
  const secret = secretOf(key);
  if (secret === undefined) return { code: "UnrecognizedClientException", says: "The security token included in the request is invalid." };
  const stamp = header(request, "x-amz-date");
  const at = Date.parse(stamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
  if (!(Math.abs(now - at) <= SKEW_MS) || !stamp.startsWith(day)) {
    return {
      code: "InvalidSignatureException",
      says: `Signature expired: ${stamp} is more than ${SKEW_MS / 60_000} minutes from the time here.`,
    };
  }
  const toSign = ["AWS4-HMAC-SHA256", stamp, `${day}/${region}/${service}/aws4_request`, sha256(canonical(request, names.split(";")))].join(
    "\n",
  );
  const signingKey = [day, region, service, "aws4_request"].reduce<Buffer | string>((last, part) => hmac(last, part), `AWS4${secret}`);
  const expected = hmac(signingKey, toSign);
  const found = Buffer.from(signature, "hex");
  const same = found.length === expected.length && timingSafeEqual(found, expected);
  return same
    ? { accessKey: key }
    : { code: "InvalidSignatureException", says: "The request signature we calculated does not match the signature you provided." };
}

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=(?<key>[^/,]+)\/(?<day>\d{8})\/(?<region>[^/,]+)\/(?<service>[^/,]+)\/aws4_request, ?SignedHeaders=(?<names>[a-z0-9;-]+), ?Signature=(?<signature>[0-9a-f]{64})$/;

function canonical(request: SignedRequest, names: readonly string[]): string {
  const { method, url, body } = request;
  const path = url.pathname.split("/").map(encode).join("/");
  const query = [...url.searchParams].map(([name, value]) => `${encode(name)}=${encode(value)}`).sort();
  const lines = names.map((name) => `${name}:${header(request, name).trim().replaceAll(/ +/g, " ")}\n`);
  return [method, path, query.join("&"), lines.join(""), names.join(";"), sha256(body)].join("\n");
}

const header = ({ headers }: SignedRequest, name: string): string => [headers[name] ?? ""].flat().join(",");
const encode = (text: string): string =>
  encodeURIComponent(text).replaceAll(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const hmac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();
