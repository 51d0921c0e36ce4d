import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openClients } from "../../../edge-agent/daemon/ledger.ts";
import type { LedgerAnswer } from "../../../edge-agent/ledger/calls.ts";
import { controlPlane } from "../../../edge-agent/rim/control-plane.ts";
import { discreet } from "../../../edge-agent/rim/credentials.ts";

const SECRET = "Canary0123456789SecretThatMustNotBeSeen";
const TOKEN = "CanaryTokenThatMustNotBeSeenEither";
let folder: string;
let server: Server;
let seen: IncomingMessage[];
let endpoint: string;
let refusal: { readonly __type: string; readonly message: string };
const before = { ...process.env };

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "tandem-credentials-"));
  seen = [];
  refusal = { __type: "com.amazon.coral.service#UnrecognizedClientException", message: "not known here" };
  server = createServer((request, response) => {
    seen.push(request);
    response.writeHead(400, { "content-type": "application/x-amz-json-1.0" });
    response.end(JSON.stringify(refusal));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  for (const name of Object.keys(process.env)) if (name.startsWith("AWS_")) delete process.env[name];
  process.env["AWS_EC2_METADATA_DISABLED"] = "true";
  process.env["AWS_SHARED_CREDENTIALS_FILE"] = join(folder, "none");
  process.env["AWS_CONFIG_FILE"] = join(folder, "config");
});
afterEach(() => {
  server.close();
  server.closeAllConnections();
  process.env = { ...before };
  rmSync(folder, { recursive: true, force: true });
});

/** A credential_process, as IAM Roles Anywhere's helper is one, for each profile. */
function profiles(output: Readonly<Record<string, string>>): void {
  const text = Object.entries(output).map(([profile, says]) => {
    const script = join(folder, `helper-${profile}`);
    writeFileSync(script, `#!/bin/sh\ncat <<'END'\n${says}\nEND\n`, { mode: 0o755 });
    return `[${profile === "default" ? "default" : `profile ${profile}`}]\ncredential_process = ${script}\n`;
  });
  writeFileSync(join(folder, "config"), text.join(""));
}
const credentials = (AccessKeyId: string, expires = 3_600_000) =>
  JSON.stringify({
    Version: 1,
    AccessKeyId,
    SecretAccessKey: SECRET,
    SessionToken: TOKEN,
    Expiration: new Date(Date.now() + expires).toISOString(),
  });

const setting = (relationship: string, site: string) =>
  ({ relationship, site, server: "A", autonomyMillis: 60_000, coldStart: "run-down", foreign: false }) as const;
const site = (relationship: string, name: string, profile?: string) => ({
  ...{
    relationship,
    site: name,
    autonomySeconds: 60,
    coldStart: "run-down" as const,
    partner: "tandem" as const,
    keepDays: 0,
    writeUnitsPerSecond: 600,
  },
  ...(profile === undefined ? {} : { profile }),
});
const clientsOf = (...sites: ReturnType<typeof site>[]) => {
  const file = { ledger: { table: "t", region: "eu-central-1", endpoint, clock: "auto" as const }, sites };
  return openClients(
    file,
    sites.map((each) => setting(each.relationship, each.site)),
  );
};
async function ask(...sites: ReturnType<typeof site>[]): Promise<LedgerAnswer[]> {
  return Promise.all([...(await clientsOf(...sites)).values()].map((client) => client({ op: "read-self" })));
}
const keysSeen = () => seen.map(({ headers }) => /Credential=([^/]+)/.exec(headers.authorization ?? "")?.[1]);

test("credentials come from a credential_process, one for each site's profile, and neither secret nor token is told to anybody", async () => {
  profiles({ default: credentials("AKIADEFAULT"), second: credentials("AKIASECOND") });
  const answers = await ask(site("lab", "LAB-1"), site("lab2", "LAB-2", "second"));
  expect(new Set(keysSeen())).toEqual(new Set(["AKIADEFAULT", "AKIASECOND"]));
  expect(answers.map(({ result }) => result.outcome)).toEqual(["unanswered", "unanswered"]);
  const said = JSON.stringify(answers);
  expect(said).not.toContain(SECRET);
  expect(said).not.toContain(TOKEN);
});

test("what a credential_process prints in error is not repeated", async () => {
  for (const output of [
    `${SECRET} is no JSON`,
    `{"Version":1,"SecretAccessKey":"${SECRET}"`,
    `{"Version":9,"SecretAccessKey":"${SECRET}"}`,
  ]) {
    profiles({ default: output });
    const [answer] = await ask(site("lab", "LAB-1"));
    expect(answer?.result.outcome).toBe("unanswered");
    const said = JSON.stringify(answer);
    expect(said).toMatch(/NoCredentials/);
    for (let from = 0; from + 8 <= SECRET.length; from += 1) expect(said).not.toContain(SECRET.slice(from, from + 8));
  }
  expect(seen).toEqual([]);
});

test.each([
  ["ExpiredTokenException", "The security token included in the request is expired"],
  ["AccessDeniedException", "User is not authorized to perform: dynamodb:GetItem, with an explicit deny in an identity-based policy"],
])("credentials that AWS refuses with %s are fetched anew, though they say that they are good for an hour more", async (name, message) => {
  refusal = { __type: `com.amazonaws.dynamodb.v20120810#${name}`, message };
  profiles({ default: credentials("AKIAFIRST") });
  const client = (await clientsOf(site("lab", "LAB-1"))).get("lab");
  const said = async () => (await client?.({ op: "read-self" }))?.result as { readonly outcome: string; readonly reason: string };
  expect(await said()).toMatchObject({ outcome: "unanswered", reason: expect.stringContaining(`${name}: ${message}`) });
  profiles({ default: credentials("AKIASECOND") });
  await said();
  profiles({ default: credentials("AKIATHIRD") });
  // refused again at once: whoever signs them has no better ones
  await said();
  expect(new Set(keysSeen())).toEqual(new Set(["AKIAFIRST", "AKIASECOND"]));
  expect(keysSeen().at(-1)).toBe("AKIASECOND");
});

