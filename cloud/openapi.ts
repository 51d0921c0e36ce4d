import { pathToFileURL } from "node:url";
import * as z from "zod";
import { COMMON_PROBLEMS, ROUTE_NAMES, ROUTES } from "./contract/api.ts";
import { type Route, SCOPES } from "./contract/api-route.ts";
import { PROBLEMS, Problem } from "./contract/problem.ts";

/** The API as an OpenAPI 3.1 document, from the very schemas that the handlers check with. */
export function openApi(): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const name of ROUTE_NAMES) {
    const route: Route = ROUTES[name];
    const methods = paths[route.path] ?? {};
    methods[route.method.toLowerCase()] = operation(name, route);
    paths[route.path] = methods;
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Tandem control plane",
      version: "1.0.0",
      description: "Lease history of branch sites, and the witness that lets one server of a pair serve alone.",
    },
    servers: [{ url: "/" }],
    paths,
    components: {
      schemas: { Problem: schema(Problem, "output") },
      securitySchemes: {
        operator: {
          type: "oauth2",
          flows: { clientCredentials: { tokenUrl: "https://identity.example.com/oauth2/token", scopes: SCOPES } },
        },
        agent: { type: "apiKey", in: "header", name: "Authorization", description: "AWS Signature Version 4 with the site's credentials" },
      },
    },
  };
}

function operation(name: string, route: Route): Record<string, unknown> {
  const scopes = route.auth.kind === "jwt" ? [route.auth.scope, ...(route.auth.also ?? [])] : [];
  return {
    operationId: name,
    summary: route.summary,
    security: [route.auth.kind === "jwt" ? { operator: scopes } : { agent: [] }],
    parameters: [
      ...parameters("path", route.params),
      ...parameters("query", route.query),
      ...(route.idempotent === true ? [IDEMPOTENCY] : []),
    ],
    ...(route.body === undefined
      ? {}
      : { requestBody: { required: true, content: { "application/json": { schema: schema(route.body, "input") } } } }),
    responses: { "200": success(route), ...problems(route) },
  };
}

function success(route: Route): Record<string, unknown> {
  const rows = { "application/x-ndjson": { schema: { type: "string" } }, "text/csv": { schema: { type: "string" } } };
  return {
    description: "Done",
    content: { "application/json": { schema: schema(route.response, "output") }, ...(route.rows === true ? rows : {}) },
  };
}

function problems(route: Route): Record<string, unknown> {
  const codes = [...COMMON_PROBLEMS, ...route.problems];
  const statuses = [...new Set(codes.map((code) => PROBLEMS[code].status))].sort();
  return Object.fromEntries(
    statuses.map((status) => {
      const here = codes.filter((code) => PROBLEMS[code].status === status);
      const description = [...new Set(here)].map((code) => `${code}: ${PROBLEMS[code].title}`).join(". ");
      return [
        String(status),
        { description, content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } } },
      ];
    }),
  );
}

const IDEMPOTENCY = {
  name: "Idempotency-Key",
  in: "header",
  required: false,
  description: "A repetition with the same key gets the first one's answer",
  schema: { type: "string", minLength: 8, maxLength: 128 },
};

function parameters(place: "path" | "query", shape: z.ZodObject): Record<string, unknown>[] {
  return Object.entries(shape.shape).map(([name, type]) => ({
    name,
    in: place,
    required: place === "path" || !type.safeParse(undefined).success,
    schema: schema(type as z.ZodType, "input"),
  }));
}

function schema(type: z.ZodType, io: "input" | "output"): unknown {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(type, { io, target: "draft-2020-12" });
  return rest;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  // who reads no further (head) has what he wanted
  process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
  process.stdout.write(`${JSON.stringify(openApi(), null, 2)}\n`);
}
