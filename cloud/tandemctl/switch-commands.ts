import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { ATTESTATION } from "../contract/api-schemas.ts";
import { CallFailed } from "./api-client.ts";
import { type Context, list, numberOf, type Options, type Row, reasonIn, required, siteOf, sitePath, text } from "./context.ts";
import { UsageError } from "./usage-error.ts";

/** How often what is waited for is looked at, milliseconds. */
const LOOK_MS = 2000;
/** After the grant: how often, and how long, the survivor's own word is looked for. */
const SERVING_LOOK_MS = 250;
const SERVING_WITHIN_MS = 15_000;

export async function partnerDown(context: Context): Promise<number> {
  const { client, output, options } = context;
  const path = `/v1/sites/${siteOf(context)}/partner-down`;
  if (options["timeout"] !== undefined && options["wait"] !== true) throw new UsageError("--timeout says how long to --wait");
  const standing = options["standing"] === true ? { standing: true } : {};
  const body = { survivor: required(options, "survivor"), ...reasonOf(options), ...forceOf(options), ...standing };
  const startedAt = Date.now();
  const giveUpAt = startedAt + 1000 * (numberOf(options, "timeout") ?? Number.POSITIVE_INFINITY);
  let isReached = false;
  for (;;) {
    const calledAt = performance.now();
    try {
      const answer = await client.call("POST", path, { body, key: randomUUID() });
      if (options["wait"] !== true) {
        output.show(answer.body, () => switched(answer.body));
        return 0;
      }
      output.progress("granted; waiting for the survivor's word that it serves alone");
      const servingAfterMs = await untilServing(context, path, calledAt);
      output.show({ ...answer.body, servingAfterMs: servingAfterMs ?? null }, () => switched(answer.body) + served(servingAfterMs));
      return 0;
    } catch (error) {
      const code = error instanceof CallFailed ? error.body["code"] : undefined;
      isReached ||= code !== undefined;
      // an API that was there and is away is waited for, too: should the call have been carried out, the next one hears of it
      const waitable =
        error instanceof CallFailed && (code === "EVIDENCE_PENDING" || code === "PARTNER_ALIVE" || (isReached && isAway(error)));
      if (!waitable || options["wait"] !== true) throw error;
      if (Date.now() >= giveUpAt) throw new CallFailed(error.status, `given up after ${since(startedAt)}: ${error.message}`, error.body);
      output.progress(`waiting (${since(startedAt)}): ${error.message}`);
    }
    await untilDeclarable(context, body.survivor, startedAt, giveUpAt);
  }
}

/** Nobody answered, or one who could not just then. */
const isAway = ({ status }: CallFailed): boolean => status === 0 || status === 429 || status >= 500;
const since = (startedAt: number): string => `${Math.round((Date.now() - startedAt) / 1000)} s`;

/** Milliseconds from the call that was granted until the survivor has told the ledger that it serves alone; undefined if it does not tell. */
async function untilServing({ client, sleep }: Context, path: string, calledAt: number): Promise<number | undefined> {
  const took = () => Math.round(performance.now() - calledAt);
  while (took() < SERVING_WITHIN_MS) {
    try {
      if ((await client.call("GET", path)).body.survivorKnows === true) return took();
    } catch (error) {
      // the grant stands, whatever becomes of looking
      if (!(error instanceof CallFailed)) throw error;
    }
    await sleep(SERVING_LOOK_MS);
  }
  return undefined;
}
const served = (millis: number | undefined): string =>
  millis === undefined
    ? `it has not told the ledger within ${SERVING_WITHIN_MS / 1000} s that it does: is its way to the cloud up?\n`
    : `it serves alone ${(millis / 1000).toFixed(1)} s after the call\n`;

/** Looks, without asking, until the evidence may be there: what is asked and refused goes into the audit trail. */
async function untilDeclarable(context: Context, survivor: string, startedAt: number, giveUpAt: number): Promise<void> {
  const { client, output, sleep } = context;
  while (Date.now() < giveUpAt) {
    await sleep(LOOK_MS);
    const found = await client.call("GET", `/v1/sites/${siteOf(context)}`).catch((error: unknown) => {
      if (!(error instanceof CallFailed && isAway(error))) throw error;
      output.progress(`waiting (${since(startedAt)}): ${error.message}`);
    });
    if (found === undefined) continue;
    const { body } = found;
    const wanted = survivor.toLowerCase();
    const isB = wanted === "b" || wanted === "secondary" || wanted === body.servers.B.name.toLowerCase();
    const verdict = body.canDeclare[isB ? "B" : "A"];
    if (body.state !== "NORMAL" || verdict.ok) return;
    output.progress(`waiting for ${survivor} (${since(startedAt)}): ${verdict.why}`);
  }
}

export async function takeover(context: Context): Promise<number> {
  const force = forceOf(context.options);
  if (force.force === undefined) throw new UsageError("takeover is on your word only: --force --reason TEXT");
  const { body } = await context.client.call("POST", `/v1/sites/${siteOf(context)}/takeover`, {
    body: { survivor: required(context.options, "survivor"), ...force },
    key: randomUUID(),
  });
  context.output.show(body, () => switched(body));
  return 0;
}

