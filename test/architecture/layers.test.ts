import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { expect, test } from "vitest";

const ROOT = resolve(import.meta.dirname, "../..");

/** May import what stands to the left of it (and itself). Order matters: a layer never imports one to its right. */
const LAYERS = [
  ["edge-agent/values", "edge-agent/log-events.ts"],
  ["edge-agent/dhcp", "edge-agent/failover/wire", "edge-agent/ddns/wire", "edge-agent/leases", "edge-agent/omapi/wire"],
  ["edge-agent/config"],
  [
    "edge-agent/server",
    "edge-agent/failover",
    "edge-agent/ledger",
    "edge-agent/ddns",
    "edge-agent/omapi",
    "edge-agent/lint",
    "edge-agent/control",
  ],
  ["edge-agent/agent", "edge-agent/check"],
  ["edge-agent/runtime"],
  ["edge-agent/rim"],
  ["edge-agent"],
] as const;
/** Pairs of neighbours that must not know each other. */
const STRANGERS = [
  ["edge-agent/server", "edge-agent/failover"],
  ["edge-agent/server", "edge-agent/ledger"],
  ["cloud", "edge-agent"],
  ["cloud/domain", "cloud/adapters"],
] as const;
/** May use node: modules and packages. All else is pure. */
const IMPURE = [
  "edge-agent/rim",
  "edge-agent/daemon",
  "edge-agent/main.ts",
  "edge-agent/tandem.ts",
  "edge-agent/bin",
  "edge-agent/demo",
  "cloud",
  "infra",
  "test",
];
const FORBIDDEN_GLOBALS = /\b(Math\.random|Date\.now|new Date\(|process\.|setTimeout|setInterval|performance\.|async |await )/;

const files = ["edge-agent", "cloud", "infra"]
  .filter((top) => existsSync(join(ROOT, top)))
  .flatMap((top) => walk(join(ROOT, top)))
  .filter((file) => /\.tsx?$/.test(file));
const imports = files.flatMap((file) => importsOf(file).map((target) => ({ file: relative(ROOT, file), target })));

test("the import checker sees the tree", () => {
  expect(files.length).toBeGreaterThan(25);
  expect(imports.length).toBeGreaterThan(25);
});

test("imports go downhill", () => {
  const uphill = imports.filter(({ file, target }) => !target.startsWith("node:") && rank(target) > rank(file) && rank(file) >= 0);
  expect(uphill).toEqual([]);
});

test("strangers do not import each other", () => {
  const met = imports.filter(({ file, target }) => STRANGERS.some(([left, right]) => under(file, left) && under(target, right)));
  expect(met).toEqual([]);
  const toTests = imports.filter(
    ({ file, target }) => !under(file, "test") && (under(target, "test") || (under(target, "infra") && !under(file, "infra"))),
  );
  expect(toTests).toEqual([]);
});

test("the core is pure: no packages, no node:, no clocks, chance or promises", () => {
  const packages = imports.filter(({ file, target }) => isPure(file) && !target.startsWith("edge-agent/") && !PURE_PACKAGES.has(target));
  expect(packages).toEqual([]);
  const impure = files
    .map((file) => relative(ROOT, file))
    .filter((file) => isPure(file) && !under(file, "edge-agent/runtime"))
    .filter((file) => FORBIDDEN_GLOBALS.test(withoutComments(readFileSync(join(ROOT, file), "utf8"))));
  expect(impure).toEqual([]);
});

test("there are no import cycles", () => {
  const graph = new Map<string, string[]>();
  for (const { file, target } of imports) graph.set(file, [...(graph.get(file) ?? []), target]);
  expect(findCycle(graph)).toEqual([]);
});

test("no source file is over 300 lines", () => {
  const long = files.map((file) => ({ file: relative(ROOT, file), lines: readFileSync(file, "utf8").split("\n").length - 1 }));
  expect(long.filter(({ lines }) => lines > 300)).toEqual([]);
});

/** Pure computation that a pure core may call: a linear-time regular expression engine. */
const PURE_PACKAGES = new Set(["re2js"]);

function isPure(file: string): boolean {
  return under(file, "edge-agent") && !IMPURE.some((place) => under(file, place));
}

function under(file: string, place: string): boolean {
  return file === place || file.startsWith(`${place}/`);
}

/** The most specific layer that holds `file`; -1 outside all. */
function rank(file: string): number {
  let best = { length: -1, rank: -1 };
  LAYERS.forEach((places, index) => {
    for (const place of places) if (under(file, place) && place.length > best.length) best = { length: place.length, rank: index };
  });
  return best.rank;
}

function importsOf(file: string): string[] {
  const source = withoutComments(readFileSync(file, "utf8"));
  return [...source.matchAll(/(?:^|\n)\s*(?:import|export)\s[^;]*?from\s+"([^"]+)"|import\("([^"]+)"\)/g)].map((match) => {
    const specifier = match[1] ?? match[2] ?? "";
    return specifier.startsWith(".") ? relative(ROOT, resolve(dirname(file), specifier)) : specifier;
  });
}

function withoutComments(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|[^:"'`])\/\/.*$/gm, "$1");
}

function walk(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? walk(join(folder, entry.name)) : [join(folder, entry.name)],
  );
}

function findCycle(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const visit = (node: string, path: string[]): string[] => {
    if (path.includes(node)) return [...path.slice(path.indexOf(node)), node];
    if (done.has(node)) return [];
    for (const next of graph.get(node) ?? []) {
      const cycle = visit(next, [...path, node]);
      if (cycle.length > 0) return cycle;
    }
    done.add(node);
    return [];
  };
  for (const node of graph.keys()) {
    const cycle = visit(node, []);
    if (cycle.length > 0) return cycle;
  }
  return [];
}
