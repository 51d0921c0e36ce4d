import type { Client } from "./api-client.ts";
import type { Output } from "./output.ts";

/** Options of the command line; each command reads its own. */
export type Options = Readonly<Record<string, string | boolean | undefined>>;
export interface Context {
  readonly client: Client;
  readonly output: Output;
  readonly options: Options;
  readonly args: readonly string[];
  readonly sleep: (millis: number) => Promise<void>;
}
/** The command line is wrong; exit status 2. */
export class UsageError extends Error {}
/** An item of an answer. */
export type Row = Readonly<Record<string, never>>;

/** All pages of a list. */
export async function everything(
  client: Client,
  path: string,
  query: Readonly<Record<string, string | undefined>>,
): Promise<readonly Row[]> {
  const items: Row[] = [];
  let cursor: string | undefined;
  do {
    const { body } = await client.call("GET", path, { query: { ...query, cursor } });
    items.push(...body.items);
    cursor = body.cursor;
  } while (cursor !== undefined);
  return items;
}

/** The option's text; a usage error if it is missing. */
export function required(options: Options, name: string): string {
  const value = options[name];
  if (typeof value !== "string" || value === "") throw new UsageError(`--${name} is missing`);
  return value;
}
/** The first argument as a site. */
export function siteOf({ args }: Context): string {
  const name = args[0];
  if (name === undefined) throw new UsageError("which SITE?");
  return encodeURIComponent(name.toUpperCase());
}
