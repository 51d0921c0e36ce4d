import { describe, expect, test } from "vitest";
import { evaluateHandlers, evaluateScopes } from "../../../../edge-agent/config/evaluate/scopes.ts";
import type { EvaluationInput } from "../../../../edge-agent/config/evaluation.ts";
import type { Statement } from "../../../../edge-agent/config/expression.ts";
import { neverUsed } from "../../../../edge-agent/leases/lease.ts";
import { ipv4 } from "../../../../edge-agent/values/ipv4.ts";
import {
  bytes,
  DOMAIN_NAME,
  discover,
  emptyConfig,
  fromConfig,
  fromPacket,
  HOST_NAME,
  input,
  nothing,
  number,
  ROOT_PATH,
  s,
  scope,
  setOption,
  text,
  when,
  x,
  yes,
} from "../../../support/expression-builder.ts";

const run = (statements: readonly Statement[], given: EvaluationInput = input()) => evaluateScopes([scope(false, ...statements)], given);
const domain = (statements: readonly Statement[], given?: EvaluationInput) => shown(run(statements, given).option("dhcp", 15));
const shown = (value: Uint8Array | undefined) => (value === undefined ? undefined : Buffer.from(value).toString("latin1"));
const variable = (name: string) => x({ kind: "variable", name });

describe("options", () => {
  test("inner scopes override outer ones", () => {
    const chain = [scope(true, setOption(DOMAIN_NAME, text("outer"))), scope(true, setOption(DOMAIN_NAME, text("inner")))];
    expect(shown(evaluateScopes(chain, input()).option("dhcp", 15))).toBe("inner");
  });
  test("default, append and prepend", () => {
    expect(domain([setOption(DOMAIN_NAME, text("a")), setOption(DOMAIN_NAME, text("b"), "default")])).toBe("a");
    expect(
      domain([
        setOption(DOMAIN_NAME, text("a")),
        setOption(DOMAIN_NAME, text("b"), "append"),
        setOption(DOMAIN_NAME, text("c"), "prepend"),
      ]),
    ).toBe("cab");
    expect(domain([setOption(DOMAIN_NAME, text("a"), "append")])).toBe("a");
  });
  test("a value that is nothing hides the earlier one, and a default after it", () => {
    expect(
      domain([setOption(DOMAIN_NAME, text("a")), setOption(DOMAIN_NAME, nothing), setOption(DOMAIN_NAME, text("b"), "default")]),
    ).toBeUndefined();
  });
  test("values are evaluated when they are needed, with what then holds", () => {
    const statements = [
      s({ kind: "set", name: "v", value: text("one") }),
      setOption(DOMAIN_NAME, x({ kind: "concat", parts: [variable("v"), fromConfig(ROOT_PATH)] })),
      s({ kind: "set", name: "v", value: text("two") }),
      setOption(ROOT_PATH, text("/root")),
    ];
    expect(domain(statements)).toBe("two/root");
  });
  test("options that refer to each other are nothing", () => {
    expect(domain([setOption(DOMAIN_NAME, fromConfig(ROOT_PATH)), setOption(ROOT_PATH, fromConfig(DOMAIN_NAME))])).toBeUndefined();
  });
});

