import type { APIGatewayProxyStructuredResultV2 } from "aws-lambda";
import { PROBLEMS, type Problem, type Refused } from "../contract/problem.ts";

/** A refusal as an RFC 9457 problem document; the only place where codes become HTTP statuses. */
export function problemResponse(refused: Refused, requestId: string): APIGatewayProxyStructuredResultV2 {
  const { status, title } = PROBLEMS[refused.code];
  const problem: Problem = {
    type: `urn:tandem:problem:${refused.code}`,
    title,
    status,
    code: refused.code,
    detail: refused.detail,
    ...refused.more,
    requestId,
  };
  const wait = refused.more["retryAfterMs"];
  return {
    statusCode: status,
    headers: {
      "content-type": "application/problem+json",
      "cache-control": "no-store",
      ...(typeof wait === "number" ? { "retry-after": String(Math.max(1, Math.ceil(wait / 1000))) } : {}),
    },
    body: JSON.stringify(problem),
  };
}
