import type { MonotonicMillis } from "../../values/time.ts";
import type { Relationship } from "../relationship.ts";

/** A stock partner that has said nothing new for so long has said what it had to. */
const QUIET_MILLIS = 400;
/** So long at most our updates wait for what it has to say, and for its NORMAL. */
const LONGEST_MILLIS = 3_000;

const later = (time: MonotonicMillis, millis: number): MonotonicMillis => (time + millis) as MonotonicMillis;

/**
 * Until when our updates wait while a dhcpd that is in touch again tells what its clients did meanwhile; undefined if they may go. It
 * takes the end of a lease at our word, although it has extended it, where less than 65 s of it are left: what it tells first corrects
 * ours instead. Who asks for updates, or is not about to serve beside us, need not wait.
 */
export function updatesHeldUntil({ endpoint, link, transfer }: Relationship): MonotonicMillis | undefined {
  const { heardAt } = link;
  if (endpoint.partnerIsTandem || heardAt === undefined || transfer !== undefined) return undefined;
  if (endpoint.state !== "NORMAL" && endpoint.state !== "COMMUNICATIONS-INTERRUPTED") return undefined;
  const longest = later(heardAt, LONGEST_MILLIS);
  if (endpoint.partner !== "NORMAL" || link.partnerStarting) return longest;
  const told = link.toldAt === undefined || link.toldAt < heardAt ? heardAt : link.toldAt;
  const quiet = later(told, QUIET_MILLIS);
  return Math.min(quiet, longest) as MonotonicMillis;
}
