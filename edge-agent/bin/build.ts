import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** Makes dist/: each program as one file; lmdb and koffi stay packages, for they bring native code. */
const root = fileURLToPath(new URL("../..", import.meta.url));
const PROGRAMS = { "tandem-dhcpd": "edge-agent/main.ts", tandem: "edge-agent/tandem.ts" } as const;

rmSync(`${root}dist`, { recursive: true, force: true });
mkdirSync(`${root}dist`);
await build({
  absWorkingDir: root,
  entryPoints: Object.entries(PROGRAMS).map(([out, source]) => ({ in: source, out })),
  outdir: "dist",
  bundle: true,
  platform: "node",
  target: "node24",
  format: "esm",
  external: ["lmdb", "koffi"],
  // Packages written as CommonJS ask for `require`, which an ES module has to make for them.
  banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
  sourcemap: "linked",
  legalComments: "linked",
  logLevel: "info",
});
for (const program of Object.keys(PROGRAMS)) chmodSync(`${root}dist/${program}.js`, 0o755);
