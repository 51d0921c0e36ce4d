import { expect, test } from "vitest";
import { loadConfig } from "../../../edge-agent/config/load.ts";
import { LINT_RULES, lint } from "../../../edge-agent/lint/lint.ts";
import { err } from "../../../edge-agent/values/result.ts";

const PEER = `failover peer "p" { primary; address 10.9.0.1; port 647; peer address 10.9.0.2; peer port 647; max-response-delay 30;
  max-unacked-updates 10; mclt 600; split 128; load balance max seconds 3; }\n`;
const GOOD_OPTIONS = "option routers 10.0.0.1; option domain-name-servers 10.0.0.2;";
const subnet = (body: string) => `subnet 10.0.0.0 netmask 255.255.255.0 { ${GOOD_OPTIONS} ${body} }\n`;
const SOUND = `authoritative; default-lease-time 3600; max-lease-time 7200;\n${subnet("range 10.0.0.10 10.0.0.99;")}`;

function findings(text: string) {
  const loaded = loadConfig({ path: "dhcpd.conf", text, readFile: () => err("none"), resolveHost: () => undefined });
  const errors = loaded.diagnostics
    .filter(({ severity }) => severity === "error")
    .map(({ message, location }) => `${location.line}: ${message}`);
  expect(errors).toEqual([]);
  return loaded.config === undefined ? [] : lint(loaded.config);
}

/** For each rule a file that breaks it, and the line that is to blame. */
const CASES: Readonly<Record<string, readonly [string, number]>> = {
  "reservation-in-range": [`${SOUND}host a { hardware ethernet 2:0:0:0:0:1; fixed-address 10.0.0.50; }`, 3],
  "edge-in-range": [`authoritative;\n${subnet("range 10.0.0.200 10.0.0.255;")}`, 2],
  "infrastructure-in-range": [`authoritative;\n${subnet("range 10.0.0.1 10.0.0.9;")}`, 2],
  "huge-range": [`authoritative;\nsubnet 10.0.0.0 netmask 255.0.0.0 { ${GOOD_OPTIONS} range 10.1.0.0 10.2.255.254; }`, 2],
  "duplicate-fixed-address": [
    `${SOUND}host a { hardware ethernet 2:0:0:0:0:1; fixed-address 10.0.0.5; }\nhost b { hardware ethernet 2:0:0:0:0:2; fixed-address 10.0.0.5; }`,
    4,
  ],
  "duplicate-hardware": [
    `${SOUND}host a { hardware ethernet 2:0:0:0:0:1; fixed-address 10.0.0.5; }\nhost b { hardware ethernet 2:0:0:0:0:1; fixed-address 10.0.0.6; }`,
    4,
  ],
  "fixed-address-outside": [`${SOUND}host a { hardware ethernet 2:0:0:0:0:1; fixed-address 10.7.0.5; }`, 3],
  "host-without-identity": [`${SOUND}host a { fixed-address 10.0.0.5; }`, 3],
  "odd-hardware": [`${SOUND}host a { hardware ethernet 2:0:0:0:0; fixed-address 10.0.0.5; }`, 3],
  "router-outside": [`authoritative;\nsubnet 10.0.0.0 netmask 255.255.255.0 {\noption routers 10.0.9.1; }`, 3],
  "lease-time-order": [`${SOUND}default-lease-time 90000;`, 1],
  "short-lease": [`${SOUND}default-lease-time 30;`, 3],
  "long-lease": [`${SOUND}max-lease-time 90000000;\ndefault-lease-time 9000000;`, 4],
  "mclt-above-lease": [
    `${PEER}authoritative; default-lease-time 300;${subnet('pool { failover peer "p"; range 10.0.0.10 10.0.0.99; }')}`,
    1,
  ],
  "empty-class": [`${SOUND}class "nobody" { option host-name "x"; }`, 3],
  "unreachable-pool": [
    `authoritative;\nclass "c" { match option vendor-class-identifier; }\n${subnet('pool { range 10.0.0.10 10.0.0.99; allow members of "c"; }')}`,
    3,
  ],
  "contradicting-permits": [
    `authoritative;\n${subnet("pool { range 10.0.0.10 10.0.0.99; allow unknown clients; deny unknown clients; }")}`,
    2,
  ],
  "booting-denied": [`${SOUND}deny booting;`, 3],
  "pool-without-partner": [
    `${PEER}authoritative; default-lease-time 3600;\nsubnet 10.0.0.0 netmask 255.255.255.0 { ${GOOD_OPTIONS} pool { failover peer "p"; range 10.0.0.10 10.0.0.99; }\npool { range 10.0.0.100 10.0.0.120; } }`,
    5,
  ],
  "wrong-subnet-mask": [`authoritative;\n${subnet("option subnet-mask 255.255.0.0;")}`, 2],
  "wrong-broadcast": [`authoritative;\n${subnet("option broadcast-address 10.0.1.255;")}`, 2],
  "missing-essentials": ["authoritative;\nsubnet 10.0.0.0 netmask 255.255.255.0 { range 10.0.0.10 10.0.0.99; }", 2],
  "protocol-option": [`${SOUND}option dhcp-max-message-size 600;`, 3],
  "odd-name": [`${SOUND}option domain-name "a.example b.example";`, 3],
  "useless-name-server": [`${SOUND}option domain-name-servers 127.0.0.1;`, 3],
  "filename-without-server": [`${SOUND}filename "boot";`, 3],
  "not-authoritative": [subnet("range 10.0.0.10 10.0.0.99;"), 1],
  "execute-needs-flag": [`${SOUND}on commit { execute("/bin/true"); }`, 3],
  "own-partner": [PEER.replace("10.9.0.2", "10.9.0.1") + subnet('pool { failover peer "p"; range 10.0.0.10 10.0.0.99; }'), 1],
  "unequal-ports": [PEER.replace("peer port 647", "peer port 847") + subnet('pool { failover peer "p"; range 10.0.0.10 10.0.0.99; }'), 1],
  "one-sided-balance": [PEER.replace("split 128", "split 256") + subnet('pool { failover peer "p"; range 10.0.0.10 10.0.0.99; }'), 1],
  "load-balance-off": [
    PEER.replace("load balance max seconds 3;", "") + subnet('pool { failover peer "p"; range 10.0.0.10 10.0.0.99; }'),
    1,
  ],
  "auto-partner-down": [
    PEER.replace("split", "auto-partner-down 60; split") + subnet('pool { failover peer "p"; range 10.0.0.10 10.0.0.99; }'),
    1,
  ],
  "tight-failover-limits": [
    PEER.replace("max-response-delay 30", "max-response-delay 4") + subnet('pool { failover peer "p"; range 10.0.0.10 10.0.0.99; }'),
    1,
  ],
  "bootp-in-failover": [PEER + subnet('pool { failover peer "p"; allow dynamic bootp clients; range 10.0.0.10 10.0.0.99; }'), 3],
  "unsigned-zone": [`${SOUND}zone example.org. { primary 10.0.0.2; }`, 1],
  "weak-key": [`${SOUND}key k { algorithm hmac-md5; secret "c2hvcnQ="; }`, 1],
  "open-omapi": [`${SOUND}omapi-port 7911;`, 3],
  "ddns-off": [
    `${SOUND}ddns-update-style none;\nkey k { algorithm hmac-md5; secret "MDEyMzQ1Njc4OWFiY2RlZg=="; }\nzone example.org. { primary 10.0.0.2; key k; }`,
    3,
  ],
  "ping-check-off": [`ping-check off;\n${SOUND}`, 1],
  "long-ddns-domain": [`${SOUND}ddns-domainname "${"a.".repeat(110)}example.org";`, 3],
};

