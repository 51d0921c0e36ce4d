import type { MiddlewareObj } from "@middy/core";
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from "aws-lambda";
import type { Log } from "../deps.ts";

/** One line a request: what was asked by whom, and what it came to. Neither tokens nor bodies, and no client or address from the path. */
export function requestLog(
  log: Log,
  route: string,
  now: () => number,
): MiddlewareObj<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2> {
  const startedAt = new WeakMap<object, number>();
  return {
    before: ({ event }) => {
      startedAt.set(event, now());
    },
    after: ({ event, response }) => {
      const millis = now() - (startedAt.get(event) ?? now());
      log.info({ event: "request", route, status: response?.statusCode, millis, requestId: event.requestContext.requestId }, "answered");
    },
  };
}
