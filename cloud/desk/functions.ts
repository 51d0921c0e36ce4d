import { randomUUID } from "node:crypto";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import type { Principals } from "./principals.ts";

/** The functions of the bundle, each in a thread with its own environment: the variables that it would have, and its own role's credentials. A
 *  thread starts at the first call, as a Lambda function does. */
export interface Functions {
  invoke(handler: string, event: unknown): Promise<unknown>;
  stop(): Promise<void>;
}
export interface FunctionsOptions {
  readonly bundle: string;
  /** Where the functions reach the ledger. */
  readonly endpoint: string;
  readonly table: string;
  readonly logLevel: string;
}
interface Running {
  readonly worker: Worker;
  readonly waiting: Map<string, { readonly resolve: (result: unknown) => void; readonly reject: (error: Error) => void }>;
}

export function startFunctions(principals: Principals, options: FunctionsOptions): Functions {
  const running = new Map<string, Running>();
  const cursorKey = randomUUID();
  const start = (handler: string): Running => {
    const { accessKeyId, secretAccessKey } = principals.forFunction(handler);
    const env = {
      LEDGER_TABLE: options.table,
      CURSOR_KEY: cursorKey,
      LOG_LEVEL: options.logLevel,
      AWS_REGION: "local",
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_ENDPOINT_URL_DYNAMODB: options.endpoint,
    };
    const workerData = { bundle: pathToFileURL(options.bundle).href, handler };
    const worker = new Worker(new URL("./function-worker.ts", import.meta.url), { workerData, env });
    const waiting: Running["waiting"] = new Map();
    worker.on("message", ({ id, result, error }: { id: string; result?: unknown; error?: string }) => {
      const call = waiting.get(id);
      waiting.delete(id);
      if (error === undefined) call?.resolve(result);
      else call?.reject(new Error(error));
    });
    const ended = (why: string) => {
      running.delete(handler);
      for (const call of waiting.values()) call.reject(new Error(`${handler} ended: ${why}`));
      waiting.clear();
    };
    worker.on("error", (error) => ended(error instanceof Error ? error.message : String(error)));
    worker.on("exit", (code) => ended(`status ${code}`));
    return { worker, waiting };
  };
  return {
    invoke: (handler, event) => {
      const found = running.get(handler) ?? start(handler);
      running.set(handler, found);
      const id = randomUUID();
      return new Promise((resolve, reject) => {
        found.waiting.set(id, { resolve, reject });
        found.worker.postMessage({ id, event });
      });
    },
    stop: async () => {
      await Promise.all([...running.values()].map(({ worker }) => worker.terminate()));
    },
  };
}
