import type { APIGatewayProxyEventV2 } from "aws-lambda";
import type { Route } from "../contract/api-route.ts";
import { type Refused, refused } from "../contract/problem.ts";
import type { Caller } from "../deps.ts";

/** What the gateway's authorizers leave in an event. */
interface Authorizer {
  readonly jwt?: { readonly claims?: Readonly<Record<string, unknown>>; readonly scopes?: readonly string[] | null };
  readonly iam?: { readonly userArn?: string };
}

/** Who calls, if he may use the route at all. The gateway has checked signature, issuer, audience and one scope; this checks again what it
 *  can see, and the scopes that the gateway cannot combine. */
export function authorise(route: Route, event: APIGatewayProxyEventV2): Caller | Refused {
  const authorizer = (event.requestContext as { authorizer?: Authorizer }).authorizer;
  if (route.auth.kind === "iam") return agentOf(authorizer?.iam?.userArn);
  const claims = authorizer?.jwt?.claims;
  if (claims === undefined) return refused("UNAUTHENTICATED", "The request carries no token.");
  const scopes = new Set([...String(claims["scope"] ?? "").split(" "), ...(authorizer?.jwt?.scopes ?? [])].filter((scope) => scope !== ""));
  const missing = [route.auth.scope, ...(route.auth.also ?? [])].filter((scope) => !scopes.has(scope));
  if (missing.length > 0) return refused("FORBIDDEN", `The token does not grant ${missing.join(", ")}.`, { missing });
  const who = claims["email"] ?? claims["username"] ?? claims["client_id"] ?? claims["sub"];
  if (typeof who !== "string" || who === "") return refused("UNAUTHENTICATED", "The token names nobody; an act must have an author.");
  return { kind: "operator", who, scopes };
}

/** `arn:aws:sts::<account>:assumed-role/<role>/<session>`; Roles Anywhere names the session by the certificate's serial number. */
function agentOf(arn: string | undefined): Caller | Refused {
  const session = /^arn:[^:]+:sts::\d*:assumed-role\/[^/]+\/(.+)$/.exec(arn ?? "")?.[1];
  if (session === undefined) return refused("UNAUTHENTICATED", "The request is not signed with an agent's credentials.");
  return { kind: "agent", who: `agent ${session}`, session };
}
