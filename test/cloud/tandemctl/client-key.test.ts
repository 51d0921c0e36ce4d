import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { sealedNames } from "../../../cloud/contract/sealed-names.ts";
import type { Client } from "../../../cloud/tandemctl/api-client.ts";
import { clientKey, opening } from "../../../cloud/tandemctl/client-key.ts";
import { history } from "../../../cloud/tandemctl/history-commands.ts";
import { createOutput } from "../../../cloud/tandemctl/output.ts";
import { UsageError } from "../../../cloud/tandemctl/usage-error.ts";

const KEY = "5e".repeat(32);
const names = sealedNames(KEY)!;
const CLIENT = "m:1:020000000001";
const folder = mkdtempSync(join(tmpdir(), "tandem-desk-key-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** An API that gives the same answer to everything, and what it was asked. */
function fake(body: unknown, text = "") {
  const asked: string[] = [];
  const client: Client = {
    call: async (_method, path) => {
      asked.push(path);
      return { status: 200, body };
    },
    rows: async () => ({ text, cursor: undefined, certainty: undefined }),
  };
  return { client, asked };
}

test("answers are opened, however deep the name is, and what another key sealed stays as it is", async () => {
  const strange = sealedNames("11".repeat(32))!.seal(CLIENT);
  const sealed = { items: [{ winner: { cid: names.seal(CLIENT) }, host: names.seal("anna"), loser: strange, epoch: 3, sole: null }] };
  const { body } = await opening(fake(sealed).client, names).call("GET", "/v1/conflicts");
  expect(body).toEqual({ items: [{ winner: { cid: CLIENT }, host: "anna", loser: strange, epoch: 3, sole: null }] });
});
test("rows are opened in their own quoting", async () => {
  const host = 'anna "x", 2';
  const page = (format: string, text: string) => opening(fake({}, text).client, names).rows("/v1/sites/S1/leases", { format });
  const csv = await page("csv", `address,client,host\n10.0.0.1,${names.seal(CLIENT)},${names.seal(host)}\n`);
  expect(csv.text).toBe(`address,client,host\n10.0.0.1,${CLIENT},"anna ""x"", 2"\n`);
  const ndjson = await page("ndjson", `${JSON.stringify({ client: names.seal(CLIENT), host: names.seal(host) })}\n`);
  expect(JSON.parse(ndjson.text)).toEqual({ client: CLIENT, host });
});
test("a client is asked for by its sealed name, however it was written", async () => {
  for (const client of ["02:00:00:00:00:01", CLIENT, names.seal(CLIENT)]) {
    const api = fake({ items: [] });
    const output = createOutput(true, { write: () => true } as unknown as NodeJS.WriteStream);
    await history({ client: api.client, names, output, options: { client }, args: ["S1"], sleep: async () => undefined });
    expect(api.asked).toEqual([`/v1/sites/S1/clients/${encodeURIComponent(names.seal(CLIENT))}/addresses`]);
  }
  const context = { ...fake({}), names, output: createOutput(true), args: ["S1"], sleep: async () => undefined };
  await expect(history({ ...context, options: { client: "anna" } })).rejects.toThrow("anna names no client: give a MAC address");
});
test("the key is read from its file, or it is said why not", () => {
  const path = join(folder, "key");
  expect(clientKey(undefined)).toBeUndefined();
  expect(() => clientKey(path)).toThrow(UsageError);
  writeFileSync(path, "no key");
  expect(() => clientKey(path)).toThrow("64 to 128 hex digits");
  writeFileSync(path, `${KEY}\n`);
  expect(clientKey(path)?.id).toBe(names.id);
});
