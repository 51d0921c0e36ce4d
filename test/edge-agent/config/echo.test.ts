import { expect, test } from "vitest";
import { formatDiagnosticLikeDhcpd } from "../../../edge-agent/config/diagnostics.ts";
import { loadConfig } from "../../../edge-agent/config/load.ts";
import { tellOfGlobalStatements } from "../../../edge-agent/daemon/global-statements.ts";
import { ECHO_CASES } from "../../support/echo-cases.ts";
import { saidCases } from "../../support/said-cases.ts";

const load = (text: string, likeDhcpd = false) =>
  loadConfig({
    path: "dhcpd.conf",
    text,
    likeDhcpd,
    readFile: () => ({ ok: false, error: "No such file or directory" }),
    resolveHost: () => undefined,
  });
const told = (text: string): readonly string[] =>
  load(text)
    .diagnostics.filter(({ own }) => own !== true)
    .map(formatDiagnosticLikeDhcpd);

test.each(ECHO_CASES)("an error shows what dhcpd shows beneath it: $text", ({ text, said }) => {
  expect(told(text)[0]?.split("\n")).toEqual(said);
});

test.each(saidCases())("after an error reading goes on where dhcpd's does: $text", ({ text, said }) => {
  const { config, diagnostics } = load(text, true);
  const lines = diagnostics.filter(({ own }) => own !== true).flatMap((one) => formatDiagnosticLikeDhcpd(one).split("\n"));
  if (config !== undefined) tellOfGlobalStatements(config, { log: (_event, fields) => lines.push(String(fields["text"])) });
  expect(lines).toEqual(said);
});

test("what dhcpd tells without a place is told without one", () => {
  const overlapping = "subnet 10.0.0.0 netmask 255.255.255.0 { } subnet 10.0.0.0 netmask 255.255.0.0 { }";
  expect(told(overlapping)).toEqual(["Warning: subnet 10.0.0.0/16 overlaps subnet 10.0.0.0/24"]);
  const peer = 'failover peer "f" { primary; address 10.0.0.1; peer address 10.0.0.2; mclt 600; split 128; }';
  expect(told(`${peer} subnet 10.0.0.0 netmask 255.255.255.0 { pool { failover peer "f"; range 10.0.0.9; } }`)).toEqual([
    "WARNING: load balancing will be disabled for failover peer, f, because its load balance max secs is 0",
  ]);
  expect(told("ddns-update-style ad-hoc;")).toEqual(["ddns-update-style ad_hoc no longer supported"]);
  expect(told('include "nowhere";')).toEqual(["Can't open nowhere: No such file or directory"]);
});

test("of a name without an address dhcpd says nothing when it reads it", () => {
  const { diagnostics } = load("next-server nowhere.example;");
  expect(diagnostics).toMatchObject([{ severity: "warning", own: true, message: "host nowhere.example has no address" }]);
});
