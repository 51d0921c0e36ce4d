import { existsSync, readFileSync } from "node:fs";
import { registerHooks, stripTypeScriptTypes } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { search } from "../exhaustive/search.ts";
import type { Guard } from "../guards/guard.ts";
import type { World } from "../world.ts";
import { editsOf, sourceWithout } from "./edits.ts";

const ROOT = join(import.meta.dirname, "../../..");
const MARK = "?without=";
const RELATIVE = /(?:from|import)\s+"(\.{1,2}\/[^"]+\.ts)"/g;

const sources = new Map<string, { readonly imports: readonly string[]; readonly code: string }>();
const known = new Map<string, Guard>();
/** Files that see the guard's file, directly or not, by guard; all others are shared with the product as it is. */
const seeing = new Map<string, ReadonlySet<string>>();

/** What is imported by type alone is no import once the types are gone. */
function sourceOf(path: string): { readonly imports: readonly string[]; readonly code: string } {
  let source = sources.get(path);
  if (source === undefined) {
    const code = stripTypeScriptTypes(readFileSync(path, "utf8"));
    const imports = [...code.matchAll(RELATIVE)].map((match) => join(dirname(path), match[1] ?? ""));
    source = { imports, code };
    sources.set(path, source);
  }
  return source;
}

/** Every file that `start` comes to load. */
function reachable(start: string): ReadonlySet<string> {
  const found = new Set([start]);
  for (const path of found) for (const next of sourceOf(path).imports) if (existsSync(next)) found.add(next);
  return found;
}

function filesSeeing(guarded: readonly string[], start: string): ReadonlySet<string> {
  const all = [...reachable(start)];
  const found = new Set(guarded);
  for (let before = 0; before !== found.size; ) {
    before = found.size;
    for (const path of all) if (sourceOf(path).imports.some((next) => found.has(next))) found.add(path);
  }
  return found;
}

registerHooks({
  resolve(specifier, context, next) {
    const resolved = next(specifier, context);
    const name = context.parentURL?.split(MARK)[1];
    if (name === undefined || !resolved.url.startsWith("file:") || resolved.url.includes(MARK)) return resolved;
    const sees = seeing.get(name)?.has(fileURLToPath(resolved.url)) === true;
    return sees ? { ...resolved, url: `${resolved.url}${MARK}${name}` } : resolved;
  },
  load(url, context, next) {
    const [file, name] = url.split(MARK);
    const guard = known.get(name ?? "");
    if (file === undefined || guard === undefined) return next(url, context);
    const path = fileURLToPath(file);
    const edited = editsOf(guard).some((edit) => path === join(ROOT, edit.file));
    const source = edited ? stripTypeScriptTypes(sourceWithout(guard, path)) : sourceOf(path).code;
    return { format: "module", source, shortCircuit: true };
  },
});

/** A module of the simulation as it is when the product lacks this guard; the files stay as they are. */
async function moduleWithout<Module>(guard: Guard, file: string): Promise<Module> {
  const name = String(known.size);
  const path = join(ROOT, file);
  known.set(name, guard);
  const edited = editsOf(guard).map(({ file }) => join(ROOT, file));
  seeing.set(name, filesSeeing(edited, path));
  return (await import(`${pathToFileURL(path).href}${MARK}${name}`)) as Module;
}

/** The simulated world of a product that lacks this guard. */
export const worldWithout = async (guard: Guard): Promise<typeof World> =>
  (await moduleWithout<{ World: typeof World }>(guard, "test/simulation/world.ts")).World;

/** The exhaustive search among small worlds of a product that lacks this guard. */
export const searchWithout = async (guard: Guard): Promise<typeof search> =>
  (await moduleWithout<{ search: typeof search }>(guard, "test/simulation/exhaustive/search.ts")).search;
