import { encodeMarks, marksKey } from "../endpoint/state.ts";
import { nameOf, type Relationship } from "../relationship.ts";
import type { Turn } from "../turn.ts";

/** Stores what {@link Relationship} has of marks. */
export function recordMarks(turn: Turn, relationship: Relationship): void {
  turn.record(marksKey(nameOf(relationship)), encodeMarks(relationship.endpoint.marks));
}

/**
 * The marks to tell a partner of our own kind with a CONTACT. Ours is raised now and then, and leaves when it is on disk, as all that is
 * told: a store whose mark is below what the partner has had is older than what was told from it. So it is not raised before the partner
 * has said what it had.
 */
export function marksToTell(turn: Turn, relationship: Relationship, isRaised: boolean): { readonly mark: number; readonly seen: number } {
  const { endpoint, link } = relationship;
  if (isRaised) {
    link.markedAt = turn.at.monotonic;
    endpoint.marks = { ...endpoint.marks, own: endpoint.marks.own + 1 };
    recordMarks(turn, relationship);
  }
  return { mark: endpoint.marks.own, seen: endpoint.marks.partners };
}
