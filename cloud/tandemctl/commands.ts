import { randomUUID } from "node:crypto";
import { ATTESTATION } from "../contract/api-schemas.ts";
import { CallFailed } from "./api-client.ts";
import { type Context, everything, type Options, type Row, required, siteOf, UsageError } from "./context.ts";
import { printable, table } from "./output.ts";

/** The commands by name, with what follows the name. */
export const COMMANDS: Readonly<Record<string, { readonly usage: string; readonly run: (context: Context) => Promise<number> }>> = {
  sites: { usage: "[--not-normal] [--silent]", run: sites },
  site: { usage: "SITE", run: site },
  register: { usage: "SITE --names A,B [--pool NAME=FROM-TO] [--mclt SECONDS] [--autonomy SECONDS] [--max-lease SECONDS]", run: register },
  "partner-down": { usage: "SITE --survivor NAME [--wait] [--force --reason TEXT] [--standing]", run: partnerDown },
  cancel: { usage: "SITE", run: cancel },
  recover: { usage: "SITE [--force --reason TEXT]", run: recover },
  takeover: { usage: "SITE --survivor NAME --force --reason TEXT", run: takeover },
  failover: { usage: "--sites A,B,… --survivor NAME --reason TEXT [--at-once N] [--stop-after N] [--no-wait]", run: failover },
  history: {
    usage: "[SITE] --ip IP [--at TIME] | --client CLIENT --from TIME --to TIME | --site SITE --from TIME --to TIME",
    run: history,
  },
  leases: { usage: "SITE [--status STATUS]", run: leases },
  conflicts: { usage: "[--site SITE] [--all]", run: conflicts },
  resolve: { usage: "SITE CONFLICT --reason TEXT", run: resolve },
  audit: { usage: "SITE", run: audit },
};

async function sites({ client, output, options }: Context): Promise<number> {
  const items = await everything(client, "/v1/sites", {
    state: options["not-normal"] === true ? "notnormal" : undefined,
    silent: options["silent"] === true ? "1" : undefined,
  });
  output.show(items, () =>
    table(
      ["SITE", "STATE", "EPOCH", "SOLE", "SINCE"],
      items.map((item) => [item["site"], item["state"], item["epoch"], item["sole"], item["since"]]),
    ),
  );
  return 0;
}

async function site(context: Context): Promise<number> {
  const name = siteOf(context);
  const [{ body }, health] = await Promise.all([
    context.client.call("GET", `/v1/sites/${name}`),
    context.client.call("GET", `/v1/sites/${name}/health`),
  ]);
  context.output.show({ ...body, health: health.body }, () => {
    const rows = ["A", "B"].map((server) => {
      const view = body.servers[server];
      const can = body.canDeclare[server];
      return [
        server,
        view.name,
        view.mode,
        view.failoverState,
        view.lastSeen ?? "never",
        view.heartbeats,
        view.outboxDepth,
        can.ok ? "yes" : can.why,
      ];
    });
    const findings = health.body.findings
      .map((finding: Row) => `  ${finding["severity"]}: ${finding["about"]}: ${finding["text"]}\n`)
      .join("");
    const head = `${body.site}  ${body.state}  epoch ${body.epoch}  ${health.body.verdict}\n${findings}`;
    return head + table(["SERVER", "NAME", "MODE", "FAILOVER", "LAST SEEN", "BEATS", "OUTBOX", "MAY BE DECLARED ALONE"], rows);
  });
  return 0;
}

async function register(context: Context): Promise<number> {
  const { options } = context;
  const [A = "", B = ""] = required(options, "names").split(",");
  const seconds = (name: string, fallback: number) => 1000 * Number(options[name] ?? fallback);
  const pool = /^([^=]+)=([\d.]+)-([\d.]+)$/.exec(String(options["pool"] ?? ""));
  const body = {
    mcltMs: seconds("mclt", 3600),
    maxLeaseMs: seconds("max-lease", 86_400),
    autonomyMs: seconds("autonomy", 3600),
    names: { A, B },
    pools: pool === null ? [] : [{ name: pool[1], from: pool[2], to: pool[3] }],
    serials: { A: [], B: [] },
    foreign: "none",
  };
  const answer = await context.client.call("PUT", `/v1/sites/${siteOf(context)}`, { body });
  context.output.show(answer.body, () => `${answer.body.site} is registered, epoch ${answer.body.epoch}\n`);
  return 0;
}

