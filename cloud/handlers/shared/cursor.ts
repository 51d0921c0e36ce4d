import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { Item } from "../../contract/expression.ts";
import { type Refused, refused } from "../../contract/problem.ts";

/** A page position that the client carries. It holds a raw key, so it is signed, and bound to the route and the question it belongs to:
 *  it cannot be bent to another site's partition. */
export function sealCursor(key: string, route: string, question: object, last: Item | undefined): { cursor?: string } {
  if (last === undefined) return {};
  const body = Buffer.from(JSON.stringify({ v: 1, route, question: digest(question), last })).toString("base64url");
  return { cursor: `${body}.${sign(key, body)}` };
}

/** The position in `cursor`; undefined where there is none. */
export function openCursor(
  key: string,
  route: string,
  question: object,
  cursor: string | undefined,
): { readonly last: Item | undefined } | Refused {
  if (cursor === undefined) return { last: undefined };
  const [body = "", signature = ""] = cursor.split(".");
  const expected = Buffer.from(sign(key, body));
  const given = Buffer.from(signature);
  if (expected.length !== given.length || !timingSafeEqual(expected, given)) return refused("BAD_CURSOR", "The cursor is damaged.");
  const held = JSON.parse(Buffer.from(body, "base64url").toString()) as { route: string; question: string; last: Item };
  if (held.route !== route || held.question !== digest(question)) return refused("BAD_CURSOR", "The cursor belongs to another query.");
  return { last: held.last };
}

/** Digest of a request's content, whatever the order of its members. */
export function digest(value: object): string {
  const sorted = JSON.stringify(value, (_, member: unknown) =>
    typeof member === "object" && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
  return createHash("sha256").update(sorted).digest("base64url");
}

const sign = (key: string, body: string): string => createHmac("sha256", key).update(body).digest("base64url");
