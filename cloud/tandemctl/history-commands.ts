import { CLIENT_FORMS, parseClient } from "../contract/client-names.ts";
import { isSealed } from "../contract/sealed-names.ts";
import {
  addressOf,
  type Context,
  certaintyLine,
  everything,
  list,
  mustExist,
  type Row,
  reasonIn,
  siteOf,
  sitePath,
  text,
  timeOf,
} from "./context.ts";
import { printable } from "./output.ts";
import { UsageError } from "./usage-error.ts";

const EVENTS = [
  ["AT", "at"],
  ["ADDRESS", "address"],
  ["STATUS", "status"],
  ["CLIENT", "client"],
  ["EXPIRES", "expires"],
  ["SERVER", "server"],
  ["MARK", "mark"],
] as const;
const STINTS = [
  ["SITE", "site"],
  ["ADDRESS", "address"],
  ["FROM", "from"],
  ["UNTIL", "until"],
  ["RENEWALS", "renewals"],
  ["ENDED", "ended"],
] as const;
const DAY_MS = 86_400_000;

/** An address at a time; an address, a client or a site in a period. A period that is not given is the last day. */
export async function history(context: Context): Promise<number> {
  const { options } = context;
  const named = context.args[0] ?? text(options, "site");
  const place = named === undefined ? undefined : sitePath(named);
  const ip = addressOf(options, "ip");
  const client = text(options, "client");
  if (ip !== undefined && client !== undefined) throw new UsageError("history is of an --ip or of a --client");
  const at = timeOf(options, "at");
  const isPeriod = options["from"] !== undefined || options["to"] !== undefined;
  if (at !== undefined && (ip === undefined || isPeriod)) throw new UsageError("--at goes with --ip, without --from and --to");
  const period = {
    from: timeOf(options, "from") ?? new Date(Date.now() - DAY_MS).toISOString(),
    to: timeOf(options, "to") ?? new Date().toISOString(),
  };
  if (client !== undefined) {
    const name = encodeURIComponent(sealedIf(context, client));
    const path = `${place === undefined ? "/v1" : `/v1/sites/${place}`}/clients/${name}/addresses`;
    return list(context, path, period, STINTS);
  }
  if (ip === undefined) {
    if (place === undefined) throw new UsageError("history is of a SITE, an --ip or a --client");
    return list(context, `/v1/sites/${place}/history`, period, EVENTS);
  }
  const sites = place === undefined ? await sitesWith(context, ip) : [place];
  if (!isPeriod) return holders(context, sites, ip);
  if (sites.length > 1) throw new UsageError(`${ip} is in pools of several sites: name one of ${sites.join(", ")}`);
  return list(context, `/v1/sites/${sites[0]}/addresses/${encodeURIComponent(ip)}/history`, period, EVENTS);
}

/** A client as the ledger names it. */
function sealedIf({ names }: Context, client: string): string {
  if (names === undefined) return client;
  const name = parseClient(client);
  if (name === undefined) throw new UsageError(`${client} names no client: give ${CLIENT_FORMS}`);
  return isSealed(name) ? name : names.seal(name);
}

/** The sites that have the address in a pool. */
async function sitesWith({ client }: Context, ip: string): Promise<readonly string[]> {
  const { items } = await everything(client, "/v1/sites", { address: ip });
  if (items.length === 0) throw new UsageError(`no site has ${ip} in a pool that was registered: name the SITE`);
  return items.map((item) => encodeURIComponent(String(item["site"])));
}

/** Who had the address at `--at`, in each site that has it. */
async function holders(context: Context, sites: readonly string[], ip: string): Promise<number> {
  const at = timeOf(context.options, "at");
  const format = text(context.options, "format");
  const answers: Row[] = [];
  for (const site of sites) {
    const path = `/v1/sites/${site}/addresses/${encodeURIComponent(ip)}/holder`;
    if (format !== undefined) await list(context, path, { at }, []);
    else answers.push({ site, ...(await context.client.call("GET", path, { query: { at } })).body });
  }
  if (format !== undefined) return 0;
  context.output.show(answers.length === 1 ? answers[0] : answers, () => answers.map(holderLines).join(""));
  return 0;
}

// biome-ignore lint/suspicious/noExplicitAny: every route answers in its own shape
function holderLines(body: any): string {
  const told = (who: Row) => `${printable(String(who["client"]))} from ${who["since"]} until ${who["until"]}, by server ${who["server"]}`;
  const others = body.contested.map((who: Row) => `  also told so: ${told(who)}\n`).join("");
  return `${body.site} ${body.address} at ${body.at}: ${body.holder === null ? "nobody" : told(body.holder)}\n${others}${certaintyLine(body.certainty)}`;
}

export function leases(context: Context): Promise<number> {
  return list(context, `/v1/sites/${siteOf(context)}/leases`, { status: text(context.options, "status")?.toUpperCase() }, [
    ["ADDRESS", "address"],
    ["STATUS", "status"],
    ["CLIENT", "client"],
    ["HOST", "host"],
    ["EXPIRES", "expires"],
    ["SERVER", "server"],
  ]);
}

export async function conflicts(context: Context): Promise<number> {
  const { options } = context;
  const named = text(options, "site");
  const site = named === undefined ? undefined : sitePath(named);
  if (site !== undefined) await mustExist(context, site);
  if (options["all"] === true && site === undefined) throw new UsageError("--all, with those that are settled, is of one --site SITE");
  return list(context, "/v1/conflicts", { site, all: options["all"] === true ? "1" : undefined }, [
    ["SITE", "site"],
    ["ADDRESS", "address"],
    ["AT", "at"],
    ["BASIS", "basis"],
    ["OPEN", "open"],
    ["WINNER", "winner.cid"],
    ["LOSER", "loser.cid"],
    ["ID", "id"],
  ]);
}

export async function resolve(context: Context): Promise<number> {
  const id = context.args[1];
  if (id === undefined) throw new UsageError("which CONFLICT? Its ID is what tandemctl conflicts shows");
  if (id.length < 10 || id.length > 80 || id.includes("/"))
    throw new UsageError(`${id} is no ID of a conflict: tandemctl conflicts shows them`);
  const { body } = await context.client.call("POST", `/v1/sites/${siteOf(context)}/conflicts/${encodeURIComponent(id)}/resolve`, {
    body: { reason: reasonIn(context.options) },
  });
  context.output.show(body, () => `${id} is settled\n`);
  return 0;
}

/** Of a site, or without one of the fleet: there stand the acts on many sites. */
export async function audit(context: Context): Promise<number> {
  const path = context.args[0] === undefined ? "/v1/events" : `/v1/sites/${siteOf(context)}/events`;
  if (context.args[0] !== undefined) await mustExist(context, siteOf(context));
  return list(context, path, { from: timeOf(context.options, "from"), to: timeOf(context.options, "to") }, [
    ["AT", "at"],
    ["EPOCH", "epoch"],
    ["WHAT", "what"],
    ["BY", "by"],
    ["NOTE", "note"],
  ]);
}
