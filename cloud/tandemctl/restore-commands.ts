import { LAST_GENERATION } from "../contract/generation.ts";
import { CallFailed } from "./api-client.ts";
import { type Context, numberOf, type Row, reasonIn, required, siteOf, sitePath, text } from "./context.ts";
import { sitesIn } from "./switch-commands.ts";
import { UsageError } from "./usage-error.ts";

/** Tells the ledger that its table was restored from a copy. What was done before is left alone, so it may be repeated until all is done. */
export async function restored(context: Context): Promise<number> {
  const { client, output, options } = context;
  const generation = numberOf(options, "generation") ?? Number(required(options, "generation"));
  if (!Number.isInteger(generation) || generation < 1 || generation > LAST_GENERATION)
    throw new UsageError(`--generation is a whole number from 1 to ${LAST_GENERATION}`);
  const body = { generation, reason: reasonIn(options) };
  const names = await sitesFor(context);
  const answers: { readonly [name: string]: unknown }[] = [];
  for (const site of names) {
    output.progress(`${answers.length} of ${names.length} sites`);
    try {
      answers.push((await client.call("POST", `/v1/sites/${site}/restored`, { body })).body);
    } catch (error) {
      if (!(error instanceof CallFailed)) throw error;
      answers.push({ site, failed: error.message });
    }
  }
  output.show({ items: answers }, () =>
    output.table(
      ["SITE", "EPOCH", "OUTCOME"],
      answers.map((row) => [row["site"], row["epoch"], row["failed"] ?? (row["already"] === true ? "was done before" : "to be settled")]),
    ),
  );
  return answers.some((row) => row["failed"] !== undefined) ? 1 : 0;
}

async function sitesFor(context: Context): Promise<readonly string[]> {
  const { client, options, args } = context;
  const named = [...(args[0] === undefined ? [] : [sitePath(args[0])]), ...(text(options, "sites") === undefined ? [] : sitesIn(options))];
  if (options["all"] === true && named.length > 0) throw new UsageError("--all, or the sites by name, not both");
  if (options["all"] !== true && named.length === 0) throw new UsageError("which SITE? --all for every one");
  if (options["all"] !== true) return named;
  const found: string[] = [];
  let cursor: string | undefined;
  do {
    const { body } = await client.call("GET", "/v1/sites", { query: { limit: "1000", cursor } });
    found.push(...body.items.map((item: Row) => String(item["site"])));
    cursor = body.cursor;
  } while (cursor !== undefined);
  return found;
}

/** Settles who may serve a site after a restore: by what both servers told, or by one's word. */
export async function settle(context: Context): Promise<number> {
  const { options } = context;
  const sole = text(options, "sole");
  if (sole !== undefined && options["pair"] === true) throw new UsageError("--sole NAME or --pair, not both");
  const isWord = sole !== undefined || options["pair"] === true;
  if (!isWord && options["reason"] !== undefined) throw new UsageError("--reason goes with --sole NAME or --pair");
  const body = isWord ? { word: { ...(sole === undefined ? {} : { sole }), reason: reasonIn(options) } } : {};
  const answer = await context.client.call("POST", `/v1/sites/${siteOf(context)}/settle`, { body });
  const who = answer.body.sole === undefined ? "a pair" : `${answer.body.sole} serves alone`;
  context.output.show(answer.body, () => `${answer.body.site}: ${who} (${answer.body.basis}, epoch ${answer.body.epoch})\n`);
  return 0;
}
