import { spawnSync } from "node:child_process";
import { Validator } from "@seriousme/openapi-schema-validator";
import { expect, test } from "vitest";
import { ROUTE_NAMES, ROUTES } from "../../cloud/contract/api.ts";
import { openApi } from "../../cloud/openapi.ts";

const document = JSON.parse(JSON.stringify(openApi())) as { paths: Record<string, Record<string, { operationId: string }>> };

test("the document is valid OpenAPI 3.1", async () => {
  const verdict = await new Validator().validate(document);
  expect(verdict.errors ?? []).toEqual([]);
  expect(verdict.valid).toBe(true);
});
test("who reads no further than its beginning gets no stack", () => {
  const { stdout, stderr } = spawnSync("bash", ["-c", "node cloud/openapi.ts | head -c 1"], { encoding: "utf8" });
  expect([stdout, stderr]).toEqual(["{", ""]);
});
test("every route is in it, and nothing else", () => {
  const described = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId }]) => `${method.toUpperCase()} ${path} ${operationId}`),
  );
  expect(described.sort()).toEqual(ROUTE_NAMES.map((name) => `${ROUTES[name].method} ${ROUTES[name].path} ${name}`).sort());
});
