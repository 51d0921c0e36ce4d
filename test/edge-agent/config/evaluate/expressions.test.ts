import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { evaluate, evaluateBoolean, evaluateData, evaluateNumber } from "../../../../edge-agent/config/evaluate/expressions.ts";
import { createEnvironment } from "../../../../edge-agent/config/evaluate/statements.ts";
import type { EvaluationInput } from "../../../../edge-agent/config/evaluation.ts";
import type { Expression } from "../../../../edge-agent/config/expression.ts";
import {
  bytes,
  CIRCUIT_ID,
  DOMAIN_NAME,
  discover,
  emptyConfig,
  fromPacket,
  HOST_NAME,
  hex,
  input,
  no,
  nothing,
  number,
  s,
  text,
  x,
  yes,
} from "../../../support/expression-builder.ts";

const data = (expression: Expression, given: EvaluationInput = input()) => evaluateData(expression, createEnvironment(given));
const num = (expression: Expression, given: EvaluationInput = input()) => evaluateNumber(expression, createEnvironment(given));
const bool = (expression: Expression, given: EvaluationInput = input()) => evaluateBoolean(expression, createEnvironment(given));
const shown = (expression: Expression, given: EvaluationInput = input()) => {
  const value = data(expression, given);
  return value === undefined ? undefined : Buffer.from(value).toString("latin1");
};
const substring = (value: Expression, offset: number, length: number) =>
  x({ kind: "substring", data: value, offset: number(offset), length: number(length) });
const concat = (...parts: Expression[]) => x({ kind: "concat", parts });
const b2a = (base: number, width: number, separator: string, value: Expression) =>
  x({ kind: "binary-to-ascii", base: number(base), width: number(width), separator: text(separator), data: value });
const equal = (left: Expression, right: Expression) => x({ kind: "equal", left, right });

describe("data", () => {
  test("substring past the end is empty, not nothing", () => {
    expect(shown(substring(text("abcdef"), 2, 3))).toBe("cde");
    expect(shown(substring(text("abc"), 1, 9))).toBe("bc");
    expect(shown(substring(text("abc"), 5, 2))).toBe("");
    expect(shown(substring(nothing, 0, 1))).toBeUndefined();
  });
  test("suffix gives all of what is shorter", () => {
    expect(shown(x({ kind: "suffix", data: text("abcdef"), length: number(2) }))).toBe("ef");
    expect(shown(x({ kind: "suffix", data: text("abc"), length: number(9) }))).toBe("abc");
  });
  test("concat with nothing is nothing", () => {
    expect(shown(concat(text("a"), text("b"), text("c")))).toBe("abc");
    expect(shown(concat(text("a"), nothing))).toBeUndefined();
    expect(shown(concat(text("a"), fromPacket(HOST_NAME)))).toBeUndefined();
  });
  test("pick-first-value takes empty data for a value", () => {
    expect(shown(x({ kind: "pick-first-value", choices: [nothing, text("b"), text("c")] }))).toBe("b");
    expect(shown(x({ kind: "pick-first-value", choices: [substring(text("abc"), 5, 1), text("b")] }))).toBe("");
  });
  test("binary-to-ascii: bases, widths, and what is no whole number of integers", () => {
    expect(shown(b2a(16, 8, ":", x({ kind: "hardware" })))).toBe("1:2:0:0:0:0:1");
    expect(shown(b2a(10, 8, ".", x({ kind: "leased-address" })))).toBe("10.77.0.100");
    expect(shown(b2a(2, 8, "-", hex(5, 7)))).toBe("101-111");
    expect(shown(b2a(8, 16, ".", hex(1, 2, 3, 4)))).toBe("402.1404");
    expect(shown(b2a(10, 32, "", hex(59, 154, 202, 0)))).toBe("1000000000");
    expect(shown(b2a(10, 32, "", hex(255, 255, 255, 255)))).toBe("04294967295"); // dhcpd's own spelling
    expect(shown(b2a(10, 16, ".", hex(1, 2, 3)))).toBeUndefined();
    expect(shown(b2a(10, 12, ".", hex(1, 2)))).toBeUndefined();
  });
  test("reverse by width", () => {
    const reverse = (width: number, value: Expression) => x({ kind: "reverse", width: number(width), data: value });
    expect(data(reverse(2, hex(1, 2, 3, 4)))).toEqual(bytes([3, 4, 1, 2]));
    expect(data(reverse(2, hex(1, 2, 3)))).toBeUndefined();
    expect(data(reverse(0, hex(1, 2)))).toBeUndefined();
  });
  test("lcase and ucase change ASCII letters only", () => {
    expect(shown(x({ kind: "case", to: "lower", data: text("AbZ[@\xc9") }))).toBe("abz[@\xc9");
    expect(shown(x({ kind: "case", to: "upper", data: text("aBz{`\xe9") }))).toBe("ABZ{`\xe9");
  });
  test("packet, filename, server-name, gethostname, host-decl-name", () => {
    const message = discover([], { file: bytes("boot"), sname: bytes("srv") });
    const given = input({ message });
    expect(data(x({ kind: "packet", offset: number(0), length: number(3) }), given)).toEqual(bytes([1, 1, 6]));
    expect(data(x({ kind: "packet", offset: number(9000), length: number(3) }), given)).toBeUndefined();
    expect(shown(x({ kind: "filename" }), given)).toBe("boot");
    expect(shown(x({ kind: "server-name" }), given)).toBe("srv");
    expect(shown(x({ kind: "filename" }))).toBeUndefined();
    expect(shown(x({ kind: "gethostname" }))).toBe("server");
    expect(shown(x({ kind: "host-decl-name" }))).toBeUndefined();
  });
  test("RFC 2132 §2: final NULs of text options are dropped", () => {
    expect(shown(fromPacket(HOST_NAME), input({ message: discover([[12, bytes("pc\0\0")]]) }))).toBe("pc");
  });
  test("RFC 3046: option agent.circuit-id", () => {
    const message = discover([[82, bytes([1, 2, 65, 66, 2, 1, 9])]]);
    expect(shown(fromPacket(CIRCUIT_ID), input({ message }))).toBe("AB");
    expect(shown(fromPacket(CIRCUIT_ID), input({ message: discover([[82, bytes([1, 200, 65])]]) }))).toBeUndefined();
  });
});

