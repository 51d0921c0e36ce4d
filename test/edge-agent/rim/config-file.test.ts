import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ConfigurationFiles } from "../../../edge-agent/rim/config-file.ts";
import { formatIpv4 } from "../../../edge-agent/values/ipv4.ts";

const folder = mkdtempSync(join(tmpdir(), "tandem-config-"));

test("bytes come as characters of the same number, and what cannot be read has the system's reason", async () => {
  const file = join(folder, "dhcpd.conf");
  writeFileSync(file, Uint8Array.of(0x23, 0xe9, 0xff, 0x0a));
  const read = await new ConfigurationFiles().read(({ readFile }) => [readFile(file), readFile(join(folder, "none")), readFile(folder)]);
  expect(read).toEqual([
    { ok: true, value: "#\u00e9\u00ff\n" },
    { ok: false, error: "No such file or directory" },
    { ok: false, error: "Is a directory" },
  ]);
});

test("host names are resolved between two runs; files are not read again, unknown names stay unknown", async () => {
  const file = join(folder, "names.conf");
  writeFileSync(file, "first");
  let runs = 0;
  const result = await new ConfigurationFiles().read(({ readFile, resolveHost }) => {
    runs += 1;
    const text = readFile(file);
    writeFileSync(file, "changed");
    return { text: text.ok ? text.value : "", known: resolveHost("localhost"), unknown: resolveHost("no-such-host.invalid") };
  });
  expect(runs).toBe(2);
  expect(result.text).toBe("first");
  expect(result.known?.map(formatIpv4)).toContain("127.0.0.1");
  expect(result.unknown).toBeUndefined();
});

test("without host names it runs once", async () => {
  let runs = 0;
  await new ConfigurationFiles().read(() => {
    runs += 1;
  });
  expect(runs).toBe(1);
});
