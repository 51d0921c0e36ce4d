import * as fc from "fast-check";
import { expect, test } from "vitest";
import { parseClient } from "../../../cloud/contract/client-names.ts";
import { isSealed, sealedNames } from "../../../cloud/contract/sealed-names.ts";

const names = sealedNames("00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n")!;
const others = sealedNames("ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff")!;
const octets = fc.uint8Array({ maxLength: 255 }).map((bytes) => Buffer.from(bytes).toString("hex"));
const clients = fc.oneof(
  octets.map((hex) => `i:${hex}`),
  fc.tuple(fc.nat(255), octets).map(([htype, hex]) => `m:${htype}:${hex}`),
  fc.string({ unit: "binary", minLength: 1 }),
  fc.constantFrom("m:300:aa", "m:01:aa", "i:0", "i:AB", "e:00", "=", "m:1"),
);

test("a name comes back under its key, and under no other", () => {
  fc.assert(
    fc.property(clients, (name) => {
      const sealed = names.seal(name);
      expect(names.open(sealed)).toBe(name);
      expect(others.open(sealed)).toBeUndefined();
      expect(names.seal(name)).toBe(sealed);
      expect(others.seal(name)).not.toBe(sealed);
    }),
  );
});
test("nothing of a name is in what is sealed, not even that two names begin alike", () => {
  const [one, two] = [names.seal("m:1:020000000001"), names.seal("m:1:020000000002")];
  expect(one).toMatch(/^e:[0-9a-f]{48}$/);
  expect(one.slice(0, 12)).not.toBe(two.slice(0, 12));
  expect(names.seal("")).toBe("");
});
test("a name that was changed on its way is none, whatever is in it", () => {
  fc.assert(
    fc.property(clients, fc.nat(), fc.integer({ min: 1, max: 15 }), (name, where, by) => {
      const digits = names.seal(name).slice(2);
      const at = where % digits.length;
      const changed = (Number.parseInt(digits[at] ?? "0", 16) ^ by).toString(16);
      expect(names.open(`e:${digits.slice(0, at)}${changed}${digits.slice(at + 1)}`)).toBeUndefined();
    }),
  );
  for (const text of ["e:", "e:00", `e:${"0".repeat(32)}`, "e:zz", `e:${"0".repeat(33)}`, `${names.seal("m:1:aa")}zz`])
    expect(names.open(text), text).toBeUndefined();
});
test("the longest option 61 may still be asked for, and its sealed name reads back as it was written", () => {
  const sealed = names.seal(`i:${"ab".repeat(255)}`);
  expect(sealed.length).toBeLessThanOrEqual(600);
  expect([isSealed(sealed), parseClient(` ${sealed.toUpperCase()}`)]).toEqual([true, sealed]);
});
test.each(["", "00", "zz".repeat(32), "0".repeat(63), "0".repeat(130)])("%j is no key", (text) => {
  expect(sealedNames(text)).toBeUndefined();
});
