import { expect, test } from "vitest";
import type { AgentConfig } from "../../../edge-agent/config/agent-config.ts";
import type { Expression, Statement } from "../../../edge-agent/config/expression.ts";
import { printStatements } from "../../../edge-agent/config/print-statements.ts";
import { configOf } from "../../support/load-config.ts";

const DECLARED = `option custom code 200 = text; option space maker; option maker.one code 1 = unsigned integer 8;
class "any" { }
define both(one, two) { return concat(one, two); }\n`;

/** What `on release` of the configuration's outermost scope runs. */
function released(body: string): { config: AgentConfig; statements: readonly Statement[] } {
  const config = configOf(`${DECLARED} on release {\n${body}\n}`);
  const on = config.global.statements.find(({ kind }) => kind === "on");
  if (on?.kind !== "on") throw new Error("no handler");
  return { config, statements: on.body };
}

const BODIES = [
  "set aa = packet(0, 4); unset aa; break;",
  'if exists host-name and not known or static { log("x"); } elsif hardware = 1:2:3 { } else { add "any"; }',
  'if option host-name ~= "^a" { } if option host-name ~~ "b$" { } if option host-name != "c" { break; }',
  'switch (substring(option host-name, 0, 3)) { case "abc": set xx = "1"; break; case "\\001": default: set xx = "2"; }',
  "switch (lease-time) { case 5: break; }",
  'execute("/bin/a b", "one", option host-name, concat(option maker.one, "x"));',
  'set dd = binary-to-ascii(16, 8, ":", reverse(1, suffix(hardware, 6)));',
  'set ee = pick-first-value(option custom, config-option domain-name, lcase(ucase(option host-name)), host-decl-name, "end");',
  "set ff = encode-int(extract-int(substring(hardware, 1, 4), 32), 16);",
  'set gg = concat("a", "b", concat("c", leased-address), "d", gethostname());',
  'option domain-name = concat("x.", "example"); supersede custom = 00:01:ff; default domain-name-servers 10.0.0.1, 10.0.0.2; append domain-search "a.example"; option maker.one 3;',
  'max-lease-time 5; min-secs 3; always-broadcast on; deny booting; filename "boot"; next-server 10.0.0.1; vendor-option-space maker;',
  'eval both("a", "b"); set hh = both(option host-name, "z");',
  "log(fatal, filename); log(error, server-name); log(info, hardware); log(debug, null);",
  'on expiry or commit { set ii = "later"; }',
  'set quoted = "a\\"b\\\\c"; set high = "\\001\\377"; set one = "\\007"; eval both("\\001", option host-name);',
  "if option dhcp-message-type = 7 or hardware-type = 1 { }",
  `set long = concat("${"l".repeat(70)}", "${"m".repeat(90)}", option host-name, option dhcp-client-identifier, "${"n".repeat(30)}");`,
] as const;

test.each(BODIES)("what was written down is read again as what it was: %s", (body) => {
  const { config, statements } = released(body);
  const text = printStatements(statements, 4);
  const again = config.readStatements(text);
  expect(again, text).toBeDefined();
  expect(printStatements(again ?? [], 4)).toBe(text);
  expect(JSON.stringify(again, meaning)).toBe(JSON.stringify(statements, meaning));
});

/** Without the places in the text, and with what is joined joined flatly: dhcpd writes it in pairs. */
function meaning(key: string, value: unknown): unknown {
  if (key === "location") return undefined;
  if (key !== "parts") return value;
  const flat = (parts: readonly Expression[]): readonly Expression[] =>
    parts.flatMap((part) => (part.kind === "concat" ? flat(part.parts) : [part]));
  return flat(value as readonly Expression[]);
}

test("the layout is dhcpd's", () => {
  const { statements } = released(
    'if exists host-name { log(info, concat("END ", pick-first-value(option host-name, "none"), " ", binary-to-ascii(16, 8, ":", hardware))); }',
  );
  expect(printStatements(statements, 4)).toBe(`
    if exists host-name {
      log (info, 
          concat (concat (concat ("END ", 
                                  pick-first-value (option host-name, "none")),
                          " "), 
                  binary-to-ascii (16, 8, ":", hardware)));
    }`);
});

test("what does not fit the configuration, or is no statement, is not read, and leaves no trace", () => {
  const { config } = released("break;");
  for (const text of ["option unknown.thing 3;", "set a = ;", "if {", '"', "subnet 1.2.3.4 {"])
    expect(config.readStatements(text)).toBeUndefined();
  expect(config.readStatements('log(info, "x");')).toHaveLength(1);
  expect(config.readStatements("")).toEqual([]);
});
