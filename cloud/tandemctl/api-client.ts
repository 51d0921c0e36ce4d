/** Calls of the control plane's API. */
export interface Client {
  call(
    method: string,
    path: string,
    options?: { readonly query?: Readonly<Record<string, string | undefined>>; readonly body?: unknown; readonly key?: string },
  ): Promise<Answer>;
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

/** Repeats what the API says it could not do yet (503), with the same Idempotency-Key. */
export function createClient(api: string, token: string): Client {
  return {
    call: async (method, path, { query = {}, body, key } = {}) => {
      const url = new URL(api.replace(/\/$/, "") + path);
      for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, value);
      const headers = {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(key === undefined ? {} : { "idempotency-key": key }),
      };
      for (let attempt = 1; ; attempt++) {
        const response = await reach(url, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
        const text = await response.text();
        if (response.ok) return { status: response.status, body: text === "" ? {} : JSON.parse(text) };
        if (response.status === 503 && attempt < ATTEMPTS) {
          await new Promise((resolve) => setTimeout(resolve, 500 * attempt));
          continue;
        }
        throw refusal(response.status, text);
      }
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