/** The configuration's own checks already refuse these files, as dhcpd does; the rules remain for configurations made otherwise. */
const REFUSED_BEFORE = new Set(["overlapping-ranges", "unused-peer"]);

test("a sound file has no findings", () => {
  expect(findings(SOUND)).toEqual([]);
});

test("every rule has a case", () => {
  expect(LINT_RULES.length).toBeGreaterThanOrEqual(30);
  expect(new Set(LINT_RULES.map(({ name }) => name)).size).toBe(LINT_RULES.length);
  expect(LINT_RULES.map(({ name }) => name).filter((name) => !(name in CASES) && !REFUSED_BEFORE.has(name))).toEqual([]);
});

test.each(Object.entries(CASES))("%s", (rule, [text, line]) => {
  const all = findings(text);
  const found = all.find((finding) => finding.rule === rule);
  expect(all.map((finding) => finding.rule)).toContain(rule);
  expect(found?.location.line).toBe(line);
  expect(found?.mend).not.toBe("");
});

test("10,000 hosts are checked in a moment", () => {
  const hosts = Array.from({ length: 10_000 }, (_, index) => {
    const bytes = [2, 0, 0, index >> 16, (index >> 8) & 255, index & 255].map((byte) => byte.toString(16)).join(":");
    return `host h${index} { hardware ethernet ${bytes}; fixed-address 10.1.${index >> 8}.${index & 255}; }`;
  });
  const text = `authoritative;\nsubnet 10.1.0.0 netmask 255.255.0.0 { ${GOOD_OPTIONS.replaceAll("10.0.0", "10.1.250")} range 10.1.200.1 10.1.201.254; }\n${hosts.join("\n")}`;
  expect(findings(text)).toEqual([]);
});
