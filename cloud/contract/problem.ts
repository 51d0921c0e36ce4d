import * as z from "zod";

/** Every problem the API answers with (RFC 9457): HTTP status, and a title for people. `type` is `urn:tandem:problem:<code>`. */
export const PROBLEMS = {
  BAD_REQUEST: { status: 400, title: "The request does not have the form that the API describes" },
  BAD_ADDRESS: { status: 400, title: "That is no IPv4 address" },
  BAD_TIME: { status: 400, title: "That is no RFC 3339 time" },
  BAD_CURSOR: { status: 400, title: "The cursor is not one that this query gave out" },
  RANGE_TOO_LARGE: { status: 400, title: "The period is longer than the API answers at once" },
  UNAUTHENTICATED: { status: 401, title: "Nobody is named by the request" },
  FORBIDDEN: { status: 403, title: "The caller does not have the right" },
  NOT_YOUR_SITE: { status: 403, title: "An agent may speak for its own site and server only" },
  NO_SUCH_ROUTE: { status: 404, title: "There is no such route" },
  NO_SUCH_SITE: { status: 404, title: "There is no such site" },
  NO_SUCH_REQUEST: { status: 404, title: "There is no such request" },
  NO_SUCH_CONFLICT: { status: 404, title: "There is no such conflict" },
  SITE_EXISTS: { status: 409, title: "The site is registered already" },
  PARTNER_ALIVE: { status: 409, title: "The partner has been heard of: it may be serving" },
  ALREADY_PARTNER_DOWN: { status: 409, title: "The site is in partner-down already" },
  NOT_PARTNER_DOWN: { status: 409, title: "The site is not in partner-down" },
  NOT_SOLE: { status: 409, title: "The server is not the one that was declared alone" },
  EPOCH_CHANGED: { status: 409, title: "The site's epoch has moved on" },
  SURVIVOR_NOT_READY: { status: 409, title: "The survivor cannot serve alone" },
  FOREIGN_PARTNER: { status: 409, title: "The partner is no Tandem agent: nothing can tell that it has stopped" },
  RESTORED: { status: 409, title: "The ledger was restored, and the site is not settled yet" },
  NOT_RESTORED: { status: 409, title: "The site does not wait to be settled after a restore" },
  NOT_AGREED: { status: 409, title: "What the two servers were does not say who may serve" },
  STILL_ALONE: { status: 409, title: "The sole server has not recovered with its partner yet" },
  ALREADY_DONE: { status: 409, title: "That was done or ended before" },
  DECOMMISSIONED: { status: 409, title: "The site is out of service" },
  KEY_REUSED: { status: 422, title: "The Idempotency-Key was used for another request" },
  EVIDENCE_PENDING: { status: 425, title: "The partner's lease may still run; the evidence is not old enough" },
  TOO_LARGE: { status: 413, title: "The request is longer than any that the API describes" },
  INTERNAL: { status: 500, title: "Something is wrong on our side" },
  LEDGER_BUSY: { status: 503, title: "The ledger does not answer; nothing is known to have changed" },
} as const satisfies Record<string, { status: number; title: string }>;
export type ProblemCode = keyof typeof PROBLEMS;

/** An answer of media type `application/problem+json`. */
export const Problem = z
  .object({
    type: z.string().describe("urn:tandem:problem:<code>"),
    title: z.string(),
    status: z.int(),
    code: z.enum(Object.keys(PROBLEMS) as [ProblemCode, ...ProblemCode[]]),
    detail: z.string().describe("What happened here, and what to do"),
    requestId: z.string().optional(),
  })
  .loose();
export type Problem = z.infer<typeof Problem>;

/** What a handler refuses with; `more` are further members of the problem document. `retryAfterMs` also becomes Retry-After. */
export interface Refused {
  readonly kind: "refused";
  readonly code: ProblemCode;
  readonly detail: string;
  readonly more: Readonly<Record<string, unknown>>;
}
export const refused = (code: ProblemCode, detail: string, more: Readonly<Record<string, unknown>> = {}): Refused => ({
  kind: "refused",
  code,
  detail,
  more,
});
