import { randomUUID } from "node:crypto";
import { isIPv4 } from "node:net";
import { type Context, list, numberOf, type Options, type Row, reasonIn, required, siteOf, text } from "./context.ts";
import { forceOf, reasonOf } from "./switch-commands.ts";
import { UsageError } from "./usage-error.ts";

export const sites = (context: Context): Promise<number> =>
  list(
    context,
    "/v1/sites",
    {
      state: context.options["not-normal"] === true ? "notnormal" : undefined,
      silent: context.options["silent"] === true ? "1" : undefined,
    },
    [
      ["SITE", "site"],
      ["STATE", "state"],
      ["EPOCH", "epoch"],
      ["SOLE", "sole"],
      ["SINCE", "since"],
      ["SILENT", "silent"],
    ],
  );

export async function site(context: Context): Promise<number> {
  const name = siteOf(context);
  const [{ body }, health] = await Promise.all([
    context.client.call("GET", `/v1/sites/${name}`),
    context.client.call("GET", `/v1/sites/${name}/health`),
  ]);
  context.output.show({ ...body, health: health.body }, () => {
    const rows = ["A", "B"].map((server) => {
      const view = body.servers[server];
      const can = body.canDeclare[server];
      const seen = view.lastSeen ?? "never";
      const mode =
        view.was === undefined || view.mode !== "RESTORED" ? view.mode : `${view.mode}, was ${view.was.mode} at ${view.was.epoch}`;
      return [server, view.name, mode, view.failoverState, seen, view.heartbeats, view.outboxDepth, can.ok ? "yes" : can.why];
    });
    const findings = health.body.findings
      .map((finding: Row) => `  ${finding["severity"]}: ${finding["about"]}: ${finding["text"]}\n`)
      .join("");
    const head = `${body.site}  ${body.state}  epoch ${body.epoch}  ${health.body.verdict}\n${findings}`;
    const header = ["SERVER", "NAME", "MODE", "FAILOVER", "LAST SEEN", "BEATS", "OUTBOX", "MAY BE DECLARED ALONE"];
    return head + context.output.table(header, rows);
  });
  return 0;
}

export async function register(context: Context): Promise<number> {
  required(context.options, "names");
  const body = { mcltMs: 3_600_000, maxLeaseMs: 86_400_000, autonomyMs: 3_600_000, pools: [], serials: { A: [], B: [] }, foreign: "none" };
  const answer = await context.client.call("PUT", `/v1/sites/${siteOf(context)}`, { body: { ...body, ...configOf(context.options) } });
  const given = context.args[0];
  const spelling =
    given === answer.body.site ? "" : ` (sites are named in capitals: agent.json too must say ${answer.body.site}, not ${given})`;
  context.output.show(answer.body, () => `${answer.body.site} is registered, epoch ${answer.body.epoch}${spelling}\n`);
  return 0;
}

export async function configure(context: Context): Promise<number> {
  const body = configOf(context.options);
  if (Object.keys(body).length === 0) throw new UsageError("what is to be changed? Give an option");
  const answer = await context.client.call("PATCH", `/v1/sites/${siteOf(context)}`, { body });
  context.output.show(answer.body, () => `${answer.body.site} is configured\n`);
  return 0;
}

export async function decommission(context: Context): Promise<number> {
  const body = { reason: reasonIn(context.options) };
  const answer = await context.client.call("POST", `/v1/sites/${siteOf(context)}/decommission`, { body });
  context.output.show(answer.body, () => `${answer.body.site} is out of service\n`);
  return 0;
}

/** What the options say of a site; members that are not given are left out. */
function configOf(options: Options): Readonly<Record<string, unknown>> {
  const given: Record<string, unknown> = {};
  for (const [option, member, least] of [
    ["mclt", "mcltMs", 1],
    ["max-lease", "maxLeaseMs", 60],
    ["autonomy", "autonomyMs", 60],
  ] as const) {
    const seconds = numberOf(options, option);
    if (seconds !== undefined && seconds < least) throw new UsageError(`--${option} is ${least} seconds or more, not ${seconds}`);
    if (seconds !== undefined) given[member] = Math.round(1000 * seconds);
  }
  const names = text(options, "names");
  if (names !== undefined) given["names"] = namesOf(names);
  if (options["pool"] !== undefined) given["pools"] = [options["pool"]].flat().map((pool) => poolOf(String(pool)));
  if (options["foreign"] !== undefined) given["foreign"] = foreignOf(required(options, "foreign"));
  if (options["serial"] !== undefined) given["serials"] = serialsOf([options["serial"]].flat().map(String));
  return given;
}

function foreignOf(given: string): string {
  const found = ["A", "B", "none"].find((one) => one.toLowerCase() === given.toLowerCase());
  if (found === undefined) throw new UsageError(`--foreign is A, B or none, not ${given}`);
  return found;
}

function namesOf(given: string): { A: string; B: string } {
  const [A = "", B = "", ...more] = given.split(",").map((name) => name.trim());
  if (A === "" || B === "" || more.length > 0) throw new UsageError("--names gives two names, of servers A and B: --names lis-a,lis-b");
  return { A, B };
}

function serialsOf(given: readonly string[]): { A: string[]; B: string[] } {
  const serials: { A: string[]; B: string[] } = { A: [], B: [] };
  for (const one of given) {
    const [, server, hex] = /^([AB])=([0-9a-fA-F:]+)$/.exec(one) ?? [];
    if (server === undefined || hex === undefined) throw new UsageError(`--serial is A=HEX or B=HEX, not ${one}`);
    serials[server === "A" ? "A" : "B"].push(hex.replaceAll(":", ""));
  }
  return serials;
}

function poolOf(given: string): { name: string; from: string; to: string } {
  const [, name, from, to] = /^([^=]+)=([\d.]+)-([\d.]+)$/.exec(given) ?? [];
  if (name === undefined || from === undefined || to === undefined || !isIPv4(from) || !isIPv4(to))
    throw new UsageError(`--pool is NAME=FROM-TO, as office=10.1.0.10-10.1.0.209, not ${given}`);
  return { name, from, to };
}

export async function cancel(context: Context): Promise<number> {
  const { body } = await context.client.call("DELETE", `/v1/sites/${siteOf(context)}/partner-down`);
  context.output.show(body, () => "the standing request is withdrawn\n");
  return 0;
}

export async function recover(context: Context): Promise<number> {
  const { body } = await context.client.call("POST", `/v1/sites/${siteOf(context)}/recover`, {
    body: { ...reasonOf(context.options), ...forceOf(context.options) },
    key: randomUUID(),
  });
  context.output.show(body, () => `${body.site} is a pair again, epoch ${body.epoch}\n`);
  return 0;
}
