import { createHash, createHmac, randomUUID } from "node:crypto";

/** Credentials as the AWS SDK finds them. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}
export interface ControlPlaneOptions {
  readonly api: string;
  readonly region: string;
  readonly site: string;
  readonly server: "A" | "B";
  readonly credentials: () => Promise<Credentials>;
}
type Answer = { readonly outcome: "done" } | { readonly outcome: "refused"; readonly code: string; readonly detail: string };

const TIMEOUT_MILLIS = 10_000;
const SKEW_MILLIS = 60_000;

type Op = "ask-partner-down" | "ask-clear" | "tell-word";
const PATHS: Readonly<Record<Op, string>> = { "ask-partner-down": "partner-down", "ask-clear": "clear", "tell-word": "word" };

/**
 * Asks the control plane for partner-down or clear, or hands in an operator's word, signed with this agent's credentials (SigV4). Throws
 * when there is no answer. `actedAt`: when the word was acted upon without it, milliseconds since 1970.
 */
export function controlPlane(
  options: ControlPlaneOptions,
): (op: Op, epoch: number, reason: string | undefined, actedAt?: number) => Promise<Answer> {
  const base = options.api.replace(/\/$/, "");
  return async (op, epoch, reason, actedAt) => {
    const path = `/v1/agent/sites/${options.site}/servers/${options.server}/${PATHS[op]}`;
    const body = JSON.stringify(bodyOf(op, epoch, reason, actedAt));
    const url = new URL(base + path);
    // a word is handed in until somebody says that it has come: once on record is enough
    const key = op === "tell-word" ? `word-${options.server}-${actedAt}` : randomUUID();
    const credentials = await options.credentials();
    const send = (at: Date): Promise<Response> =>
      fetch(url, {
        method: "POST",
        headers: { ...sign(url, body, { ...options, credentials, at }), "content-type": "application/json", "idempotency-key": key },
        body,
        signal: AbortSignal.timeout(TIMEOUT_MILLIS),
      });
    let response = await send(new Date());
    // A signature is good for five minutes: with a clock that is further off we sign by the control plane's.
    const there = Date.parse(response.headers.get("date") ?? "");
    if (response.status === 403 && Math.abs(there - Date.now()) > SKEW_MILLIS) response = await send(new Date(there));
    if (response.ok) return { outcome: "done" };
    if (response.status >= 500) throw new Error(`the control plane answers ${response.status}`);
    const problem = (await response.json().catch(() => ({}))) as Record<string, unknown>;
    return {
      outcome: "refused",
      code: String(problem["code"] ?? `HTTP ${response.status}`),
      detail: String(problem["detail"] ?? problem["message"] ?? ""),
    };
  };
}

function bodyOf(op: Op, epoch: number, reason: string | undefined, actedAt: number | undefined): object {
  if (op === "ask-clear" || reason === undefined) return { expectedEpoch: epoch };
  const word = { operator: "console", reason, ...(actedAt === undefined ? {} : { actedAt: new Date(actedAt).toISOString() }) };
  return op === "tell-word" ? word : { expectedEpoch: epoch, attested: word };
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const hmac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();

/** AWS Signature Version 4 for a POST without a query; headers to send. */
export function sign(
  url: URL,
  body: string,
  terms: { readonly region: string; readonly credentials: Credentials; readonly at: Date },
): Record<string, string> {
  const { accessKeyId, secretAccessKey, sessionToken } = terms.credentials;
  const stamp = terms.at.toISOString().replace(/[-:]|\.\d{3}/g, "");
  const scope = `${stamp.slice(0, 8)}/${terms.region}/execute-api/aws4_request`;
  const signed: Record<string, string> = {
    host: url.host,
    "x-amz-date": stamp,
    ...(sessionToken === undefined ? {} : { "x-amz-security-token": sessionToken }),
  };
  const names = Object.keys(signed).sort();
  const path = url.pathname.split("/").map(encodeURIComponent).join("/");
  const lines = names.map((name) => `${name}:${signed[name]}\n`).join("");
  const canonical = ["POST", path, "", lines, names.join(";"), sha256(body)].join("\n");
  const toSign = ["AWS4-HMAC-SHA256", stamp, scope, sha256(canonical)].join("\n");
  const key = scope.split("/").reduce<Buffer | string>((secret, part) => hmac(secret, part), `AWS4${secretAccessKey}`);
  const signature = hmac(key, toSign).toString("hex");
  const { host: _, ...rest } = signed;
  return {
    ...rest,
    authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${names.join(";")}, Signature=${signature}`,
  };
}