test("a credential_process that fails, or gives what is over already, asks nothing of the ledger and says where to look", async () => {
  for (const script of ["exit 3", `cat <<'END'\n${credentials("AKIAOLD", -3_600_000)}\nEND`]) {
    writeFileSync(join(folder, "helper"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    writeFileSync(join(folder, "config"), `[default]\ncredential_process = ${join(folder, "helper")}\n`);
    const [answer] = await ask(site("lab", "LAB-1"));
    expect(answer?.result).toMatchObject({ outcome: "unanswered", reason: expect.stringContaining("run credential_process by hand") });
  }
  expect(seen).toEqual([]);
});

test("a provider that hangs has failed for now, and says so sooner than a call is given up", async () => {
  const hanging = discreet(() => new Promise<never>(() => undefined), 20);
  await expect(hanging()).rejects.toThrow("credentials were not to be had within 0.02 s: run credential_process by hand");
});

test("a provider's failure keeps its kind and loses its words", async () => {
  const failing = discreet(async () => {
    throw new SyntaxError(`Unexpected token in ${SECRET}`);
  });
  await expect(failing()).rejects.toThrow(/gives usable credentials \(SyntaxError\)/);
  await expect(failing()).rejects.not.toThrow(SECRET);
});

test("a running agent with a canary for a secret leaves it neither in its log nor on disk", async () => {
  profiles({ default: credentials("AKIADEFAULT") });
  const agent = new URL("../../../edge-agent/tandem.ts", import.meta.url).pathname;
  const state = join(folder, "state");
  const file = { ledger: { table: "t", region: "eu-central-1", endpoint }, sites: [{ relationship: "lab", site: "LAB-1" }] };
  writeFileSync(join(folder, "agent.json"), JSON.stringify(file));
  server.unref();
  const argv = [agent, "restore", "--from-ledger", "--server", "A", "--state", state, "--agent-config", join(folder, "agent.json")];
  const child = (await import("node:child_process")).spawn(process.execPath, argv, { env: process.env });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
  await new Promise((resolve) => child.once("close", resolve));
  expect(said).toMatch(/site LAB-1: the ledger does not answer: UnrecognizedClientException/);
  expect(keysSeen()).toContain("AKIADEFAULT");
  expect(said).not.toContain(SECRET);
  const found = spawnSync("grep", ["-rlF", "--", SECRET, state], { encoding: "utf8" });
  expect(found.stdout).toBe("");
  for (const name of readdirSync(state, { recursive: true, withFileTypes: true }))
    if (name.isFile()) expect(readFileSync(join(name.parentPath, name.name)).includes(TOKEN)).toBe(false);
});

test("a request to the control plane whose signature is of another time is signed again by the control plane's clock", async () => {
  const stamps: string[] = [];
  const plane = createServer((request, response) => {
    stamps.push(String(request.headers["x-amz-date"]));
    response.writeHead(stamps.length === 1 ? 403 : 200, { date: new Date(Date.now() + 600_000).toUTCString() });
    response.end("{}");
  });
  await new Promise<void>((resolve) => plane.listen(0, "127.0.0.1", resolve));
  const api = `http://127.0.0.1:${(plane.address() as AddressInfo).port}`;
  const given = async () => ({ accessKeyId: "AKIA", secretAccessKey: SECRET });
  const asking = controlPlane({ api, region: "eu-central-1", site: "LAB-1", server: "A", credentials: given });
  expect(await asking("ask-clear", 1, undefined)).toEqual({ outcome: "done" });
  const minutes = (stamp = "") => Number(stamp.slice(9, 11)) * 60 + Number(stamp.slice(11, 13));
  expect((minutes(stamps[1]) - minutes(stamps[0]) + 1440) % 1440).toBeGreaterThanOrEqual(9);
  plane.close();
});

test("a word is handed in under one name however often, with the time at which it was acted upon", async () => {
  const seen: { path: string | undefined; key: unknown; body: unknown }[] = [];
  const plane = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      seen.push({ path: request.url, key: request.headers["idempotency-key"], body: JSON.parse(body) });
      response.writeHead(seen.length === 1 ? 503 : 200);
      response.end("{}");
    });
  });
  await new Promise<void>((resolve) => plane.listen(0, "127.0.0.1", resolve));
  const api = `http://127.0.0.1:${(plane.address() as AddressInfo).port}`;
  const given = async () => ({ accessKeyId: "AKIA", secretAccessKey: SECRET });
  const asking = controlPlane({ api, region: "eu-central-1", site: "LAB-1", server: "A", credentials: given });
  await expect(asking("tell-word", 0, "unplugged", 1_700_000_000_000)).rejects.toThrow("503");
  expect(await asking("tell-word", 0, "unplugged", 1_700_000_000_000)).toEqual({ outcome: "done" });
  const word = { operator: "console", reason: "unplugged", actedAt: "2023-11-14T22:13:20.000Z" };
  const told = { path: "/v1/agent/sites/LAB-1/servers/A/word", key: "word-A-1700000000000", body: word };
  expect(seen).toEqual([told, told]);
  await asking("ask-partner-down", 3, "unplugged", 1_700_000_000_000);
  expect(seen[2]).toMatchObject({ path: "/v1/agent/sites/LAB-1/servers/A/partner-down", body: { expectedEpoch: 3, attested: word } });
  plane.close();
});
