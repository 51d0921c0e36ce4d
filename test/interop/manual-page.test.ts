import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { MANUAL_STATEMENTS } from "../../edge-agent/check/configuration-tables.ts";

/** Headings of the manual that name a part of a statement, or several. */
const NOT_STATEMENTS = new Set(["style", "subnet-number", "subnet6-number", "hardware-address", "format", "name"]);

test("the table of statements has every statement that the installed dhcpd.conf(5) describes", () => {
  const page = execFileSync("zcat", ["/usr/share/man/man5/dhcpd.conf.5.gz"], { encoding: "utf8", maxBuffer: 1 << 24 });
  const headed = [...page.matchAll(/^The\n\.[BI] (.+)\n/gm)].map((match) => match[1] ?? "");
  const inline = [...page.matchAll(/^The \\f[IB]+([^\\\n]+)\\fR (?:statement|flag|parameter|keyword|declaration)/gm)].map(
    (match) => match[1] ?? "",
  );
  const described = new Set([...headed, ...inline].map((name) => name.trim()).filter((name) => !NOT_STATEMENTS.has(name)));
  expect(described.size).toBeGreaterThan(80);
  expect([...described].filter((name) => !MANUAL_STATEMENTS.includes(name))).toEqual([]);
});
