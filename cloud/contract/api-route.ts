import * as z from "zod";
import type { ProblemCode } from "./problem.ts";

/** What a caller may do. Partner-down is a right of its own, and overriding the evidence another. */
export const SCOPES = {
  "dhcp/read": "See sites, leases and history",
  "dhcp/switch": "Declare one server of a site alone, on evidence",
  "dhcp/force": "Override the evidence by one's own word",
  "dhcp/admin": "Register and configure sites, settle conflicts",
  "dhcp/fleet": "Act on many sites, or look a client up in all of them",
} as const;
export type Scope = keyof typeof SCOPES;
/** Rights of a route's function on the table: `read` (Get, Query), `switch` (site, servers, audit, answers), `settle` (conflicts, audit), `plan`
 *  (fleet operations), and the indexes it queries. */
export type TableRight = "read" | "switch" | "settle" | "plan" | "gs1" | "gs2" | "gs3";

/** One route: infra makes a function and its rights of it, the server side a handler, openapi.ts a description. */
export interface Route {
  readonly method: "GET" | "PUT" | "POST" | "PATCH" | "DELETE";
  readonly path: string;
  readonly summary: string;
  /** JWT: the gateway demands `scope`; the handler demands `also`. IAM: an agent signs with its site's credentials. */
  readonly auth: { readonly kind: "jwt"; readonly scope: Scope; readonly also?: readonly Scope[] } | { readonly kind: "iam" };
  readonly params: z.ZodObject;
  readonly query: z.ZodObject;
  readonly body?: z.ZodType;
  readonly response: z.ZodType;
  readonly problems: readonly ProblemCode[];
  readonly rights: readonly TableRight[];
  /** The items may be had as NDJSON or CSV too. */
  readonly rows?: true;
  /** `Idempotency-Key` is honoured. */
  readonly idempotent?: true;
}
/** No parameters. */
export const none = z.object({});
export const read = { kind: "jwt", scope: "dhcp/read" } as const;
export const admin = { kind: "jwt", scope: "dhcp/admin" } as const;
