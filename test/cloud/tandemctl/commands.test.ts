import { spawn, spawnSync } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { CallFailed, createClient } from "../../../cloud/tandemctl/api-client.ts";
import { argumentsOf, COMMANDS, optionsOf } from "../../../cloud/tandemctl/commands.ts";
import { addressOf, numberOf, reasonIn, sitePath, timeOf } from "../../../cloud/tandemctl/context.ts";
import { createOutput } from "../../../cloud/tandemctl/output.ts";
import { partnerDown } from "../../../cloud/tandemctl/switch-commands.ts";
import { UsageError } from "../../../cloud/tandemctl/usage-error.ts";

test("times as people give them", () => {
  const at = (text: string) => timeOf({ at: text }, "at");
  expect([at("2026-01-15T10:00Z"), at("2026-01-15T11:00:00+01:00")]).toEqual(["2026-01-15T10:00:00.000Z", "2026-01-15T10:00:00.000Z"]);
  expect(Math.abs(Date.parse(at("90m")!) - (Date.now() - 5_400_000))).toBeLessThan(5000);
  expect(Math.abs(Date.parse(at("now")!) - Date.now())).toBeLessThan(5000);
  expect(timeOf({}, "at")).toBeUndefined();
  expect(at("2026-01-15 10:00:00.5z")).toBe("2026-01-15T10:00:00.500Z");
  expect(at("2026-01-15")).toBe(new Date("2026-01-15T00:00").toISOString());
  for (const wrong of ["yesterday noon", "5", "2026-02-30", "2026-13-01T00:00Z", "2026-01-15Z", "11/23/2026", "2026-01-15T25:00Z", "2y"])
    expect(() => at(wrong), wrong).toThrow(UsageError);
  expect(() => numberOf({ n: "five" }, "n")).toThrow(UsageError);
});
test("a command takes the options that its usage names", () => {
  expect([...optionsOf(COMMANDS["partner-down"]!)].sort()).toEqual(["force", "reason", "standing", "survivor", "timeout", "wait"]);
  expect(optionsOf(COMMANDS["site"]!).size).toBe(0);
  const most = Object.entries(COMMANDS).map(([name, command]) => [name, argumentsOf(command)]);
  expect(Object.fromEntries(most)).toMatchObject({ sites: 0, site: 1, resolve: 2, history: 1, audit: 1, conflicts: 0, failover: 0 });
});
test("without a terminal progress comes now and then, and nothing from a client reaches the terminal raw", () => {
  const lines: string[] = [];
  const err = { isTTY: false, write: (text: string) => void lines.push(text) } as unknown as NodeJS.WriteStream;
  const output = createOutput(false, process.stdout, err);
  for (const text of ["waiting 1 s\u001b[2J", "waiting 3 s", "waiting 5 s"]) output.progress(text);
  expect(lines).toEqual(["waiting 1 s?[2J\n"]);
  expect(output.table(["A", "B"], [["x\u001b", undefined]])).toBe("A   B\nx?\n");
});

