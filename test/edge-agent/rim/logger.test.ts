import { expect, test } from "vitest";
import type { LineSink } from "../../../edge-agent/rim/logger.ts";
import { jsonLogger, syslogSink, teeSink, textLogger } from "../../../edge-agent/rim/logger.ts";

function recorder(): LineSink & { readonly lines: string[] } {
  const lines: string[] = [];
  return { lines, write: (_level, line) => lines.push(line), flush: () => {} };
}

test("lines are dhcpd's own words", () => {
  const sink = recorder();
  textLogger(sink, false).log("dhcp-message", { text: "DHCPDISCOVER from 00:16:3e:00:00:01 via eth0" });
  expect(sink.lines).toEqual(["DHCPDISCOVER from 00:16:3e:00:00:01 via eth0"]);
});

test("a JSON line names the event and says the same in words", () => {
  const sink = recorder();
  const logger = jsonLogger(sink, false);
  logger.log("dhcp-message", { text: "hello" });
  logger.line("warn", "Not configured to listen on any interfaces!\n");
  const [first, second] = sink.lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(first).toMatchObject({ level: 30, event: "dhcp-message", msg: "hello" });
  expect(second).toMatchObject({ level: 40, msg: "Not configured to listen on any interfaces!" });
});

test("syslog lines carry facility, severity and dhcpd's tag; lost ones are told", () => {
  const sent: string[] = [];
  let broken = false;
  const sink = syslogSink({ send: (line) => !broken && sent.push(new TextDecoder().decode(line)) > 0 }, 42, "local7");
  sink.write("info", "one\ntwo");
  broken = true;
  sink.write("info", "three");
  broken = false;
  sink.write("error", "four");
  expect(sent).toEqual(["<190>dhcpd[42]: one", "<190>dhcpd[42]: two", "<187>dhcpd[42]: four (1 lines before this one were lost)"]);
});

test("a tee writes everywhere", () => {
  const [left, right] = [recorder(), recorder()];
  teeSink([left, right]).write("info", "x");
  expect([left.lines, right.lines]).toEqual([["x"], ["x"]]);
});
