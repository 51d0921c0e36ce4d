import { neverRan } from "../contract/generation.ts";
import type { Srv } from "../contract/items.ts";
import type { SiteSnapshot } from "../contract/switch-expressions.ts";
import type { ServerName } from "../contract/tables.ts";

/** How far one server's word reaches. Milliseconds since 1970, by that server's wall clock. */
export interface Reach {
  readonly server: ServerName;
  /** Everything it did until then has been handed in. */
  readonly completeUntil: number;
  /** Events that it had not handed in when it last told. */
  readonly pending: number;
}
/** How sure an answer about the past is. `incomplete`: it reaches back before what the ledger can know, or a server's disk was lost with events
 *  that it had not handed in, or a server's clock was wrong. */
export interface Certainty {
  readonly level: "certain" | "provisional" | "contested" | "incomplete";
  readonly statement: string;
  /** Everything both servers did until then has been handed in; undefined if nobody has ever reported. */
  readonly completeUntil: number | undefined;
  /** The ledger knows of nothing before: the site was registered then, or older history has been deleted. */
  readonly knownFrom: number;
  readonly servers: readonly Reach[];
}
/** The time that an answer is about; a moment has `from` = `to`. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** How far `server`'s word reaches; undefined if it has never run. What it had queued when it last beat bounds it: a mirror write moves its
 *  clock on, but does not tell how much is still waiting. */
export function reachOf(server: Srv): Reach | undefined {
  if (neverRan(server.boot)) return undefined;
  const told = server.qa === 0 ? server.at : server.qa;
  return { server: server.srv, completeUntil: server.qd === 0 ? told : Math.min(server.qt, told), pending: server.qd };
}

/** How sure an answer about `span` is, by what both servers have handed in at `now`; `contested` = contradictions that the answer shows. */
export function certaintyOf({ ctl, servers }: SiteSnapshot, span: Span, contested: number, now: number): Certainty {
  const known = [servers.A, servers.B].flatMap((server) => reachOf(server) ?? []);
  const completeUntil = known.length === 0 ? undefined : Math.min(...known.map((reach) => reach.completeUntil));
  const knownFrom = Math.max(ctl.reg, ...[servers.A, servers.B].map(({ kp }) => (kp === 0 ? 0 : now - kp)));
  const behind = known.filter((reach) => reach.completeUntil < span.to);
  // a lease that was given in a gap may have run for as long as a lease lasts
  const touching = (name: "gaps" | "steps") =>
    [servers.A, servers.B]
      .flatMap((server) => server[name].map((gap) => ({ srv: server.srv, ...gap })))
      .filter((gap) => gap.from <= span.to && gap.to + ctl.cfg.maxLeaseMs >= span.from);
  const lost = touching("gaps");
  const shifted = touching("steps");
  const says: string[] = [];
  if (contested > 0) says.push(`${contested} other client(s) were told the same address at the same time.`);
  if (span.from < knownFrom) says.push(`The ledger knows of nothing before ${new Date(knownFrom).toISOString()}.`);
  for (const gap of lost) says.push(gapOf(gap));
  for (const step of shifted) says.push(stepOf(step));
  if (known.length === 0) says.push("Neither server has ever reported.");
  for (const reach of behind) says.push(lagOf(reach, span));
  if (known.length > 0 && behind.length === 0) says.push(`${everybody(known)} handed in everything until then.`);
  if (ctl.cfg.foreign !== "none") says.push(`Server ${ctl.cfg.foreign} is no Tandem agent: what it did is known by its partner's word.`);
  const provisional = known.length === 0 || behind.length > 0;
  const isIncomplete = span.from < knownFrom || lost.length > 0 || shifted.length > 0;
  const level = contested > 0 ? "contested" : isIncomplete ? "incomplete" : provisional ? "provisional" : "certain";
  return { level, statement: says.join(" "), completeUntil, knownFrom, servers: known };
}

const everybody = (known: readonly Reach[]): string =>
  known.length === 2 ? "Both servers have" : `Server ${known[0]?.server}, the only one that ever ran, has`;

const gapOf = (gap: { readonly srv: ServerName; readonly from: number; readonly to: number }): string =>
  `Server ${gap.srv} lost its disk, or the ledger what it had dropped by then: what it did between ${new Date(gap.from).toISOString()} and ${new Date(gap.to).toISOString()} and is not in the ledger is not known.`;

const stepOf = (step: { readonly srv: ServerName; readonly from: number; readonly to: number }): string =>
  `Server ${step.srv}'s clock was ahead until it was set back: what it did from ${new Date(step.from).toISOString()} on may be recorded as later than it was, up to ${new Date(step.to).toISOString()}.`;

function lagOf(reach: Reach, span: Span): string {
  const until = new Date(reach.completeUntil).toISOString();
  const gap = Math.ceil((span.to - Math.max(span.from, reach.completeUntil)) / 1000);
  const what = reach.pending > 0 ? `${reach.pending} event(s) waited when it last told` : "it has not been heard of since";
  const part = span.from === span.to ? "" : `, the last ${gap} s of the time asked about are open`;
  return `Server ${reach.server} has handed in what it did until ${until} (${what})${part}; what comes may change this.`;
}

/** The least sure of several. */
export const leastSure = (levels: readonly Certainty["level"][]): Certainty["level"] =>
  (["contested", "incomplete", "provisional"] as const).find((level) => levels.includes(level)) ?? "certain";
