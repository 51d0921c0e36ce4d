import { mkdtempSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { askAgent, openControlSocket } from "../../../edge-agent/rim/control-socket.ts";

const folder = mkdtempSync(join(tmpdir(), "tandem-control-"));

test("a request gets its reply; only the owner may open the socket", async () => {
  const path = join(folder, "one.sock");
  writeFileSync(path, "left behind");
  const socket = await openControlSocket(path, async (line) => JSON.stringify({ ok: true, result: JSON.parse(line) }));
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(await askAgent(path, { verb: "status" })).toEqual({ ok: true, result: { verb: "status" } });
  await expect(openControlSocket(path, async () => "")).rejects.toThrow("in use by a running agent");
  await socket.close();
  await expect(askAgent(path, {})).rejects.toThrow("no agent listens on");
});
