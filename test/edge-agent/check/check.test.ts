import { expect, test } from "vitest";
import { parseCheckArguments } from "../../../edge-agent/check/arguments.ts";
import { compareConfigs } from "../../../edge-agent/check/compare.ts";
import { explain } from "../../../edge-agent/check/explain.ts";
import { optionText } from "../../../edge-agent/check/option-text.ts";
import { renderComparison } from "../../../edge-agent/check/render-comparison.ts";
import { renderExplanation } from "../../../edge-agent/check/render-explanation.ts";
import { checkReport, fails, renderReport } from "../../../edge-agent/check/report.ts";
import { sourceOf } from "../../../edge-agent/config/source.ts";
import { hexBytes } from "../../../edge-agent/dhcp/wire/trial-discover.ts";
import { epochSeconds, monotonicMillis } from "../../../edge-agent/values/time.ts";
import { configOf, load } from "../../support/load-config.ts";

const PRIMARY = `authoritative;
option domain-name "example.org";
default-lease-time 7200;
failover peer "f" { primary; address 10.0.0.2; peer address 10.0.0.3; mclt 600; split 128; load balance max seconds 3; }
class "phones" { match if substring(option vendor-class-identifier, 0, 5) = "phone"; option time-offset 3600; next-server 10.0.0.7; }
option arch code 93 = unsigned integer 16;
option domain-search "a.example.org", "b.example.org";
if option arch = 00:07 { filename "uefi.efi"; } else { filename "bios.0"; }
shared-network "n" {
subnet 10.0.0.0 netmask 255.255.255.0 {
option routers 10.0.0.1, 10.0.0.254;
pool { failover peer "f"; range 10.0.0.10 10.0.0.99; deny members of "phones"; }
pool { failover peer "f"; range 10.0.0.100 10.0.0.199; allow members of "phones"; default-lease-time 900; ddns-update-style none; }
} }
host a { hardware ethernet 00:11:22:33:44:55; fixed-address 10.0.0.4; option host-name "a"; }
host b { hardware ethernet 00:11:22:33:44:56; option domain-name-servers 10.0.0.5; }
`;
const SECONDARY = PRIMARY.replace(
  "primary; address 10.0.0.2; peer address 10.0.0.3; mclt 600; split 128;",
  "secondary; address 10.0.0.3; peer address 10.0.0.2;",
);

const AT = { now: epochSeconds(1_800_000_000), monotonic: monotonicMillis(0), wallOffset: 0 };
const client = (hardware: string, more: { vendorClass?: string; via?: string } = {}) => ({
  hardware,
  clientId: undefined,
  vendorClass: more.vendorClass,
  via: more.via,
});
function explained(text: string, who: ReturnType<typeof client>) {
  const found = explain(configOf(text), who, "here", AT);
  if (!found.ok) throw new Error(found.error);
  return found.value;
}

test("explain: a member of a class with a host declaration", () => {
  const found = explained(PRIMARY, client("00:11:22:33:44:56", { vendorClass: "phone7" }));
  expect(renderExplanation(found, "00:11:22:33:44:56")).toMatchInlineSnapshot(`
    "client   00:11:22:33:44:56
    network  n  [dhcpd.conf:9]
    host     b  [dhcpd.conf:16]
    class    phones  [dhcpd.conf:5]
    pool     10.0.0.10 - 10.0.0.99: keeps it out (deny members of "phones"), shared by failover "f"  [dhcpd.conf:12]
    pool     10.0.0.100 - 10.0.0.199: lets it in (allow members of "phones"), shared by failover "f"  [dhcpd.conf:13]

    option domain-name          "example.org"                     [dhcpd.conf:2 global]
    option domain-search        "a.example.org", "b.example.org"  [dhcpd.conf:7 global]
    option routers              10.0.0.1, 10.0.0.254              [dhcpd.conf:11 subnet 10.0.0.0/24]
    option time-offset          3600                              [dhcpd.conf:5 class phones]
    option domain-name-servers  10.0.0.5                          [dhcpd.conf:16 host b]
    default-lease-time          900 (15 min)                      [dhcpd.conf:13 pool n]
    filename                    "bios.0"                          [dhcpd.conf:8 global, by the condition on line 8]
    next-server                 10.0.0.7                          [dhcpd.conf:5 class phones]
    ddns-update-style           none                              [dhcpd.conf:13 pool n]

    conditional, and not for this client as described:
      filename  [dhcpd.conf:8:26]
    "
  `);
});

