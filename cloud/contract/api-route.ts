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
/** What a right allows on which partitions: `control` the control items (not what lies under a site), the others by the letter of their keys. */
export interface Grant {
  readonly actions: readonly ("GetItem" | "BatchGetItem" | "Query" | "PutItem" | "UpdateItem")[];
  readonly on:
    | "control"
    | "servers"
    | "request"
    | "leases"
    | "history"
    | "conflicts"
    | "trail"
    | "answers"
    | "plans"
    | "gs1"
    | "gs2"
    | "gs3";
}
/** The rights that a route's function may have on the table. A route names what it uses; infra turns it into statements, and a test calls every
 *  route and finds nothing granted that it does not use. Nobody may delete or scan, nor update an audit record. */
export const TABLE_RIGHTS = {
  control: [{ actions: ["GetItem"], on: "control" }],
  site: [
    { actions: ["GetItem"], on: "control" },
    { actions: ["GetItem"], on: "servers" },
  ],
  manyControls: [{ actions: ["BatchGetItem"], on: "control" }],
  manyServers: [{ actions: ["BatchGetItem"], on: "servers" }],
  leases: [{ actions: ["Query"], on: "leases" }],
  history: [{ actions: ["Query"], on: "history" }],
  conflicts: [{ actions: ["Query"], on: "conflicts" }],
  conflict: [{ actions: ["GetItem"], on: "conflicts" }],
  trail: [{ actions: ["Query"], on: "trail" }],
  request: [{ actions: ["GetItem"], on: "request" }],
  plan: [{ actions: ["Query"], on: "plans" }],
  manyPlans: [{ actions: ["BatchGetItem"], on: "plans" }],
  gs1: [{ actions: ["Query"], on: "gs1" }],
  gs2: [{ actions: ["Query"], on: "gs2" }],
  gs3: [{ actions: ["Query"], on: "gs3" }],
  trailRecord: [{ actions: ["GetItem"], on: "trail" }],
  act: [{ actions: ["PutItem"], on: "trail" }],
  register: [
    { actions: ["PutItem"], on: "control" },
    { actions: ["PutItem"], on: "servers" },
  ],
  configure: [{ actions: ["UpdateItem"], on: "control" }],
  switch: [
    { actions: ["UpdateItem"], on: "control" },
    { actions: ["UpdateItem"], on: "servers" },
  ],
  answers: [{ actions: ["GetItem", "PutItem"], on: "answers" }],
  wish: [{ actions: ["PutItem"], on: "request" }],
  endWish: [{ actions: ["UpdateItem"], on: "request" }],
  find: [{ actions: ["PutItem"], on: "conflicts" }],
  settle: [{ actions: ["UpdateItem"], on: "conflicts" }],
  drive: [{ actions: ["PutItem", "UpdateItem"], on: "plans" }],
} as const satisfies Record<string, readonly Grant[]>;
export type TableRight = keyof typeof TABLE_RIGHTS;
/** Rights of the functions that nobody calls: the stream's and the schedule's. */
export const AUDIT_RIGHTS: readonly TableRight[] = ["control", "history", "find", "act"];
export const SWEEP_RIGHTS: readonly TableRight[] = ["gs2", "manyServers", "site", "request", "endWish", "switch", "act", "plan", "drive"];

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
