import { parentPort, workerData } from "node:worker_threads";

/** What a thread of {@link startFunctions} runs: one function of the bundle, in an environment of its own. */
type Call = (event: unknown, context: object) => Promise<unknown>;
const { bundle, handler } = workerData as { readonly bundle: string; readonly handler: string };
const loaded = (await import(bundle)) as Record<string, unknown>;
const call = handler.split(".").reduce<unknown>((found, name) => (found as Record<string, unknown> | undefined)?.[name], loaded) as Call;

parentPort?.on("message", ({ id, event }: { readonly id: string; readonly event: unknown }) => {
  const giveUpAt = Date.now() + 15_000;
  call(event, { awsRequestId: id, getRemainingTimeInMillis: () => giveUpAt - Date.now() }).then(
    (result) => parentPort?.postMessage({ id, result: result ?? null }),
    (error: unknown) => parentPort?.postMessage({ id, error: error instanceof Error ? error.message : String(error) }),
  );
});