test("explain: a fixed address, and what append and encapsulation make", () => {
  const text = `option space acme; option acme.mode code 1 = integer 8; option acme.server code 2 = ip-address;
vendor-option-space acme; option acme.mode 3;
option domain-name-servers 10.0.0.5;
subnet 10.0.0.0 netmask 255.255.255.0 {
append domain-name-servers 10.0.0.6; }
host a { hardware ethernet 00:11:22:33:44:55; fixed-address 10.0.0.4; option acme.server 10.0.0.9; }`;
  const { settings } = explained(text, client("00:11:22:33:44:55")).effective;
  const told = settings.map(({ name, value, from }) => `${name} = ${value} @${from.map(({ location }) => location.line).join("+")}`);
  expect(told).toEqual([
    "option domain-name-servers = 10.0.0.5, 10.0.0.6 @3+5",
    "option acme.mode = 3 @2",
    "option acme.server = 10.0.0.9 @6",
    "vendor-option-space = acme @2",
  ]);
});

test("explain: where the client asks must be known", () => {
  const two =
    "subnet 10.0.0.0 netmask 255.255.255.0 { option routers 10.0.0.1; }\nsubnet 10.1.0.0 netmask 255.255.255.0 { option routers 10.1.0.1; }";
  const config = configOf(two);
  const asked = (via?: string) => explain(config, client("00:11:22:33:44:55", via === undefined ? {} : { via }), "here", AT);
  expect(asked()).toEqual({ ok: false, error: expect.stringContaining("say where the client asks") });
  expect(asked("10.2.0.1")).toEqual({ ok: false, error: "no declared subnet covers 10.2.0.1" });
  expect(asked("elsewhere")).toEqual({ ok: false, error: expect.stringContaining('no network is called "elsewhere"') });
  expect(asked("10.1.0.1")).toMatchObject({
    ok: true,
    value: { network: { name: "10.1.0.0/24" }, effective: { settings: [{ value: "10.1.0.1" }] } },
  });
  expect(asked("10.0.0.0/24")).toMatchObject({ ok: true, value: { effective: { settings: [{ value: "10.0.0.1" }] } } });
});

const compared = (left: string, right: string) => compareConfigs(configOf(left), configOf(right));

test("partners that agree have no difference", () => {
  expect(compared(PRIMARY, SECONDARY)).toEqual([]);
});

test.each([
  ["addresses", "10.0.0.199", "10.0.0.189", ['addresses shared by failover "f" in one file only']],
  [
    "a hole",
    "range 10.0.0.10 10.0.0.99",
    "range 10.0.0.10 10.0.0.50; range 10.0.0.60 10.0.0.99",
    ['addresses shared by failover "f" in one file only'],
  ],
  ["permits", 'deny members of "phones"', "deny unknown-clients", ["pool of 10.0.0.10 - 10.0.0.99: deny"]],
  ["an option around both pools", "10.0.0.254", "10.0.0.253", ["pool of 10.0.0.10 - 10.0.0.99: option routers"]],
  ["a parameter of one pool", "default-lease-time 900", "default-lease-time 901", ["pool of 10.0.0.100 - 10.0.0.199: default-lease-time"]],
  ["a condition", "uefi.efi", "uefi2.efi", ["pool of 10.0.0.10 - 10.0.0.99: if statement 1"]],
  ["a class", "0, 5) =", "0, 4) =", ['class "phones": match if']],
  ["a class's option", "time-offset 3600", "time-offset 0", ['class "phones": option time-offset']],
  ["a host", "fixed-address 10.0.0.4", "fixed-address 10.0.0.5", ["host a: fixed-address"]],
  ["a host's hardware", "33:44:55", "33:44:57", ["host a: who it is"]],
  [
    "the partner's address",
    "peer address 10.0.0.2",
    "peer address 10.0.0.9",
    ['failover peer "f": address here is not the peer address there'],
  ],
  ["the port", "secondary;", "secondary; port 847;", ['failover peer "f": port there is not the peer port here']],
  [
    "authority",
    "authoritative;\n",
    "\n",
    ["pool of 10.0.0.10 - 10.0.0.99: authoritative", "pool of 10.0.0.100 - 10.0.0.199: authoritative"],
  ],
])("a difference in %s is told", (_, before, after, messages) => {
  expect(SECONDARY).toContain(before);
  const differences = compared(PRIMARY, SECONDARY.replaceAll(before, after));
  expect(differences.map(({ message }) => message)).toEqual(messages);
  expect(differences.every(({ matters }) => matters)).toBe(true);
});

