import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { dropPrivileges, findIdentity } from "../../../edge-agent/rim/privileges.ts";

/** What the process was told to become, in order; the kernel is not asked. */
const steps = vi.hoisted(() => [] as string[]);
vi.mock("../../../edge-agent/rim/capabilities.ts", () => ({
  keepCapabilities: () => steps.push("keep"),
  useKeptCapabilities: () => steps.push("use"),
}));

beforeEach(() => {
  steps.length = 0;
  vi.spyOn(process, "setgid").mockImplementation((id) => void steps.push(`gid ${id}`));
  vi.spyOn(process, "setuid").mockImplementation((id) => void steps.push(`uid ${id}`));
  vi.spyOn(process, "setgroups").mockImplementation((ids) => void steps.push(`groups ${ids}`));
  vi.spyOn(process as unknown as { initgroups(user: string, group: number): void }, "initgroups").mockImplementation(
    (user, group) => void steps.push(`init ${user} ${group}`),
  );
});
afterEach(() => {
  vi.restoreAllMocks();
});

const me = { userId: process.getuid?.(), groupId: process.getgid?.() };

test("a user brings its own group, a group can be told, numbers will do", () => {
  expect(findIdentity("nobody", undefined)).toEqual({ ok: true, value: { userId: 65534, groupId: 65534, userName: "nobody" } });
  expect(findIdentity("nobody", "daemon")).toMatchObject({ value: { userId: 65534, groupId: 1 } });
  expect(findIdentity("65534", undefined)).toMatchObject({ value: { userId: 65534, userName: "nobody" } });
  expect(findIdentity(undefined, "1")).toEqual({ ok: true, value: { userId: undefined, groupId: 1, userName: undefined } });
  expect(findIdentity(undefined, undefined)).toMatchObject({ value: { userId: undefined, groupId: undefined } });
});

test("names that nobody has are refused in dhcpd's words", () => {
  expect(findIdentity("no-such-user", undefined)).toEqual({ ok: false, error: "no such user: no-such-user" });
  expect(findIdentity("nobody", "no-such-group")).toEqual({ ok: false, error: "no such group: no-such-group" });
});

test("without an identity nothing changes", () => {
  dropPrivileges({ userId: undefined, groupId: undefined, userName: undefined }, ["/nowhere"]);
  expect(steps).toEqual([]);
});

test("groups go before the user, and the capabilities are kept across the change", () => {
  dropPrivileges({ userId: 65534, groupId: 65534, userName: "nobody" }, []);
  expect(steps).toEqual(["init nobody 65534", "gid 65534", "keep", "uid 65534", "use"]);
  steps.length = 0;
  dropPrivileges({ userId: undefined, groupId: 7, userName: undefined }, []);
  expect(steps).toEqual(["groups 7", "gid 7"]);
});

test("a folder is given away with what is in it; what is not there is passed over", () => {
  const made = mkdtempSync(join(tmpdir(), "tandem-privileges-"));
  try {
    writeFileSync(join(made, "data.mdb"), "");
    dropPrivileges({ userId: me.userId, groupId: me.groupId, userName: undefined }, [made, join(made, "gone")]);
    for (const path of [made, join(made, "data.mdb")]) expect(statSync(path)).toMatchObject({ uid: me.userId, gid: me.groupId });
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
});
