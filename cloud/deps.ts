import type * as z from "zod";
import type { ROUTES, RouteName } from "./contract/api.ts";
import type { Scope } from "./contract/api-route.ts";
import type { Ledger } from "./contract/ledger.ts";
import type { Refused } from "./contract/problem.ts";

/** What handlers may use of the world. */
export interface Deps {
  readonly ledger: Ledger;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** A random id, lower-case hex and dashes. */
  readonly newId: () => string;
  /** Key of the signatures on cursors. */
  readonly cursorKey: string;
  readonly log: Log;
}
/** Structured log: fields first. Records of operators' acts go to `info`, our own faults to `error`. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
/** Who calls: an operator by his token, or an agent by its credentials. `who` goes to the audit trail. */
export type Caller =
  | { readonly kind: "operator"; readonly who: string; readonly scopes: ReadonlySet<string> }
  | { readonly kind: "agent"; readonly who: string; readonly session: string };

/** A request that has passed authorisation and its schemas. */
export interface Request<Name extends RouteName> {
  readonly params: z.output<(typeof ROUTES)[Name]["params"]>;
  readonly query: z.output<(typeof ROUTES)[Name]["query"]>;
  readonly body: (typeof ROUTES)[Name] extends { body: z.ZodType } ? z.output<(typeof ROUTES)[Name]["body"]> : undefined;
  readonly caller: Caller;
  readonly idempotencyKey: string | undefined;
}
/** What a handler answers; the body is checked against the route's schema in the tests, not at run time. */
export interface Reply<Name extends RouteName> {
  readonly kind: "reply";
  readonly body: z.output<(typeof ROUTES)[Name]["response"]>;
}
export type Handler<Name extends RouteName> = (deps: Deps, request: Request<Name>) => Promise<Reply<Name> | Refused>;
export const reply = <Body>(body: Body): { readonly kind: "reply"; readonly body: Body } => ({ kind: "reply", body });

/** Whether the caller's token grants `scope`. */
export const may = (caller: Caller, scope: Scope): boolean => caller.kind === "operator" && caller.scopes.has(scope);
