import { readFileSync } from "node:fs";
import { type SealedNames, sealedNames } from "../contract/sealed-names.ts";
import type { Client } from "./api-client.ts";
import { UsageError } from "./usage-error.ts";

/** The fleet's key, under which agents seal the names of clients and hosts; undefined where no file is named. */
export function clientKey(path: string | undefined): SealedNames | undefined {
  if (path === undefined || path === "") return undefined;
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new UsageError(`--client-key-file (or TANDEM_CLIENT_KEY_FILE): ${error instanceof Error ? error.message : String(error)}`);
  }
  const names = sealedNames(text);
  if (names === undefined) throw new UsageError(`${path} holds no key of 64 to 128 hex digits`);
  return names;
}

/** The same client, whose answers have the names that the key opens. What it does not open stays as it is. */
export const opening = (client: Client, { open }: SealedNames): Client => ({
  call: async (...given) => {
    const { status, body } = await client.call(...given);
    return { status, body: opened(body, (text) => open(text) ?? text) };
  },
  rows: async (path, query) => {
    const page = await client.rows(path, query);
    const within = query["format"] === "csv" ? csvCell : jsonText;
    const text = page.text.replaceAll(/\be:(?:[0-9a-f]{2}){17,}/g, (sealed) => {
      const name = open(sealed);
      return name === undefined ? sealed : within(name);
    });
    return { ...page, text };
  },
});

const csvCell = (name: string): string => (/[",\r\n]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name);
const jsonText = (name: string): string => JSON.stringify(name).slice(1, -1);

/** Answers are JSON of the API's own making: some levels deep. */
function opened(value: unknown, open: (text: string) => string): unknown {
  if (typeof value === "string") return open(value);
  if (Array.isArray(value)) return value.map((item) => opened(item, open));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, opened(item, open)]));
}