describe("numbers", () => {
  const extract = (value: Expression, bits: 8 | 16 | 32) => x({ kind: "extract-int", data: value, bits });
  const encode = (value: Expression, bits: 8 | 16 | 32) => x({ kind: "encode-int", value, bits });
  const arithmetic = (left: number, operator: "+" | "-" | "*" | "/" | "%" | "&" | "|" | "^", right: number) =>
    x({ kind: "arithmetic", operator, left: number(left), right: number(right) });

  test("extract-int of too little is nothing", () => {
    expect(num(extract(hex(1, 2, 3, 4), 16))).toBe(0x102);
    expect(num(extract(hex(255, 255, 255, 255), 32))).toBe(0xffffffff);
    expect(num(extract(hex(1), 16))).toBeUndefined();
    expect(num(extract(text(""), 8))).toBeUndefined();
  });
  test("encode-int keeps the low bits", () => {
    expect(data(encode(number(300), 8))).toEqual(bytes([44]));
    expect(data(encode(arithmetic(5, "-", 7), 32))).toEqual(bytes([255, 255, 255, 254]));
    expect(data(encode(arithmetic(0xffffffff, "*", 0xffffffff), 16))).toEqual(bytes([0, 1]));
  });
  test("division by zero is nothing", () => {
    expect(num(arithmetic(7, "/", 2))).toBe(3);
    expect(num(arithmetic(7, "/", 0))).toBeUndefined();
    expect(num(arithmetic(7, "%", 0))).toBeUndefined();
    expect(num(arithmetic(0xf0, "^", 0xff))).toBe(0x0f);
    expect(num(arithmetic(0xffffffff, "&", 0xffff0000))).toBe(0xffff0000);
  });
  test("arithmetic agrees with unsigned 64-bit numbers in its low 32 bits", () => {
    fc.assert(
      fc.property(fc.nat(0xffffffff), fc.nat(0xffffffff), fc.constantFrom("+", "-", "&", "|", "^"), (left, right, operator) => {
        const wide = {
          "+": (a: bigint, b: bigint) => a + b,
          "-": (a: bigint, b: bigint) => a - b,
          "&": (a: bigint, b: bigint) => a & b,
          "|": (a: bigint, b: bigint) => a | b,
          "^": (a: bigint, b: bigint) => a ^ b,
        };
        const expected = Number(BigInt.asUintN(32, wide[operator](BigInt(left), BigInt(right))));
        expect(num(extract(encode(arithmetic(left, operator, right), 32), 32))).toBe(expected);
      }),
    );
  });
  test("lease-time; client-state is a client's", () => {
    expect(num(x({ kind: "lease-time" }))).toBe(600);
    expect(num(x({ kind: "client-state" }))).toBeUndefined();
  });
});

