import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { parseCommandLine } from "../../../edge-agent/control/command-line.ts";
import { parseControlRequest } from "../../../edge-agent/control/protocol.ts";

const parseTime = (text: string) => (Number.isNaN(Date.parse(text)) ? undefined : Date.parse(text) / 1000);
const parse = (line: string) => parseCommandLine(line === "" ? [] : line.split(" "), parseTime);

test.each([
  ["status", { verb: "status" }],
  ["status --json", { verb: "status" }],
  ["partner-down", { verb: "partner-down" }],
  ["partner-down site-7 --last-alive 2026-01-31T12:00:00Z", { verb: "partner-down", relationship: "site-7", lastAlive: 1_769_860_800 }],
  ["partner-down --force --reason=burnt", { verb: "partner-down", force: { reason: "burnt" } }],
  ["recover lab", { verb: "recover", relationship: "lab" }],
  ["recover --force", { verb: "recover", force: true }],
  ["leases 10.0.0.1", { verb: "leases", filter: { address: "10.0.0.1" }, limit: 1000 }],
  [
    "leases 00:16:3e:01:02:03 --status active --limit 5",
    { verb: "leases", filter: { hardware: "00:16:3e:01:02:03", status: "ACTIVE" }, limit: 5 },
  ],
  ["explain 00:16:3e:01:02:03 --via 10.1.0.1", { verb: "explain", client: { hardware: "00:16:3e:01:02:03", via: "10.1.0.1" } }],
])("tandem %s", (line, request) => {
  const parsed = parse(line);
  expect(parsed).toMatchObject({ ok: true, value: { kind: "ask", request } });
  const sent = parseControlRequest(JSON.stringify(request));
  expect(sent).toEqual({ ok: true, value: request });
});

test("an agent is looked for where one is that was started as dhcpd is, unless it is named", () => {
  const sockets = (line: string) => {
    const parsed = parse(line);
    return parsed.ok && parsed.value.kind === "ask" ? parsed.value.sockets : [];
  };
  expect(sockets("status")).toContain("/var/lib/dhcp/dhcpd.leases.tandem/control.sock");
  expect(sockets("status --state /tmp/a/")).toEqual(["/tmp/a/control.sock"]);
  expect(sockets("status --socket /tmp/s")).toEqual(["/tmp/s"]);
});

test.each([
  ["", "help"],
  ["--help", "help"],
  ["--version", "version"],
  ["check /etc/dhcp/dhcpd.conf --json", "check"],
  ["restore --from-ledger", "restore"],
])("tandem %s is handled without an agent", (line, kind) => {
  expect(parse(line)).toMatchObject({ ok: true, value: { kind } });
});

test.each([
  ["partner-down --force", "--force needs --reason"],
  ["partner-down --reason x", "--reason goes with --force"],
  ["partner-down --last-alive yesterday-ish", "not a time"],
  ["explain everything", "hardware address such as"],
  ["leases --limit 0", "whole number"],
  ["leases --limit", "needs a value"],
  ["leases --status bogus", "not one of FREE, ACTIVE"],
  ["leases --client-id zz", "not hex digits"],
  ["explain 00:16:3e:01:02:03 --client-id hello", "not hex digits"],
  ["status --wat", "unknown option --wat"],
  ["dance", "is no command"],
  ["recover a b", "one word too many"],
  ["shutdown --force --reason x", '"shutdown" has no --force'],
  ["status --limit 5", '"status" has no --limit'],
])("tandem %s is refused: %s", (line, message) => {
  const parsed = parse(line);
  expect(parsed.ok ? "" : parsed.error).toContain(message);
});

test.each([
  "",
  "[]",
  "null",
  "{",
  '{"verb":"__proto__"}',
  '{"verb":"partner-down","force":{}}',
  '{"verb":"explain"}',
  '{"verb":"leases","limit":-1}',
])("the control socket refuses %s", (line) => {
  expect(parseControlRequest(line).ok).toBe(false);
});

test("who reads no further than a line gets no stack", () => {
  const line = "x".repeat(64);
  const many = `for n in $(seq 3000); do echo "option ${line} $n;"; done`;
  const command = `set -o pipefail; node edge-agent/tandem.ts check --json <(${many}) | head -c 10`;
  const { stderr } = spawnSync("bash", ["-c", command], { encoding: "utf8" });
  expect(stderr).toBe("");
});
