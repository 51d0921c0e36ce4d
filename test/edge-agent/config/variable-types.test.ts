import { expect, test } from "vitest";
import { loadConfig } from "../../../edge-agent/config/load.ts";
import { variableTypes } from "../../../edge-agent/config/variable-types.ts";

const typesIn = (text: string): Record<string, string> => {
  const readFile = () => ({ ok: false, error: "none" }) as const;
  const { config } = loadConfig({
    path: "c",
    text: `${text}\nsubnet 10.0.0.0 netmask 255.255.255.0 { }`,
    readFile,
    resolveHost: () => undefined,
  });
  if (config === undefined) throw new Error("the configuration has errors");
  return Object.fromEntries(variableTypes(config));
};

test("a variable is a number or a truth if it is that wherever it is set", () => {
  expect(
    typesIn(`set bynumber = lease-time; on commit { if known { set hasname = exists host-name; } else { set mixed = known; } }
      class "c" { match hardware; set ofclass = extract-int(hardware, 8); } subclass "c" 1:2 { set ofsubclass = static; }
      host h { hardware ethernet 2:0:0:0:0:1; set mixed = "text"; set data = option host-name; }
      define f (x) { set infunction = not known; return "y"; }`),
  ).toEqual({ bynumber: "number", hasname: "boolean", ofclass: "number", ofsubclass: "boolean", infunction: "boolean" });
});
