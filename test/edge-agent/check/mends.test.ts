import { expect, test } from "vitest";
import { nearestWord } from "../../../edge-agent/config/nearest-word.ts";
import { load } from "../../support/load-config.ts";

const SUBNET = "subnet 10.0.0.0 netmask 255.255.255.0";

test.each([
  ["optoin routers 10.0.0.1;", "1:8", 'did you mean "option"?'],
  ["defualt-lease-time 600;", "1:20", 'did you mean "default-lease-time"?'],
  [`subent 10.0.0.0 netmask 255.255.255.0 { }`, "1:8", 'did you mean "subnet"?'],
  [`${SUBNET} { rnage 10.0.0.4 10.0.0.5; }`, "1:47", 'did you mean "range"?'],
  [`${SUBNET} { routers 10.0.0.1; }`, "1:49", 'did you mean "option routers"?'],
  ["host a { hardwear ethernet 00:11:22:33:44:55; }", "1:19", 'did you mean "hardware"?'],
  ["host a { fixed-adress 10.0.0.4; }", "1:23", 'did you mean "fixed-address"?'],
  ["if known { defualt-lease-time 600; }", "1:31", 'did you mean "default-lease-time"?'],
  ["option domain-name-server 10.0.0.1;", "1:8", 'did you mean "domain-name-servers"?'],
  ["option netmask 255.255.255.0;", "1:8", "the option is called subnet-mask"],
  ["option agent.circuit 1;", "1:14", "define it first: option agent.circuit code NUMBER = TYPE;"],
  ["filename pxelinux.0;", "1:18", "put text in quotes"],
  ['option domain-name "x"\noption routers 10.0.0.1;', "2:1", 'write ";" after "x" on line 1'],
  [`${SUBNET} { }\n}`, "1:41", 'the "}" on line 2 closes nothing'],
  ["group {\noption routers 10.0.0.1;\n", "2:24", 'a "}" is missing: the block begins on line 1'],
])("%s", (text, place, mend) => {
  const [first] = load(text).diagnostics;
  expect(`${first?.location.line}:${first?.location.column}`).toBe(place);
  expect(first?.severity).toBe("error");
  expect(first?.mend).toContain(mend);
});

test("a word alone that is nearly a statement is told, though dhcpd takes it for a variable", () => {
  expect(load("authoritive;").diagnostics).toMatchObject([{ severity: "warning", mend: 'did you mean "authoritative"?' }]);
});

test("what belongs elsewhere is not proposed", () => {
  const [first] = load("group { rang 10.0.0.4; }").diagnostics;
  expect(first?.mend).not.toContain("range");
});

test("nearest word: one change, swaps, ties, distance", () => {
  const words = ["range", "range6", "filename", "pool", "pool6", "host"];
  expect(nearestWord("rnage", words)).toBe("range");
  expect(nearestWord("FILENAM", words)).toBe("filename");
  expect(nearestWord("pool7", words)).toBeUndefined(); // pool and pool6 are equally near
  expect(nearestWord("ho", words)).toBeUndefined();
  expect(nearestWord("completely-else", words)).toBeUndefined();
});

test("a file full of nonsense is answered quickly", () => {
  const start = performance.now();
  const { diagnostics } = load("optoin routers 1;\n".repeat(100_000));
  expect(diagnostics).toHaveLength(500);
  expect(performance.now() - start).toBeLessThan(4000);
});
