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

/** Repeats what the API says it could not do yet (503, or 429 of the gateway), with the same Idempotency-Key. */
export function createClient(api: string, token: string): Client {
  const base = api.replace(/\/$/, "");
  const urlOf = (path: string, query: Readonly<Record<string, string | undefined>>): URL => {
    const url = new URL(base + path);
    for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, value);
    return url;
  };
  const send = async (url: URL, init: RequestInit): Promise<{ readonly response: Response; readonly text: string }> => {
    for (let attempt = 1; ; attempt++) {
      const response = await reach(url, init);
      const text = await response.text();
      if (response.ok) return { response, text };
      if ((response.status !== 503 && response.status !== 429) || attempt === ATTEMPTS) throw refusal(response.status, text);
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

async function reach(url: URL, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { ...init, signal: AbortSignal.timeout(30_000) });
  } catch (error) {
    const cause = error instanceof Error ? (error.cause instanceof Error ? error.cause.message : error.message) : String(error);
    throw new CallFailed(0, `${url.origin} cannot be reached: ${cause}`, {});
  }
}

function refusal(status: number, text: string): CallFailed {
  let body: Record<string, unknown> = {};
  try {
    body = JSON.parse(text) as Record<string, unknown>;
  } catch {
    body = { detail: text };
  }
  if (status === 401) return new CallFailed(status, "the token is not accepted (expired?): set TANDEM_TOKEN", body);
  const detail = body["detail"] ?? body["message"] ?? text;
  return new CallFailed(status, `${body["code"] === undefined ? `HTTP ${status}` : String(body["code"])}: ${String(detail)}`, body);
}
