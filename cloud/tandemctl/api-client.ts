import { UsageError } from "./usage-error.ts";

/** Calls of the control plane's API. */
export interface Client {
  call(
    method: string,
    path: string,
    options?: { readonly query?: Readonly<Record<string, string | undefined>>; readonly body?: unknown; readonly key?: string },
  ): Promise<Answer>;
  /** A page of a list as text, CSV or NDJSON as the query's `format` says; where the next begins, and how certain it is. */
  rows(path: string, query: Readonly<Record<string, string | undefined>>): Promise<RowsPage>;
}
export interface RowsPage {
  readonly text: string;
  readonly cursor: string | undefined;
  readonly certainty: string | undefined;
}
export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: every route answers in its own shape
  readonly body: any;
}
/** The API refused, or was not reached: what to tell the operator, and the exit status. */
export class CallFailed extends Error {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  constructor(status: number, message: string, body: Readonly<Record<string, unknown>>) {
    super(message);
    this.status = status;
    this.body = body;
  }
}
const ATTEMPTS = 3;

/** Further than this from the API's clock, this machine's is worth a word: times such as "2h" are by it. */
const CLOCK_TOLERANCE_MS = 120_000;

/**
 * Repeats what the API says it could not do yet (503, or 429 of the gateway), with the same Idempotency-Key. `warn` is told once if
 * this machine's clock is off.
 */
export function createClient(api: string, token: string, warn: (text: string) => void = () => {}): Client {
  const base = baseOf(api);
  if (!/^[\x21-\x7e]+$/.test(token))
    throw new UsageError("TANDEM_TOKEN (or --token) is no token: it has characters that a token cannot have");
  const rights = rightsIn(token);
  const urlOf = (path: string, query: Readonly<Record<string, string | undefined>>): URL => {
    const url = new URL(base + path);
    for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, value);
    return url;
  };
  let clockIsKnown = false;
  const lookAtClock = (response: Response): void => {
    const ahead = Date.now() - Date.parse(response.headers.get("date") ?? "");
    if (!clockIsKnown && Math.abs(ahead) > CLOCK_TOLERANCE_MS) warn(clockText(ahead));
    clockIsKnown = true;
  };
  const send = async (url: URL, init: RequestInit): Promise<{ readonly response: Response; readonly text: string }> => {
    for (let attempt = 1; ; attempt++) {
      const response = await reach(url, init);
      const text = await response.text();
      lookAtClock(response);
      if (response.ok) return { response, text };
      if ((response.status !== 503 && response.status !== 429) || attempt === ATTEMPTS)
        throw refusal(response.status, text, { base, rights });
      await new Promise((resolve) => setTimeout(resolve, 500 * attempt));
    }
  };
  const authorization = `Bearer ${token}`;
  return {
    call: async (method, path, { query = {}, body, key } = {}) => {
      const headers = {
        authorization,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(key === undefined ? {} : { "idempotency-key": key }),
      };
      const answer = await send(urlOf(path, query), { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
      return { status: answer.response.status, body: answer.text === "" ? {} : JSON.parse(answer.text) };
    },
    rows: async (path, query) => {
      const { response, text } = await send(urlOf(path, query), { method: "GET", headers: { authorization } });
      const level = response.headers.get("x-certainty");
      const certainty = level === null ? undefined : `${level}: complete until ${response.headers.get("x-complete-until")}`;
      return { text, cursor: response.headers.get("x-next-cursor") ?? undefined, certainty };
    },
  };
}

const clockText = (ahead: number): string =>
  `this machine's clock is ${Math.round(Math.abs(ahead) / 60_000)} minutes ${ahead > 0 ? "ahead of" : "behind"} the control plane's: "now" and "2h" are by this machine's`;

async function reach(url: URL, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { ...init, signal: AbortSignal.timeout(30_000) });
  } catch (error) {
    throw new CallFailed(0, `${url.origin} cannot be reached: ${causeOf(error)}`, {});
  }
}

function causeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const message = cause instanceof Error ? cause.message.trim() : String(cause);
  if (error instanceof Error && error.name === "TimeoutError") return "no answer within 30 s";
  return /SSL routines|wrong version number/.test(message) ? "it does not speak TLS (http:// instead of https://?)" : message;
}

/** The API's address: routes begin with /v1 behind it. */
function baseOf(api: string): string {
  const url = URL.canParse(api) ? new URL(api) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new UsageError(
      `TANDEM_API (or --api) is the API's address, such as https://abc.execute-api.eu-central-1.amazonaws.com, not ${api}`,
    );
  return api.replace(/\/+$/, "").replace(/\/v1$/, "");
}

/** What the token says that it may do; nothing if it does not say. It is the API that believes it or not. */
function rightsIn(token: string): string {
  try {
    const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as { scope?: unknown };
    return typeof claims.scope === "string" ? claims.scope : "";
  } catch {
    return "";
  }
}

function refusal(status: number, text: string, { base, rights }: { readonly base: string; readonly rights: string }): CallFailed {
  let body: Record<string, unknown> = {};
  try {
    body = JSON.parse(text) as Record<string, unknown>;
  } catch {
    body = { detail: text };
  }
  if (status === 401) return new CallFailed(status, "the token is not accepted (expired?): set TANDEM_TOKEN", body);
  if (status === 403 && body["code"] === undefined)
    return new CallFailed(
      status,
      `the token does not have the right to do that; it has ${rights === "" ? "none that it names" : rights}`,
      body,
    );
  if (status === 404 && body["code"] === undefined)
    return new CallFailed(status, `${base} has no such route: is it the API's address, and of this version?`, body);
  const detail = body["detail"] ?? body["message"] ?? text;
  return new CallFailed(status, `${body["code"] === undefined ? `HTTP ${status}` : String(body["code"])}: ${String(detail)}`, body);
}