export async function failover(context: Context): Promise<number> {
  const { client, options } = context;
  if (options["list"] === true) return plans(context);
  const shown = planIn(options, "show");
  if (shown !== undefined) return showPlan(context, (await client.call("GET", `/v1/failovers/${encodeURIComponent(shown)}`)).body);
  const resumed = planIn(options, "resume");
  const stopped = planIn(options, "stop");
  if (resumed !== undefined || stopped !== undefined) {
    const path = `/v1/failovers/${resumed ?? stopped}/${resumed === undefined ? "stop" : "resume"}`;
    const { body } = await client.call("POST", path, { body: { reason: reasonIn(options) } });
    return resumed === undefined ? showPlan(context, body) : follow(context, body);
  }
  const limits = { atOnce: numberOf(options, "at-once"), stopAfter: numberOf(options, "stop-after") };
  const request = { sites: sitesIn(options), survivor: required(options, "survivor"), reason: reasonIn(options), ...limits };
  const { body } = await client.call("POST", "/v1/failovers", { body: request, key: randomUUID() });
  return follow(context, body);
}

/** The id of a fleet failover; a usage error if it cannot be one. */
function planIn(options: Options, name: string): string | undefined {
  const id = text(options, name);
  if (id !== undefined && !/^[0-9a-f-]{8,40}$/.test(id))
    throw new UsageError(`--${name} is an ID that tandemctl failover --list shows, not ${id}`);
  return id;
}

/** Those that run. */
function plans(context: Context): Promise<number> {
  return list(context, "/v1/failovers", {}, [
    ["ID", "id"],
    ["STATE", "state"],
    ["SURVIVOR", "survivor"],
    ["STARTED", "startedAt"],
    ["BY", "by"],
    ["REASON", "reason"],
  ]);
}

/** The exit status of who is ended by Ctrl-C, as shells have it. */
const INTERRUPTED = 130;

/** Drives a plan and tells how it goes, until it is over. The control plane's sweep drives it too, so whoever stops watching stops nothing. */
async function follow(context: Context, started: Row & { [name: string]: never }): Promise<number> {
  const { client, output, options, sleep } = context;
  // biome-ignore lint/suspicious/noExplicitAny: every route answers in its own shape
  let plan: any = started;
  const leave = () => {
    process.stderr.write(
      `\nfailover ${plan.id} goes on without you: tandemctl failover --show ${plan.id}; --stop ${plan.id} --reason TEXT ends it\n`,
    );
    process.exit(INTERRUPTED);
  };
  process.once("SIGINT", leave);
  while (plan.state === "running" && options["no-wait"] !== true) {
    const counts = Object.entries(plan.counts).map(([state, count]) => `${count} ${state}`);
    const trying = plan.sites.find((row: Row) => row["state"] === "trying");
    output.progress(`failover ${plan.id}: ${counts.join(", ")}${trying === undefined ? "" : ` (${trying.site}: ${trying.why})`}`);
    await sleep(LOOK_MS);
    plan = (await client.call("POST", `/v1/failovers/${plan.id}/advance`)).body;
  }
  process.removeListener("SIGINT", leave);
  return showPlan(context, plan);
}

// biome-ignore lint/suspicious/noExplicitAny: every route answers in its own shape
function showPlan({ output }: Context, plan: any): number {
  const rows = plan.sites.map((row: Row) => [row["site"], row["state"], row["why"]]);
  const next = plan.state === "stopped" ? `go on with: tandemctl failover --resume ${plan.id} --reason TEXT\n` : "";
  const running = plan.state === "running" ? `it goes on by itself: tandemctl failover --show ${plan.id}\n` : "";
  const head = `failover ${plan.id}: ${plan.state}${plan.why === "" ? "" : `: ${plan.why}`}\n`;
  output.show(plan, () => head + output.table(["SITE", "STATE", "WHY"], rows) + next + running);
  return plan.state === "running" || plan.sites.every((row: Row) => row["state"] === "serving") ? 0 : 1;
}

/** `A,B,…`, or `@FILE` with a site a line. */
export function sitesIn(options: Options): readonly string[] {
  const given = required(options, "sites");
  const names = given.startsWith("@") ? namesIn(given.slice(1)) : given.split(",");
  const sites = names.map((name) => name.trim()).filter((name) => name !== "");
  if (sites.length === 0) throw new UsageError(`--sites ${given} names no site`);
  return sites.map(sitePath);
}

function namesIn(file: string): readonly string[] {
  try {
    return readFileSync(file, "utf8").split(/[\s,]+/);
  } catch (error) {
    throw new UsageError(`--sites @${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

const switched = (body: Row): string =>
  `${body["site"]}: ${body["sole"]} serves alone (${body["basis"]}, epoch ${body["epoch"]}); its partner's free addresses from ${Math.ceil(Number(body["usableAfterMs"]) / 1000)} s after it learns of it\n`;
export const reasonOf = (options: Options) => (typeof options["reason"] === "string" ? { reason: reasonIn(options) } : {});
export function forceOf(options: Options): { force?: { attestation: string; reason: string } } {
  if (options["force"] !== true) return {};
  return { force: { attestation: ATTESTATION, reason: reasonIn(options) } };
}
