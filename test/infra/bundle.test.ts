import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { expect, test } from "vitest";
import { ROUTE_NAMES } from "../../cloud/contract/api.ts";

const ROOT = resolve(import.meta.dirname, "../..");

test("the functions' bundle is small, has every handler, and nothing that is there for development only", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tandem-bundle-"));
  const file = join(folder, "index.mjs");
  try {
    const banner = { js: "import{createRequire}from'module';const require=createRequire(import.meta.url);" };
    const how = { bundle: true, minify: true, platform: "node", format: "esm", target: "node24", banner } as const;
    const { metafile } = await build({
      ...how,
      entryPoints: [join(ROOT, "cloud/lambda.ts")],
      outfile: file,
      metafile: true,
      absWorkingDir: ROOT,
    });
    const packages = new Set(Object.keys(metafile.inputs).map((path) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]));
    const { devDependencies } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { devDependencies: object };
    expect(Object.keys(devDependencies).filter((name) => packages.has(name))).toEqual([]);
    expect(Object.values(metafile.outputs)[0]?.bytes).toBeLessThan(1_000_000);
    Object.assign(process.env, { LEDGER_TABLE: "ledger", CURSOR_KEY: "k".repeat(48), AWS_REGION: "eu-west-1" });
    const handlers = (await import(file)) as { readonly routes: Record<string, unknown>; readonly audit: unknown; readonly sweep: unknown };
    for (const name of ROUTE_NAMES) expect([name, typeof handlers.routes[name]]).toEqual([name, "function"]);
    expect([typeof handlers.audit, typeof handlers.sweep]).toEqual(["function", "function"]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 60_000);