describe("statements", () => {
  const option = (value: string) => setOption(DOMAIN_NAME, text(value));

  test("if takes nothing for false", () => {
    const chosen = (condition: Parameters<typeof x>[0]) => domain([when(x(condition), [option("then")], [option("else")])]);
    expect(chosen({ kind: "exists", option: HOST_NAME })).toBe("else");
    expect(chosen({ kind: "null" })).toBe("else");
    expect(chosen({ kind: "boolean", value: true })).toBe("then");
  });
  test("switch falls through to the next case until a break; a break within if leaves only the if", () => {
    const root = (value: string) => setOption(ROOT_PATH, text(value));
    const choose = s({
      kind: "switch",
      numeric: false,
      value: fromPacket(HOST_NAME),
      cases: [
        {
          matches: text("a"),
          body: [when(yes, [option("in if"), s({ kind: "break" }), option("no")]), root("after if"), s({ kind: "break" })],
        },
        { matches: text("b"), body: [option("b")] },
        { matches: undefined, body: [root("default")] },
      ],
    });
    const both = (host: string) => {
      const evaluation = run([choose], input({ message: discover([[12, bytes(host)]]) }));
      return [shown(evaluation.option("dhcp", 15)), shown(evaluation.option("dhcp", 17))];
    };
    expect(both("a")).toEqual(["in if", "after if"]);
    expect(both("b")).toEqual(["b", "default"]);
    expect(both("c")).toEqual([undefined, "default"]);
  });
  test("numeric switch", () => {
    const choose = s({
      kind: "switch",
      numeric: true,
      value: number(2),
      cases: [
        { matches: number(1), body: [option("1")] },
        { matches: number(2), body: [option("2")] },
      ],
    });
    expect(domain([choose])).toBe("2");
  });
  test("a new value of a variable cannot use the old one", () => {
    const statements = [
      s({ kind: "set", name: "v", value: text("a") }),
      s({ kind: "set", name: "v", value: x({ kind: "concat", parts: [variable("v"), text("b")] }) }),
    ];
    expect([...run(statements).variables]).toEqual([]);
  });
  test("variables of the lease are kept, changed and removed", () => {
    const lease = {
      ...neverUsed(ipv4(1)),
      variables: new Map([
        ["kept", bytes("k")],
        ["gone", bytes("g")],
      ]),
    };
    const evaluation = run([s({ kind: "set", name: "made", value: number(258) }), s({ kind: "unset", name: "gone" })], input({ lease }));
    expect([...evaluation.variables]).toEqual([
      ["kept", bytes("k")],
      ["made", bytes([0, 0, 1, 2])],
    ]);
  });
  test("let hides an outer variable within its body", () => {
    const body = [s({ kind: "log", priority: "info", message: variable("v") })];
    const evaluation = run([
      s({ kind: "set", name: "v", value: text("outer") }),
      s({ kind: "let", name: "v", value: text("inner"), body }),
      ...body,
    ]);
    expect(evaluation.logs.map(({ text: line }) => line)).toEqual(["inner", "outer"]);
  });
  test("execute with an argument that is nothing does not run", () => {
    const evaluation = run([
      s({ kind: "execute", command: "/bin/a", arguments: [text("x"), fromPacket(HOST_NAME)] }),
      s({ kind: "execute", command: "/bin/b", arguments: [text("x"), text("y")] }),
    ]);
    expect(evaluation.executions).toEqual([{ command: "/bin/b", arguments: ["x", "y"] }]);
  });
  test("a command and the log get a value up to its first NUL, as a C string", () => {
    const evaluation = run([
      s({ kind: "execute", command: "/bin/b", arguments: [text("\0"), text("name\0\0")] }),
      s({ kind: "log", priority: "info", message: text("a\0b") }),
    ]);
    expect(evaluation.executions).toEqual([{ command: "/bin/b", arguments: ["", "name"] }]);
    expect(evaluation.logs.map(({ text: line }) => line)).toEqual(["a"]);
  });
  test("steps are bounded: a function that calls itself twice ends", () => {
    const twice = s({ kind: "eval", value: x({ kind: "call", name: "f", arguments: [] }) });
    const evaluation = run([s({ kind: "define", name: "f", parameters: [], body: [twice, twice] }), twice, option("x")]);
    expect(evaluation.logs[0]?.text).toContain("too many steps");
  });
  test("the last body for an event counts, and may change options", () => {
    const on = (value: string) =>
      s({ kind: "on", events: ["commit", "expiry"], body: [option(value), s({ kind: "set", name: "v", value: text(value) })] });
    const evaluation = run([option("before"), on("first"), on("second")]);
    expect(shown(evaluation.option("dhcp", 15))).toBe("before");
    const committed = evaluateHandlers(evaluation, "commit", input());
    expect(shown(committed.option("dhcp", 15))).toBe("second");
    expect(shown(committed.variables.get("v"))).toBe("second");
    expect(shown(evaluateHandlers(evaluation, "release", input()).option("dhcp", 15))).toBe("before");
  });
});

describe("scopes that look at nothing", () => {
  test("are run once for each configuration and shared", () => {
    const config = emptyConfig();
    const chain = [
      scope(true, setOption(DOMAIN_NAME, text("a"))),
      scope(true, s({ kind: "parameter", operator: "supersede", name: "default-lease-time", value: number(600) })),
    ];
    const first = evaluateScopes(chain, input({ config }));
    expect(evaluateScopes(chain, input({ config, message: discover([[12, bytes("other")]]) }))).toBe(first);
    expect(evaluateScopes(chain, input({ config: emptyConfig() }))).not.toBe(first);
    expect(first.number("default-lease-time")).toBe(600);
  });
  test("give each lease its own variables", () => {
    const chain = [scope(true, setOption(DOMAIN_NAME, text("a")))];
    const config = emptyConfig();
    const lease = { ...neverUsed(ipv4(1)), variables: new Map([["v", bytes("1")]]) };
    expect([...evaluateScopes(chain, input({ config, lease })).variables]).toEqual([["v", bytes("1")]]);
    expect([...evaluateScopes(chain, input({ config })).variables]).toEqual([]);
  });
  test("are the base of those that look at the packet", () => {
    const chain = [scope(true, setOption(DOMAIN_NAME, text("a"))), scope(false, setOption(DOMAIN_NAME, fromPacket(HOST_NAME), "append"))];
    const config = emptyConfig();
    const of = (host: string) => shown(evaluateScopes(chain, input({ config, message: discover([[12, bytes(host)]]) })).option("dhcp", 15));
    expect([of("x"), of("y"), of("x")]).toEqual(["ax", "ay", "ax"]);
  });
  test("flags: 2 is ignore, which is not true", () => {
    const flag = (value: number) => run([s({ kind: "parameter", operator: "supersede", name: "allow-booting", value: number(value) })]);
    expect([0, 1, 2].map((value) => flag(value).flag("allow-booting"))).toEqual([false, true, false]);
    expect(flag(2).number("allow-booting")).toBe(2);
    expect(flag(1).flag("other")).toBeUndefined();
  });
});