async function partnerDown(context: Context): Promise<number> {
  const { client, output, options } = context;
  const path = `/v1/sites/${siteOf(context)}/partner-down`;
  const body = {
    survivor: required(options, "survivor"),
    ...reasonOf(options),
    ...forceOf(options),
    ...(options["standing"] === true ? { standing: true } : {}),
  };
  const startedAt = Date.now();
  for (;;) {
    try {
      const answer = await client.call("POST", path, { body, key: randomUUID() });
      output.show(answer.body, () => switched(answer.body));
      return 0;
    } catch (error) {
      const waitable = error instanceof CallFailed && (error.body["code"] === "EVIDENCE_PENDING" || error.body["code"] === "PARTNER_ALIVE");
      if (!waitable || options["wait"] !== true) throw error;
      const waited = `${Math.round((Date.now() - startedAt) / 1000)} s`;
      output.progress(`waiting (${waited}): ${error.message}`);
    }
    await untilDeclarable(context, body.survivor, startedAt);
  }
}

/** Looks, without asking, until the evidence may be there: what is asked and refused goes into the audit trail. */
async function untilDeclarable(context: Context, survivor: string, startedAt: number): Promise<void> {
  const { client, output, sleep } = context;
  for (;;) {
    await sleep(2000);
    const { body } = await client.call("GET", `/v1/sites/${siteOf(context)}`);
    const wanted = survivor.toLowerCase();
    const isB = wanted === "b" || wanted === "secondary" || wanted === body.servers.B.name.toLowerCase();
    const verdict = body.canDeclare[isB ? "B" : "A"];
    if (body.state !== "NORMAL" || verdict.ok) return;
    output.progress(`waiting for ${survivor} (${Math.round((Date.now() - startedAt) / 1000)} s): ${verdict.why}`);
  }
}

async function cancel(context: Context): Promise<number> {
  const { body } = await context.client.call("DELETE", `/v1/sites/${siteOf(context)}/partner-down`);
  context.output.show(body, () => "the standing request is withdrawn\n");
  return 0;
}

async function recover(context: Context): Promise<number> {
  const { body } = await context.client.call("POST", `/v1/sites/${siteOf(context)}/recover`, {
    body: { ...reasonOf(context.options), ...forceOf(context.options) },
    key: randomUUID(),
  });
  context.output.show(body, () => `${body.site} is a pair again, epoch ${body.epoch}\n`);
  return 0;
}

async function takeover(context: Context): Promise<number> {
  const force = forceOf(context.options);
  if (force.force === undefined) throw new UsageError("takeover is on your word only: --force --reason TEXT");
  const { body } = await context.client.call("POST", `/v1/sites/${siteOf(context)}/takeover`, {
    body: { survivor: required(context.options, "survivor"), ...force },
    key: randomUUID(),
  });
  context.output.show(body, () => switched(body));
  return 0;
}

async function failover({ client, output, options, sleep }: Context): Promise<number> {
  const number = (name: string) => (options[name] === undefined ? undefined : Number(options[name]));
  const limits = { atOnce: number("at-once"), stopAfter: number("stop-after") };
  const request = {
    sites: required(options, "sites").split(","),
    survivor: required(options, "survivor"),
    reason: required(options, "reason"),
    ...limits,
  };
  let { body } = await client.call("POST", "/v1/failovers", { body: request });
  while (body.state === "running" && options["no-wait"] !== true) {
    const counts = Object.entries(body.counts).map(([state, count]) => `${count} ${state}`);
    output.progress(`failover ${body.id}: ${counts.join(", ")}`);
    await sleep(2000);
    ({ body } = await client.call("POST", `/v1/failovers/${body.id}/advance`));
  }
  const plan = body;
  output.show(
    plan,
    () =>
      `failover ${plan.id}: ${plan.state}${plan.why === "" ? "" : `: ${plan.why}`}\n${table(
        ["SITE", "STATE", "WHY"],
        plan.sites.map((row: Row) => [row["site"], row["state"], row["why"]]),
      )}`,
  );
  return plan.state === "running" || plan.sites.every((row: Row) => row["state"] === "serving") ? 0 : 1;
}

