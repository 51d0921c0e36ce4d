import type { Srv } from "../contract/items.ts";
import { type Refused, refused } from "../contract/problem.ts";
import { roleIn, type Settlement } from "../contract/restore-expressions.ts";
import type { SiteSnapshot } from "../contract/switch-expressions.ts";
import { partnerOf, type ServerName } from "../contract/tables.ts";
import { named } from "./partner-down.ts";

/**
 * Who may serve a restored site, by what its servers told that they were. The highest epoch counts: each server stores its epoch and role
 * before it acts by them, so what neither has stored was acted upon by nobody. Both must have told, and remember something: one that is
 * silent, or lost its disk, may have been alone in a later epoch.
 */
export function settlementOf(read: SiteSnapshot): Settlement | Refused {
  const { ctl } = read;
  const agents = [read.servers.A, read.servers.B].filter(({ srv }) => srv !== ctl.cfg.foreign);
  for (const server of agents) {
    if (server.was === undefined) return notAgreed(`${named(ctl, server.srv)} has not told what it was.`);
    if (server.was.ep === 0) return notAgreed(`${named(ctl, server.srv)} remembers nothing: its store is new.`);
  }
  return agreedAt(read) ?? notAgreed("Both servers claim the same epoch, and contradict each other.");
}

/** A settlement by a person's word. What was told is gone on with as far as it says the same. */
export function attestedSettlement(read: SiteSnapshot, sole: ServerName | undefined): Settlement | Refused {
  const told = agreedAt(read);
  const hasTold = read.servers.A.was !== undefined || read.servers.B.was !== undefined;
  // both would take themselves for passed over, and wait for each other
  if (sole === undefined && !hasTold) return notAgreed("Neither server has told what it was; at least one must have, for a pair.");
  return { sole, from: told !== undefined && told.sole === sole ? told.from : 0, basis: "attested" };
}

/** What those who told say of the highest epoch among them; undefined if they contradict each other. */
function agreedAt({ servers }: SiteSnapshot): Settlement | undefined {
  const from = Math.max(0, ...[servers.A, servers.B].map(({ was }) => was?.ep ?? 0));
  const latest = [servers.A, servers.B].filter((server) => server.was?.ep === from);
  const candidates = latest.map((server) => ({ sole: soleBy(server), from, basis: "told" }) as const);
  return candidates.find((candidate) => latest.every((server) => server.was?.mode === roleIn(candidate, server.srv)));
}

function soleBy({ srv, was }: Srv): ServerName | undefined {
  if (was === undefined || was.mode === "PAIR") return undefined;
  return was.mode === "SOLE" ? srv : partnerOf(srv);
}

const notAgreed = (why: string): Refused =>
  refused("NOT_AGREED", `${why} A person's word settles it: tandemctl settle SITE --sole NAME|--pair --reason TEXT.`);
