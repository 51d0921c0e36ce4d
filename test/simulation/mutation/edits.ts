import { readFileSync } from "node:fs";
import type { Edit, Guard } from "../guards/guard.ts";

/** All that taking a guard out changes. */
export const editsOf = (guard: Guard): readonly Edit[] => [guard, ...(guard.also ?? [])];

/** A source file as it is without the guard. Throws if the text of an edit does not stand in it exactly once. */
export function sourceWithout(guard: Guard, path: string): string {
  let source = readFileSync(path, "utf8");
  for (const { file, find, replace } of editsOf(guard)) {
    if (!path.endsWith(`/${file}`)) continue;
    const parts = source.split(find);
    if (parts.length !== 2) throw new Error(`"${guard.name}": the text to replace stands ${parts.length - 1} times in ${file}`);
    source = parts.join(replace);
  }
  return source;
}