test("sites and addresses are checked before anything is asked, in the words of the command line", () => {
  expect(sitePath("berlin-3")).toBe("BERLIN-3");
  for (const wrong of ["", "x", "BAD SITE!", "a/b", "A".repeat(25)]) expect(() => sitePath(wrong), wrong).toThrow(UsageError);
  expect(addressOf({ ip: "10.1.0.17" }, "ip")).toBe("10.1.0.17");
  expect(() => addressOf({ ip: "10.1.0.300" }, "ip")).toThrow("not 10.1.0.300");
  expect(() => addressOf({ ip: "fe80::1" }, "ip")).toThrow("the ledger knows no IPv6");
  expect(() => reasonIn({ reason: " x " })).toThrow("3 characters");
});
test("an address that is none, and a token that no header may carry, are said before anything is sent", () => {
  expect(() => createClient("nonsense", "t")).toThrow("not nonsense");
  expect(() => createClient("ftp://x", "t")).toThrow("TANDEM_API");
  expect(() => createClient("http://x", "a\nb")).toThrow("TANDEM_TOKEN");
});
test("what the gateway refuses without a word of ours is said in ours", async () => {
  const answers: [number, string][] = [];
  const server = createServer((_request, response) => {
    const [status, body] = answers.shift() ?? [200, "{}"];
    response.writeHead(status).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const api = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const token = `x.${Buffer.from(JSON.stringify({ scope: "dhcp/read" })).toString("base64url")}.y`;
  const asking = (status: number, body: string) => {
    answers.push([status, body]);
    return createClient(`${api}/v1/`, token).call("GET", "/v1/sites");
  };
  await expect(asking(403, '{"message":"Forbidden"}')).rejects.toThrow("it has dhcp/read");
  await expect(asking(404, '{"message":"Not Found"}')).rejects.toThrow(`${api} has no such route`);
  await expect(asking(401, '{"message":"Unauthorized"}')).rejects.toThrow("TANDEM_TOKEN");
  await expect(asking(404, '{"code":"NO_SUCH_SITE","detail":"No site"}')).rejects.toThrow("NO_SUCH_SITE: No site");
  await expect(createClient(api.replace("http:", "https:"), token).call("GET", "/v1/sites")).rejects.toThrow("http:// instead of https://");
  server.close();
});
test("a clock that is off is told of once", async () => {
  let date = new Date();
  const server = createServer((_request, response) => void response.writeHead(200, { date: date.toUTCString() }).end("{}"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const api = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const said: string[] = [];
  const asked = async () => {
    const client = createClient(api, "t", (text) => said.push(text));
    await client.call("GET", "/v1/sites");
    await client.call("GET", "/v1/sites");
  };
  await asked();
  expect(said).toEqual([]);
  date = new Date(Date.now() + 3 * 3_600_000);
  await asked();
  expect(said).toEqual([expect.stringContaining("180 minutes behind the control plane's")]);
  server.close();
});
test("who waits for partner-down goes on waiting when the API is away for a while, but not for one that was never there", async () => {
  const away = () => new CallFailed(0, "cannot be reached", {});
  const pending = () => new CallFailed(425, "EVIDENCE_PENDING: wait", { code: "EVIDENCE_PENDING" });
  const alone = { site: "S-1", sole: "b", basis: "lapsed", epoch: 2, usableAfterMs: 1000 };
  const declarable = { servers: { B: { name: "b" } }, canDeclare: { B: { ok: true } }, state: "NORMAL" };
  const waiting = async (...answers: unknown[]) => {
    const shown: unknown[] = [];
    const call = async () => {
      const answer = answers.shift();
      if (answer instanceof Error) throw answer;
      return { status: 200, body: answer };
    };
    const output = { show: (value: unknown) => void shown.push(value), write: () => {}, table: () => "", progress: () => {} };
    const context = { client: { call, rows: () => expect.unreachable() }, output, args: ["S-1"], sleep: async () => {} };
    const status = await partnerDown({ ...context, options: { survivor: "b", wait: true } });
    return { status, shown, left: answers.length };
  };
  const granted = [alone, { survivorKnows: true }];
  expect(await waiting(pending(), away(), declarable, away(), declarable, ...granted)).toMatchObject({
    status: 0,
    shown: [alone],
    left: 0,
  });
  await expect(waiting(away(), ...granted)).rejects.toThrow("cannot be reached");
  await expect(waiting(pending(), new CallFailed(403, "FORBIDDEN", { code: "FORBIDDEN" }))).rejects.toThrow("FORBIDDEN");
});

test("conflicts are shown with both clients", async () => {
  const items = [
    { site: "S-1", address: "10.0.0.1", at: "T", basis: "late", open: true, winner: { cid: "m:1:aa" }, loser: { cid: "m:1:bb" }, id: "x" },
  ];
  const shown: string[] = [];
  const output = { ...createOutput(false), show: (_: unknown, text: () => string) => void shown.push(text()) };
  const client = { call: async () => ({ status: 200, body: { items } }), rows: () => expect.unreachable() };
  await COMMANDS["conflicts"]!.run({ client, output, args: [], options: {}, sleep: async () => {} });
  expect(shown.join()).toMatch(/WINNER +LOSER +ID\n.*m:1:aa +m:1:bb +x/);
});

const tandemctl = (...args: string[]) => {
  const env = { ...process.env, TANDEM_API: "http://127.0.0.1:1", TANDEM_TOKEN: "t" };
  const { status, stdout, stderr } = spawnSync(process.execPath, ["cloud/tandemctl/main.ts", ...args], { env, encoding: "utf8" });
  return { status, stdout, stderr };
};
test.each([
  ["history BRANCH-1 --at 2h", "--at goes with --ip"],
  ["history --ip 10.0.0.1 --at 2h --from 3h", "--at goes with --ip"],
  ["partner-down S-1 --survivor b --timeout 5", "--timeout says how long to --wait"],
  ["sites --api= --token=", "set TANDEM_API and TANDEM_TOKEN"],
  ["sites --token=", "set TANDEM_TOKEN, or give --token"],
])("tandemctl %s asks nothing, and says %s", (line, message) => {
  expect(tandemctl(...line.split(" "))).toMatchObject({ status: 2, stdout: "", stderr: expect.stringContaining(message) });
});
test("help COMMAND is COMMAND --help", () => {
  const help = tandemctl("help", "site");
  expect(help).toMatchObject({ status: 0, stdout: expect.stringMatching(/^tandemctl site SITE/) });
  expect(tandemctl("site", "--help")).toEqual(help);
});
test("who stops reading gets no stack", async () => {
  const server = createServer((_request, response) => response.end(`${"x,y\r\n".repeat(100_000)}`));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const port = (server.address() as AddressInfo).port;
  const command = `node cloud/tandemctl/main.ts history S1 --format csv --api http://127.0.0.1:${port} --token t | head -1`;
  const child = spawn("bash", ["-c", `set -o pipefail; ${command}`], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const code = await new Promise((resolve) => child.once("close", resolve));
  expect([code, said]).toEqual([0, ""]);
  server.close();
});