test("what belongs to one machine is no difference; the same role on both is", () => {
  expect(compared(PRIMARY, `server-identifier 10.0.0.3; omapi-port 7911; lease-file-name "/x";\n${SECONDARY}`)).toEqual([]);
  const same = compared(PRIMARY, PRIMARY);
  expect(same[0]?.message).toBe('failover peer "f": both are primary; one must be primary, the other secondary');
  const text = renderComparison(same, "a.conf", "b.conf");
  expect(text).toContain("3 differences that partners must not have");
  expect(text).toContain("  < dhcpd.conf:4:1: primary");
});

test("the report: order, rules, counts, exit", () => {
  const text = "default-lease-time 100;\nsubnet 10.0.0.0 netmask 255.255.255.0 { range 10.0.0.10 10.0.0.255; }\n";
  const report = checkReport("dhcpd.conf", load(text), true, () => sourceOf("dhcpd.conf", text));
  expect(report.findings.map(({ rule, location }) => [rule, location.line])).toContainEqual(["edge-in-range", 2]);
  expect(report.summary).toMatchObject({ networks: 1, addresses: 246, hosts: 0 });
  expect([fails(report, false), fails(report, true)]).toEqual([false, true]);
  expect(renderReport(report, false)).toMatch(/^dhcpd\.conf:2:\d+: warning: .* \[edge-in-range\]\nsubnet 10\.0\.0\.0 .*\n +\^\n {2}\S/m);
  expect(renderReport(report, true)).toMatch(/^dhcpd\.conf line 2: /m);
  const broken = checkReport("dhcpd.conf", load("optoin x;\n"), true, () => undefined);
  expect(renderReport(broken, false)).toContain("dhcpd.conf: the agent would refuse this file, 1 error\n");
  expect(fails(broken, false)).toBe(true);
});

test("values are told as one would write them", () => {
  const config = configOf(
    "option rec code 200 = { ip-address, unsigned integer 16, boolean }; option recs code 201 = array of { ip-address, integer 8 };",
  );
  const told = (code: number, ...bytes: number[]) => {
    const option = config.optionDefinitions.get("dhcp")?.get(code);
    return option === undefined ? undefined : optionText(option, Uint8Array.from(bytes));
  };
  expect(told(3, 10, 0, 0, 1, 10, 0, 0, 2)).toBe("10.0.0.1, 10.0.0.2");
  expect(told(3, 10, 0, 0)).toBe("0a:00:00");
  expect(told(2, 255, 255, 255, 255)).toBe("-1");
  expect(told(51, 255, 255, 255, 255)).toBe("4294967295");
  expect(told(19, 1)).toBe("on");
  expect(told(15, 97, 34, 7)).toBe('"a\\"\\007"');
  expect(told(119, 1, 97, 0, 1, 98, 0xc0, 0)).toBe('"a", "b.a"');
  expect(told(200, 10, 0, 0, 1, 1, 0, 1)).toBe("10.0.0.1 256 on");
  expect(told(201, 10, 0, 0, 1, 255, 10, 0, 0, 2, 2)).toBe("10.0.0.1 -1, 10.0.0.2 2");
});

test("arguments", () => {
  const parsed = (...words: string[]) => parseCheckArguments(words);
  expect(parsed("--help")).toEqual({ ok: true, value: "help" });
  expect(parsed("f", "--explain=00:11:22:33:44:55", "--via", "10.0.0.1", "--json")).toMatchObject({
    ok: true,
    value: { file: "f", explain: { hardware: "00:11:22:33:44:55", via: "10.0.0.1" }, json: true, lint: true },
  });
  expect(parsed("f", "--compare")).toEqual({ ok: false, error: "check: --compare needs a value" });
  expect(parsed("f", "--via", "x")).toEqual({ ok: false, error: "check: --via goes with --explain MAC" });
  expect(parsed("f", "g").ok).toBe(false);
  expect(parsed().ok).toBe(false);
  expect(parsed("f", "--bogus").ok).toBe(false);
  expect(hexBytes("01:a:ff")).toEqual(Uint8Array.of(1, 10, 255));
  expect(hexBytes("01f")).toBeUndefined();
});
