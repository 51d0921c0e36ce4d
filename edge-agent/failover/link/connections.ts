import type { MonotonicMillis } from "../../values/time.ts";
import { onLinkLost } from "../endpoint/step.ts";
import type { LinkId } from "../event.ts";
import type { Relationship } from "../relationship.ts";
import type { Turn } from "../turn.ts";
import { type Connection, REDIAL_MILLIS } from "./state.ts";

/** Closes a connection of ours. */
export function dropConnection(turn: Turn, relationship: Relationship, connection: Connection, reason: string): void {
  if (!relationship.link.connections.has(connection.id)) return;
  turn.effect({ kind: "failover-close", link: connection.id });
  connectionGone(turn, relationship, connection.id, reason);
}

/** A connection is gone, by our doing or not: if it was the one in use, so are communications; another attempt follows. */
export function connectionGone(turn: Turn, relationship: Relationship, id: LinkId, reason: string): void {
  const { link } = relationship;
  const connection = link.connections.get(id);
  if (connection === undefined) return;
  link.connections.delete(id);
  if (link.up === connection) {
    link.up = undefined;
    link.askedAt = undefined;
    link.markedAt = undefined;
    link.stateHeldUntil = undefined;
    onLinkLost(turn, relationship);
  } else if (link.up === undefined && link.refusal === undefined) link.refusal = reason;
  if (link.up === undefined) redialLater(turn, relationship);
}

/**
 * Two relationships between the same two servers: an accepted connection, or one that the partner's CONNECT gives another name
 * than we dialled it for, belongs to the relationship that CONNECT names.
 */
export function moveConnection(turn: Turn, from: Relationship, to: Relationship, connection: Connection): void {
  from.link.connections.delete(connection.id);
  to.link.connections.set(connection.id, connection);
  if (from.link.up === undefined) redialLater(turn, from);
}

/** The next attempt to connect, 5 s from now (dhcpd), unless one is set already. */
export function redialLater(turn: Turn, { link }: Relationship): void {
  link.dialAt ??= (turn.at.monotonic + REDIAL_MILLIS) as MonotonicMillis;
}
