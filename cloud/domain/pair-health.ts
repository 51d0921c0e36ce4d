import { neverRan } from "../contract/generation.ts";
import type { Srv } from "../contract/items.ts";
import type { SiteSnapshot } from "../contract/switch-expressions.ts";
import type { ServerName } from "../contract/tables.ts";

export interface Finding {
  readonly severity: "info" | "warning" | "critical";
  readonly about: ServerName | "pair";
  readonly text: string;
}
export interface PairHealth {
  readonly verdict: "healthy" | "interrupted" | "partner-down" | "recovering" | "restored" | "silent" | "not-started";
  readonly findings: readonly Finding[];
}
/** A server that has not written for this long is silent. Milliseconds; heartbeats come every 20 s at the slowest. */
export const SILENT_AFTER_MS = 90_000;
/** A wall clock that is wrong by more makes history times wrong. Milliseconds. */
const SKEW_MS = 60_000;

/** Verdict on a pair from its items. Uses the agents' wall clocks, so it is for people and alarms; no decision hangs on it. */
export function pairHealth({ ctl, servers }: SiteSnapshot, now: number): PairHealth {
  const both = [servers.A, servers.B];
  const findings = [...both.flatMap((server) => findingsOf(server, now)), ...disagreements(servers.A, servers.B)];
  const silent = both.filter((server) => isSilent(server, now));
  if (ctl.state === "RESTORED") {
    for (const server of both.filter(({ was }) => was === undefined))
      findings.unshift({ severity: "warning", about: server.srv, text: "It has not told what it was before the ledger was restored." });
    findings.unshift({ severity: "critical", about: "pair", text: "The ledger was restored: who may serve is to be settled." });
    return { verdict: "restored", findings };
  }
  if (ctl.state === "PARTNER_DOWN") {
    const sole = servers[ctl.sole ?? "A"];
    if (isSilent(sole, now)) {
      findings.unshift({
        severity: "critical",
        about: sole.srv,
        text: "It was declared alone and is silent: nobody is known to serve this site.",
      });
      return { verdict: "silent", findings };
    }
    return { verdict: sole.fs === "NORMAL" ? "recovering" : "partner-down", findings };
  }
  if (both.every((server) => neverRan(server.boot))) return { verdict: "not-started", findings };
  if (silent.length === 2) return { verdict: "silent", findings };
  if (silent.length === 1 || both.some((server) => server.fs !== "NORMAL")) return { verdict: "interrupted", findings };
  return { verdict: "healthy", findings };
}

/** Has it been heard of within {@link SILENT_AFTER_MS}, by its own clock? */
export const isSilent = (server: Srv, now: number): boolean => now - server.at > SILENT_AFTER_MS;

function findingsOf(server: Srv, now: number): Finding[] {
  const findings: Finding[] = [];
  const about = server.srv;
  const silentMs = now - server.at;
  if (neverRan(server.boot)) return [{ severity: "warning", about, text: "It has never run." }];
  if (server.lm === 0) findings.push({ severity: "info", about, text: "It was stopped cleanly and gave its serving lease up." });
  else if (silentMs > SILENT_AFTER_MS)
    findings.push({ severity: "critical", about, text: `Not heard of for ${Math.round(silentMs / 1000)} s.` });
  if (silentMs < -SKEW_MS)
    findings.push({
      severity: "warning",
      about,
      text: `Its clock is ${Math.round(-silentMs / 1000)} s ahead: history times are wrong by that.`,
    });
  if (server.qd > 0)
    findings.push({ severity: server.qd > 10_000 ? "warning" : "info", about, text: `${server.qd} events wait to be handed in.` });
  return findings;
}

function disagreements(a: Srv, b: Srv): Finding[] {
  const findings: Finding[] = [];
  const normal = [a, b].filter((server) => server.fs === "NORMAL");
  if (normal.length === 1) {
    const other = normal[0] === a ? b : a;
    findings.push({ severity: "warning", about: "pair", text: `${normal[0]!.srv} says NORMAL, ${other.srv} says ${other.fs}.` });
  }
  if (a.fs === "PARTNER-DOWN" && b.fs === "PARTNER-DOWN") {
    findings.push({ severity: "critical", about: "pair", text: "Both say PARTNER-DOWN: both may be giving the same addresses out." });
  }
  return findings;
}