describe("truth", () => {
  const and = (left: Expression, right: Expression) => x({ kind: "and", left, right });
  const or = (left: Expression, right: Expression) => x({ kind: "or", left, right });
  const not = (operand: Expression) => x({ kind: "not", operand });

  test("nothing equals nothing, and differs from everything else", () => {
    expect(bool(equal(nothing, fromPacket(HOST_NAME)))).toBe(true);
    expect(bool(equal(nothing, text("")))).toBe(false);
    expect(bool(x({ kind: "not-equal", left: nothing, right: text("x") }))).toBe(true);
    expect(bool(equal(substring(text("abc"), 9, 1), text("")))).toBe(true);
    expect(bool(equal(number(1), hex(1)))).toBe(false);
  });
  test("and is nothing, not false, when its left side is false; so is its negation", () => {
    expect(bool(and(yes, no))).toBe(false);
    expect(bool(and(no, yes))).toBeUndefined();
    expect(bool(not(and(no, yes)))).toBeUndefined();
  });
  test("or looks at the right side unless the left is true", () => {
    expect(bool(or(yes, nothing))).toBe(true);
    expect(bool(or(nothing, no))).toBe(false);
    expect(bool(or(no, nothing))).toBe(false);
    expect(bool(or(nothing, nothing))).toBeUndefined();
  });
  test("exists sees an option that came with length 0, but for a host name", () => {
    expect(bool(x({ kind: "exists", option: DOMAIN_NAME }))).toBe(false);
    expect(bool(x({ kind: "exists", option: DOMAIN_NAME }), input({ message: discover([[15, bytes("")]]) }))).toBe(true);
    expect(bool(x({ kind: "exists", option: HOST_NAME }), input({ message: discover([[12, bytes("")]]) }))).toBe(false);
  });
  test("known, static and check", () => {
    expect(bool(x({ kind: "known" }), input({ known: true }))).toBe(true);
    expect(bool(x({ kind: "known" }), input({ message: undefined }))).toBeUndefined();
    expect(bool(x({ kind: "static" }))).toBe(false);
    expect(bool(x({ kind: "check", className: "a" }), input({ classNames: ["a"] }))).toBe(true);
  });
  test("regular expressions: nothing without a subject, false for a malformed pattern", () => {
    const regex = (subject: Expression, pattern: string, ignoreCase = false) =>
      x({ kind: "regex", subject, pattern: text(pattern), ignoreCase });
    expect(bool(regex(text("abz"), "^a.*z$"))).toBe(true);
    expect(bool(regex(text("ABZ"), "^a.*z$"))).toBe(false);
    expect(bool(regex(text("ABZ"), "^a.*z$", true))).toBe(true);
    expect(bool(regex(fromPacket(HOST_NAME), "a"))).toBeUndefined();
    const env = createEnvironment(input());
    expect(evaluateBoolean(regex(text("abz"), "("), env)).toBe(false);
    expect(env.logs[0]?.text).toContain("no regular expression");
    expect(bool(regex(substring(text("abz"), 0, 2), "b$"))).toBe(true);
  });
});

describe("functions", () => {
  const config = emptyConfig(
    new Map([
      [
        "twice",
        {
          parameters: ["v"],
          body: [s({ kind: "return", value: concat(x({ kind: "variable", name: "v" }), x({ kind: "variable", name: "v" })) })],
        },
      ],
      ["forever", { parameters: [], body: [s({ kind: "return", value: x({ kind: "call", name: "forever", arguments: [] }) })] }],
    ]),
  );
  const call = (name: string, ...values: Expression[]) => x({ kind: "call", name, arguments: values });

  test("a call gives what return says, where dhcpd keeps it", () => {
    const env = createEnvironment(input({ config }));
    expect(evaluate(call("twice", text("ab")), env)).toEqual(bytes("abab"));
    expect(bool(equal(call("twice", text("a")), text("aa")), input({ config }))).toBe(true);
    expect(shown(concat(call("twice", text("a")), text("b")), input({ config }))).toBeUndefined();
  });
  test("recursion without end, a missing function and a wrong number of arguments are nothing", () => {
    expect(evaluate(call("forever"), createEnvironment(input({ config })))).toBeUndefined();
    expect(evaluate(call("missing"), createEnvironment(input({ config })))).toBeUndefined();
    expect(evaluate(call("twice"), createEnvironment(input({ config })))).toBeUndefined();
  });
});
