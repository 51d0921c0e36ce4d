import { chownSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { err, ok, type Result } from "../values/result.ts";
import { keepCapabilities, useKeptCapabilities } from "./capabilities.ts";

/** Who to become once the sockets are open. */
export interface Identity {
  readonly userId: number | undefined;
  readonly groupId: number | undefined;
  readonly userName: string | undefined;
}

/** Looks up `-user` and `-group`; dhcpd's words if there is no such name. */
export function findIdentity(user: string | undefined, group: string | undefined): Result<Identity, string> {
  const account = user === undefined ? undefined : lookUp("/etc/passwd", user);
  if (user !== undefined && account === undefined) return err(`no such user: ${user}`);
  const wanted = group === undefined ? undefined : lookUp("/etc/group", group);
  if (group !== undefined && wanted === undefined) return err(`no such group: ${group}`);
  return ok({ userId: number(account?.[2]), groupId: number(wanted?.[2]) ?? number(account?.[3]), userName: account?.[0] });
}

/**
 * Gives `paths` (and the files in those that are folders) to the identity, then becomes it. Throws if the system refuses.
 * The right to bind low ports and to open raw sockets stays: failover and OMAPI listen later, and interfaces come and go.
 */
export function dropPrivileges(identity: Identity, paths: readonly string[]): void {
  const { userId, groupId, userName } = identity;
  if (userId === undefined && groupId === undefined) return;
  for (const path of paths) giveTo(path, userId ?? -1, groupId ?? -1);
  if (groupId !== undefined) {
    if (userName !== undefined) (process as unknown as { initgroups(user: string, group: number): void }).initgroups(userName, groupId);
    else process.setgroups?.([groupId]);
    process.setgid?.(groupId);
  }
  if (userId === undefined) return;
  keepCapabilities();
  process.setuid?.(userId);
  useKeptCapabilities();
}

function giveTo(path: string, userId: number, groupId: number): void {
  if (!existsSync(path)) return;
  const uid = userId < 0 ? (process.getuid?.() ?? 0) : userId;
  const gid = groupId < 0 ? (process.getgid?.() ?? 0) : groupId;
  chownSync(path, uid, gid);
  let entries: string[] = [];
  try {
    entries = readdirSync(path);
  } catch {
    return; // a file, not a folder
  }
  for (const entry of entries) chownSync(join(path, entry), uid, gid);
}

/** The fields of `name`'s line; a number is looked up as an id. */
function lookUp(file: string, name: string): readonly string[] | undefined {
  let text = "";
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
  const rows = text.split("\n").map((line) => line.split(":"));
  return rows.find((fields) => fields[0] === name) ?? rows.find((fields) => fields.length > 2 && fields[2] === name);
}

const number = (text: string | undefined): number | undefined => (text === undefined ? undefined : Number(text));
