import fc from "fast-check";
import { expect, test } from "vitest";
import { type AgentOptions, parseCommandLine } from "../../edge-agent/cli.ts";

const run = (line: string): AgentOptions => {
  const parsed = parseCommandLine(line.split(" ").filter((word) => word !== ""));
  if (!parsed.ok || parsed.value.kind !== "run") throw new Error(`refused: ${JSON.stringify(parsed)}`);
  return parsed.value.options;
};
const refusal = (line: string) => {
  const parsed = parseCommandLine(line.split(" "));
  if (parsed.ok) throw new Error("accepted");
  return parsed.error;
};

test.each([
  ["", { foreground: false, logToStderr: false, mode: "serve", interfaces: [], writePidFile: true }],
  ["-f", { foreground: true, logToStderr: false }],
  ["-d", { foreground: true, logToStderr: true }],
  [
    "-4 -q -cf a.conf -lf l -pf p eth0 eth1",
    { quiet: true, configFile: "a.conf", leaseFile: "l", pidFile: "p", interfaces: ["eth0", "eth1"] },
  ],
  ["eth0 -f eth1", { foreground: true, interfaces: ["eth0", "eth1"] }],
  ["-t -cf x", { mode: "test-config", configFile: "x" }],
  ["-T", { mode: "test-leases" }],
  ["-t -T", { mode: "test-leases" }],
  ["-T -t", { mode: "test-leases" }],
  ["-p 1067 -s 10.9.0.255 --no-pid", { port: 1067, broadcastAddress: "10.9.0.255", writePidFile: false }],
  ["-user dhcp -group dhcp", { user: "dhcp", group: "dhcp" }],
  ["-tf trace", { traceFile: "trace" }],
  ["--json-log --verbose --state /s --allow-execute", { jsonLog: true, verbose: true, stateDirectory: "/s", allowExecute: true }],
  ["--metrics 9547", { metrics: { address: "127.0.0.1", port: 9547 } }],
  ["--metrics 0.0.0.0:9547", { metrics: { address: "0.0.0.0", port: 9547 } }],
] as const)("%s", (line, expected) => {
  expect(run(line)).toMatchObject(expected);
});

test.each([
  ["-xyz", "Unknown command -xyz", true],
  ["-p", "No argument for command: -p", true],
  ["-p abc", "Invalid port number specification: abc", false],
  ["-p 0", "Port number specified is out of range (1-65535).", false],
  ["-p 65536", "Port number specified is out of range (1-65535).", false],
  ["--metrics x:y", "--metrics wants PORT or ADDRESS:PORT, not x:y", false],
] as const)("%s is refused", (line, text, usage) => {
  expect(refusal(line)).toEqual({ text, usage });
});

test.each(["-6", "-4o6 67", "-chroot /x", "-play x"])("%s is refused for what it is", (line) => {
  expect(refusal(line).text).toMatch(/not supported/);
  expect(refusal(line).usage).toBe(false);
});

test("version and help win wherever they stand", () => {
  expect(parseCommandLine(["-f", "--version"])).toEqual({ ok: true, value: { kind: "version" } });
  expect(parseCommandLine(["-h"])).toEqual({ ok: true, value: { kind: "help" } });
});

test("no words make it throw", () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.string(), fc.constantFrom("-p", "constructor", "-__proto__", "toString", "-cf", "--metrics", ":1"))),
      (argv) => {
        const parsed = parseCommandLine(argv);
        if (parsed.ok && parsed.value.kind === "run") expect(argv.length).toBeGreaterThanOrEqual(parsed.value.options.interfaces.length);
      },
    ),
  );
});
