import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../..");
const FORBIDDEN = [/\bTODO\b/, /\bFIXME\b/, /\bXXX\b/, /not implemented yet/i, /\b(it|test|describe)\.(skip|todo|only)\(/];
/** Places that are part of what is described, not leftovers. */
const ALLOWED = ["test/architecture/tidy.test.ts"];

const files = execFileSync("git", ["ls-files", "*.ts", "*.tsx", "*.md"], { cwd: ROOT, encoding: "utf8" }).trim().split("\n");

test("nothing is left over: no markers, no skipped tests", () => {
  expect(files.length).toBeGreaterThan(100);
  const left = files
    .filter((file) => !ALLOWED.includes(file))
    .flatMap((file) => {
      const lines = readFileSync(join(ROOT, file), "utf8").split("\n");
      return lines.flatMap((line, index) =>
        FORBIDDEN.some((marker) => marker.test(line)) ? [`${file}:${index + 1}: ${line.trim()}`] : [],
      );
    });
  expect(left).toEqual([]);
});

test("links in the documents lead somewhere", () => {
  const broken = files
    .filter((file) => file.endsWith(".md"))
    .flatMap((file) => {
      const text = readFileSync(join(ROOT, file), "utf8");
      return [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)]
        .map((match) => join(file, "..", match[1] ?? ""))
        .filter((target) => !exists(target));
    });
  expect(broken).toEqual([]);
});

function exists(path: string): boolean {
  try {
    readFileSync(join(ROOT, path));
    return true;
  } catch {
    return false;
  }
}
