import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { MANUAL_STATEMENTS } from "../../edge-agent/check/configuration-tables.ts";

/** Headings of the manual that name a part of a statement, or several. */
const NOT_STATEMENTS = new Set(["style", "subnet-number", "subnet6-number", "hardware-address", "format", "name"]);

test("the table of statements has every statement that the installed dhcpd.conf(5) describes", () => {
  const page = manualPage();
  const headed = [...page.matchAll(/^The\n\.[BI] (.+)\n/gm)].map((match) => match[1] ?? "");
  const inline = [...page.matchAll(/^The \\f[IB]+([^\\\n]+)\\fR (?:statement|flag|parameter|keyword|declaration)/gm)].map(
    (match) => match[1] ?? "",
  );
  const described = new Set([...headed, ...inline].map((name) => name.trim()).filter((name) => !NOT_STATEMENTS.has(name)));
  expect(described.size).toBeGreaterThan(80);
  expect([...described].filter((name) => !MANUAL_STATEMENTS.includes(name))).toEqual([]);
});

const INSTALLED = "/usr/share/man/man5/dhcpd.conf.5.gz";

/** Small container images leave manual pages out when they install a package: then it is read from the package itself. */
function manualPage(): string {
  if (existsSync(INSTALLED)) return gunzipSync(readFileSync(INSTALLED)).toString();
  const folder = mkdtempSync(join(tmpdir(), "tandem-manual-"));
  try {
    execFileSync("apt-get", ["download", "-qq", "isc-dhcp-server"], { cwd: folder, stdio: "pipe" });
    const [archive = ""] = readdirSync(folder);
    execFileSync("dpkg-deb", ["-x", archive, "files"], { cwd: folder, stdio: "pipe" });
    return gunzipSync(readFileSync(join(folder, "files", INSTALLED))).toString();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
