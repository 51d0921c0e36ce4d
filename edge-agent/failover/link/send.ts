import type { Relationship } from "../relationship.ts";
import type { Turn } from "../turn.ts";
import { wallClock } from "../wire/codes.ts";
import { writeMessage } from "../wire/message.ts";
import type { MessageType, Options } from "../wire/options.ts";
import { encodePrivateData } from "../wire/private-data.ts";
import { marksToTell } from "./marks.ts";
import { type Connection, MARK_MILLIS } from "./state.ts";

/** Sends a message that answers none: with the next xid, which it gives. */
export function sendNew(turn: Turn, connection: Connection, type: MessageType, options: Options): number {
  // dhcpd gives no BNDUPD the xid 0
  if (type === "BNDUPD" && connection.nextXid === 0) connection.nextXid = 1;
  const xid = connection.nextXid;
  connection.nextXid = xid === 0xffffffff ? 0 : xid + 1;
  sendReply(turn, connection, { type, xid, options });
  return xid;
}

/** Sends a message with the xid of what it answers. */
export function sendReply(turn: Turn, connection: Connection, message: { type: MessageType; xid: number; options: Options }): void {
  connection.lastSent = turn.at.monotonic;
  writeMessage({ type: message.type, xid: message.xid, options: message.options, time: wallClock(turn.at) }, turn.outgoing(connection.id));
}

const MOST_ASKED = 16;

/** CONTACT; one of our own kind is asked for an answer, which proves that it heard us then (not merely that TCP kept something). */
export function sendContact(turn: Turn, relationship: Relationship, connection: Connection): void {
  relationship.link.askedAt = turn.at.monotonic;
  if (!relationship.endpoint.partnerIsTandem) {
    sendNew(turn, connection, "CONTACT", {});
    return;
  }
  const { asked, markedAt } = relationship.link;
  const marks = marksToTell(turn, relationship, markedAt !== undefined && markedAt + MARK_MILLIS <= turn.at.monotonic);
  const xid = sendNew(turn, connection, "CONTACT", { vendorSpecificOptions: encodePrivateData({ ask: true, ...marks }) });
  asked.set(xid, turn.at.monotonic);
  for (const oldest of asked.keys()) {
    if (asked.size <= MOST_ASKED) break;
    asked.delete(oldest);
  }
}