async function history(context: Context): Promise<number> {
  const { client, output, options } = context;
  const place = context.args[0] ?? options["site"];
  const period = () => ({ from: required(options, "from"), to: required(options, "to") });
  if (typeof options["client"] === "string") {
    const path = `${typeof place === "string" ? `/v1/sites/${place}` : "/v1"}/clients/${encodeURIComponent(options["client"])}/addresses`;
    const items = await everything(client, path, period());
    output.show(items, () =>
      table(
        ["SITE", "ADDRESS", "FROM", "UNTIL", "RENEWALS", "ENDED"],
        items.map((row) => [row["site"], row["address"], row["from"], row["until"], row["renewals"], row["ended"]]),
      ),
    );
    return 0;
  }
  if (typeof place !== "string") throw new UsageError("history needs a SITE, or --client");
  const events = ["AT", "ADDRESS", "STATUS", "CLIENT", "EXPIRES", "SERVER", "MARK"];
  const rowOf = (row: Row) => [row["at"], row["address"], row["status"], row["client"], row["expires"], row["server"], row["mark"]];
  if (typeof options["ip"] !== "string") {
    const items = await everything(client, `/v1/sites/${place}/history`, period());
    output.show(items, () => table(events, items.map(rowOf)));
    return 0;
  }
  if (options["from"] !== undefined) {
    const items = await everything(client, `/v1/sites/${place}/addresses/${options["ip"]}/history`, period());
    output.show(items, () => table(events, items.map(rowOf)));
    return 0;
  }
  const at = typeof options["at"] === "string" ? options["at"] : undefined;
  const { body } = await client.call("GET", `/v1/sites/${place}/addresses/${options["ip"]}/holder`, { query: { at } });
  output.show(body, () => {
    const holder =
      body.holder === null
        ? "nobody"
        : `${printable(body.holder.client)} from ${body.holder.since} until ${body.holder.until}, by server ${body.holder.server}`;
    return `${body.address} at ${body.at}: ${holder}\n${body.certainty.level}: ${body.certainty.statement}\n`;
  });
  return 0;
}

async function leases(context: Context): Promise<number> {
  const { status } = context.options;
  const items = await everything(context.client, `/v1/sites/${siteOf(context)}/leases`, {
    status: typeof status === "string" ? status.toUpperCase() : undefined,
  });
  context.output.show(items, () =>
    table(
      ["ADDRESS", "STATUS", "CLIENT", "HOST", "EXPIRES", "SERVER"],
      items.map((row) => [row["address"], row["status"], row["client"], row["host"], row["expires"], row["server"]]),
    ),
  );
  return 0;
}

async function conflicts({ client, output, options }: Context): Promise<number> {
  const items = await everything(client, "/v1/conflicts", {
    site: typeof options["site"] === "string" ? options["site"] : undefined,
    all: options["all"] === true ? "1" : undefined,
  });
  output.show(items, () =>
    table(
      ["SITE", "ADDRESS", "AT", "BASIS", "OPEN", "ID"],
      items.map((row) => [row["site"], row["address"], row["at"], row["basis"], row["open"], row["id"]]),
    ),
  );
  return 0;
}

async function resolve(context: Context): Promise<number> {
  const id = context.args[1];
  if (id === undefined) throw new UsageError("resolve needs a SITE and a CONFLICT");
  const { body } = await context.client.call("POST", `/v1/sites/${siteOf(context)}/conflicts/${encodeURIComponent(id)}/resolve`, {
    body: { reason: required(context.options, "reason") },
  });
  context.output.show(body, () => `${id} is settled\n`);
  return 0;
}

async function audit(context: Context): Promise<number> {
  const items = await everything(context.client, `/v1/sites/${siteOf(context)}/events`, {});
  context.output.show(items, () =>
    table(
      ["AT", "EPOCH", "WHAT", "BY", "NOTE"],
      items.map((row) => [row["at"], row["epoch"], row["what"], row["by"], row["note"]]),
    ),
  );
  return 0;
}

const switched = (body: Row): string =>
  `${body["site"]}: ${body["sole"]} serves alone (${body["basis"]}, epoch ${body["epoch"]}); its partner's free addresses from ${Math.ceil(Number(body["usableAfterMs"]) / 1000)} s after it learns of it\n`;
const reasonOf = (options: Options) => (typeof options["reason"] === "string" ? { reason: options["reason"] } : {});
function forceOf(options: Options): { force?: { attestation: string; reason: string } } {
  if (options["force"] !== true) return {};
  return { force: { attestation: ATTESTATION, reason: required(options, "reason") } };
}
