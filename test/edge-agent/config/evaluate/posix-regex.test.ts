import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { matchesRegex } from "../../../../edge-agent/config/evaluate/posix-regex.ts";

describe("POSIX extended regular expressions", () => {
  test.each([
    ["abc", "^abc$", true],
    ["a\nb", "^a.b$", true],
    ["a7", "[[:digit:]]", true],
    ["a\\b", "[\\]", true],
    ["a]b", "[]]", true],
    ["x", "[^]x]", false],
    ["a-b", "a[x-]b", true],
    ["aaa", "^a{3}$", true],
    ["aa", "^a{3,}$", false],
    ["", "^a{,2}$", true],
    ["a{b", "a{b", true],
    ["a)", "a)", true],
    ["", "^(a+)?$", true],
    ["", "^a+?$", true],
    ["foo bar", "\\<bar\\>", true],
    ["a.b", "a\\.b", true],
    ["axb", "a\\.b", false],
    ["ab", "a|b|c", true],
    ["é".normalize("NFC"), "^.$", true],
  ])("%j ~= %j", (subject, pattern, expected) => {
    expect(matchesRegex(subject, pattern, false)).toBe(expected);
  });
  test.each(["(", "[", "*a", "a(", "\\1", "x".repeat(2000), "a{3000}"])("%j is none", (pattern) => {
    expect(matchesRegex("aaa", pattern, false)).toBeUndefined();
  });
  test("a pattern that stalls backtracking engines does not stall this one", () => {
    expect(matchesRegex("a".repeat(3000), "^(a+)+b$", false)).toBe(false);
  });
  test("patterns of letters, dots, stars and brackets agree with grep -E", () => {
    const piece = fc.constantFrom("a", "b", ".", "[ab]", "[^a]", "(a|b)", "(ab)", "a*", "b+", "(a)?", "a{2}", "b{1,2}");
    const cases = fc.sample(
      fc.tuple(fc.array(piece, { minLength: 1, maxLength: 5 }), fc.boolean(), fc.boolean(), fc.stringMatching(/^[abc]{1,8}$/)),
      { numRuns: 60, seed: 7 },
    );
    for (const [pieces, start, end, subject] of cases) {
      const pattern = `${start ? "^" : ""}${pieces.join("")}${end ? "$" : ""}`;
      const grep = spawnSync("grep", ["-E", "-q", "-e", pattern], {
        input: `${subject}\n`,
        env: { LC_ALL: "C", PATH: process.env["PATH"] },
      });
      expect({ pattern, subject, matched: matchesRegex(subject, pattern, false) }).toEqual({
        pattern,
        subject,
        matched: grep.status === 0,
      });
    }
  });
});
