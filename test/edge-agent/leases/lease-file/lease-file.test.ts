import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Lease } from "../../../../edge-agent/leases/lease.ts";
import { formatDate } from "../../../../edge-agent/leases/lease-file/dates.ts";
import {
  DEFAULT_STYLE,
  formatDeclaration,
  formatEndpoint,
  formatHeader,
  formatLease,
  type LeaseFileStyle,
} from "../../../../edge-agent/leases/lease-file/format.ts";
import { importLeaseFile, readEditedFailoverState } from "../../../../edge-agent/leases/lease-file/import.ts";
import { parseLeaseFile } from "../../../../edge-agent/leases/lease-file/parse.ts";
import { decodeDeclaration, decodeEndpoint, encodeRecord, type RecordedEndpoint } from "../../../../edge-agent/leases/lease-file/types.ts";
import { formatIpv4, type Ipv4Address } from "../../../../edge-agent/values/ipv4.ts";
import { type EpochSeconds, NEVER, NO_TIME } from "../../../../edge-agent/values/time.ts";
import { anyLease } from "../../../support/lease-arbitraries.ts";

const fixture = (name: string): string => readFileSync(join(import.meta.dirname, `../../../fixtures/leases/${name}.leases`), "latin1");
const PAST = NO_TIME;
const HEX: LeaseFileStyle = { ...DEFAULT_STYLE, ids: "hex" };
const anyRecord = anyLease(fc.integer({ min: 1, max: 0xffffffff }));

/** What is not written, or not exactly: see each line. */
function asWritten(lease: Lease): unknown {
  const time = (value: EpochSeconds): number => (value >= 0x7fffffff ? NEVER : value);
  const { failover, agentOptions: _, ...rest } = lease;
  return {
    ...rest,
    starts: time(lease.starts),
    ends: time(lease.ends),
    cltt: time(lease.cltt),
    clientId: lease.clientId?.length ? [...lease.clientId] : undefined,
    hardware: lease.hardware && { htype: lease.hardware.htype, bytes: [...lease.hardware.bytes] },
    hostname: lease.hostname !== undefined && /^[ !#-[\]-~]+$/.test(lease.hostname) ? lease.hostname : undefined,
    variables: [...lease.variables].map(([name, value]) => [name, [...value]]),
    failover: failover && {
      tstp: time(failover.tstp),
      tsfp: time(failover.tsfp),
      atsfp: time(failover.atsfp),
      rewind: failover.rewindStatus,
    },
  };
}

describe("files that dhcpd wrote", () => {
  test.each(["single-server", "failover-primary", "failover-secondary", "omapi"])(
    "every block of %s is written again as it stands",
    (name) => {
      const text = fixture(name);
      expect(parseLeaseFile(text).problems).toEqual([]);
      const blocks = text.match(/^lease [^{]*\{\n(?:.*\n)*?\}\n|^failover [^{]*\{\n(?:.*\n)*?\}\n/gm) ?? [];
      expect(blocks.length).toBeGreaterThan(8);
      for (const block of blocks.filter((each) => !/set .* = (true|false|%\d+);/.test(each))) {
        const { leases, endpoints } = parseLeaseFile(block);
        const again = leases.map((lease) => formatLease(lease, PAST, DEFAULT_STYLE)).join("");
        const endpoint = endpoints
          .map((each) =>
            formatEndpoint(each, DEFAULT_STYLE)
              .trimStart()
              .replace(/ {2}# .*\n/, ""),
          )
          .join("");
        expect(again + endpoint).toBe(block);
      }
    },
  );

  test("option 82, billing, variables, bootp and what a client sent are read", () => {
    const file = parseLeaseFile(fixture("single-server"));
    const at = (address: string): Lease | undefined => file.leases.find((lease) => formatIpv4(lease.address) === address);
    expect(file.leases.length).toBe(8);
    const relayed = at("10.99.0.14");
    expect(relayed?.agentOptions && Buffer.from(relayed.agentOptions).toString("hex")).toBe(
      "01040001616202057265 6d2278090461626364".replace(" ", ""),
    );
    expect(relayed).toMatchObject({ status: "ACTIVE", billingClass: "lim/01020000000005", hostname: "relay5", failover: undefined });
    expect(Buffer.from(relayed?.variables.get("my-bin") ?? []).toString("latin1")).toBe("\x01\x02\xffa");
    expect(Buffer.from(at("10.99.0.12")?.clientId ?? []).toString("latin1")).toBe('\0plain"q\\x');
    expect(at("10.99.0.15")).toMatchObject({ status: "FREE", failover: undefined });
    expect(at("10.99.0.16")).toMatchObject({ status: "ABANDONED", failover: undefined });
    expect(at("10.99.0.70")).toMatchObject({ bootp: true, ends: NEVER });
    expect(file.serverDuid?.length).toBe(14);
    expect(file.authoringByteOrder).toBe("little-endian");
  });

  test("failover state and run-time declarations are imported as records", () => {
    const secondary = parseLeaseFile(fixture("failover-secondary"));
    const writes = importLeaseFile(secondary, { inFailoverPool: () => true, wallOffset: 10 });
    const record = writes.find((write) => write.kind === "record" && write.key === "failover/lab");
    const endpoint = record?.kind === "record" && record.value ? decodeEndpoint(record.value) : undefined;
    expect(endpoint?.mclt).toBeGreaterThan(0);
    expect(endpoint?.myStos).toBe((secondary.endpoints[0]?.myStos ?? 0) - 10);
    expect(writes.filter(({ kind }) => kind === "lease").length).toBe(secondary.leases.length);

    const hosts = parseLeaseFile(
      'host h1 {\n  dynamic;\n  hardware ethernet 02:00:00:00:00:01;\n  fixed-address 10.0.0.1;\n  option host-name "a;b}";\n}\nhost gone {\n  dynamic;\n  deleted;\n}\ngroup g1 {\n  dynamic;\n        if known {\n      option host-name "x";\n    }\n}\n',
    );
    expect(hosts.problems).toEqual([]);
    expect(hosts.declarations.map(({ kind, name }) => `${kind} ${name}`)).toEqual(["host h1", "host gone", "group g1"]);
    expect(hosts.declarations[0]?.body).toContain('option host-name "a;b}";');
    expect(hosts.declarations[1]?.body).toBeUndefined();
    for (const declaration of hosts.declarations) {
      expect(decodeDeclaration(encodeRecord(declaration))).toEqual(declaration);
      expect(parseLeaseFile(formatDeclaration(declaration)).declarations[0]?.body?.replace(/\s+/g, " ")).toBe(
        declaration.body?.replace(/\s+/g, " "),
      );
    }
  });

  test("a host of the configuration that was changed at run time is deleted first, as dhcpd writes it", () => {
    const text = "host fixed {\n  deleted;\n}\nhost fixed {\n  hardware ethernet 02:00:00:00:77:01;\n  fixed-address 10.5.0.6;\n}\n";
    const [changed] = parseLeaseFile(text).declarations;
    expect(changed).toMatchObject({ name: "fixed", replaces: true });
    if (changed !== undefined) expect(formatDeclaration(changed)).toBe(text);
    const [hidden] = parseLeaseFile("host fixed {\n  deleted;\n}\n").declarations;
    expect(hidden).toEqual({ kind: "host", name: "fixed", body: undefined, replaces: true });
    if (hidden !== undefined) expect(formatDeclaration(hidden)).toBe("host fixed {\n  deleted;\n}\n");
  });
});

describe("what is written is read", () => {
  test("any lease survives, but for what dhcpd's format cannot say", () => {
    for (const style of [DEFAULT_STYLE, HEX, { ...DEFAULT_STYLE, dates: "local" as const }])
      fc.assert(
        fc.property(anyRecord, fc.boolean(), (any, failover) => {
          const statuses = { ACTIVE: 1, FREE: 1, ABANDONED: 1 };
          const lease: Lease = {
            ...any,
            variables: new Map([...any.variables].filter(([, value]) => value.length > 0).map(([, value], index) => [`v${index}`, value])),
            hardware: any.hardware?.bytes.length === 0 ? undefined : any.hardware,
            billingClass: undefined,
            status: failover || any.status in statuses ? any.status : "ACTIVE",
            failover: failover
              ? { tstp: 5 as EpochSeconds, tsfp: 6 as EpochSeconds, atsfp: 7 as EpochSeconds, owed: false, rewindStatus: any.status }
              : undefined,
          };
          const file = parseLeaseFile(formatHeader(undefined, style) + formatLease(lease, PAST, style));
          expect(file.problems).toEqual([]);
          // what stands first in the file was made last, so that reading turns the order of variables, as in dhcpd
          const turned = { ...lease, variables: new Map([...lease.variables].reverse()) };
          expect(file.leases.map(asWritten)).toEqual([asWritten(turned)]);
        }),
      );
  });

  test("dates are those of the calendar", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 0x7ffffffe }), (time) => {
        const date = new Date(time * 1000);
        const expected = `${date.getUTCDay()} ${date.toISOString().slice(0, 19).replaceAll("-", "/").replace("T", " ")};`;
        expect(formatDate(time as EpochSeconds, "default")).toBe(expected);
        const read = parseLeaseFile(`lease 10.0.0.1 { starts ${expected} ends ${formatDate(time as EpochSeconds, "local")}\n }`);
        expect(read.leases[0]).toMatchObject({ starts: time, ends: time });
      }),
    );
  });
});

describe("bad files", () => {
  test("a bad statement costs that lease, and says where", () => {
    const file = parseLeaseFile(
      "lease 10.0.0.1 { binding state free; }\nlease 10.0.0.2 {\n  starts x;\n  on expiry { set a = 1; }\n}\nwhat { a; }\nlease 10.0.0.3 { }\nlease 10.0.0.4 { frobnicate 7; }\nlease 10.0.0.1 { binding state backup; }\n",
    );
    expect(file.leases.map(({ address, status }) => `${formatIpv4(address)} ${status}`)).toEqual(["10.0.0.3 FREE", "10.0.0.1 BACKUP"]);
    expect(file.problems).toEqual([
      { line: 3, message: 'expecting a number, found "x"' },
      { line: 6, message: 'expecting lease declaration, found "what"' },
      { line: 8, message: 'unknown lease statement frobnicate, found "7"' },
    ]);
  });

  test("events, foreign options, classes and v6 leases are skipped", () => {
    const file = parseLeaseFile(
      'class "a" { match if option x = "}"; }\nsubclass "a" 1:2 { lease limit 4; }\nia-na "x" { cltt 1 2020/01/01 00:00:00; iaaddr 2001:db8::1 { binding state active; } }\nlease 10.0.0.1 {\n  uid 01:2:ff;\n  option dhcp-x.y 1, 2;\n  on expiry or release {\n    if (1 = 1) { log("}"); }\n  }\n  billing class "c";\n  billing subclass "s" "ab";\n}\n',
    );
    expect(file.problems).toEqual([]);
    expect(file.leases[0]).toMatchObject({ clientId: Uint8Array.of(1, 2, 255), billingClass: "s/6162" });
  });

  test("garbage and cut files never throw, and never hang", () => {
    const whole = fixture("omapi");
    fc.assert(
      fc.property(fc.nat(whole.length), fc.nat(whole.length), fc.string(), (cut, at, junk) => {
        parseLeaseFile(whole.slice(0, cut));
        parseLeaseFile(whole.slice(0, at) + junk + whole.slice(at));
      }),
      { numRuns: 30 },
    );
    fc.assert(
      fc.property(
        fc.array(
          fc.constantFrom("lease", "10.0.0.1", "{", "}", ";", "failover", "peer", '"', "host", "=", "starts", "#", "\n", "my", "state"),
          { maxLength: 40 },
        ),
        (words) => {
          parseLeaseFile(words.join(" "));
        },
      ),
    );
  });
});

describe("an edited failover state", () => {
  const endpoint: RecordedEndpoint = {
    name: "lab",
    myState: "communications-interrupted",
    myStos: 1_000_000 as EpochSeconds,
    partnerState: "normal",
    partnerStos: 999_000 as EpochSeconds,
    mclt: 60,
  };

  test("is noticed whatever the store says meanwhile, and our own writing is not one", () => {
    const written = formatEndpoint(endpoint, DEFAULT_STYLE);
    const later = { ...endpoint, myState: "normal" as const };
    const edited = (text: string, stored: RecordedEndpoint | undefined): readonly RecordedEndpoint[] =>
      readEditedFailoverState(parseLeaseFile(text), () => stored, 0);
    expect(edited(written, later)).toEqual([]);
    expect(edited(written.replace("communications-interrupted", "partner-down"), endpoint)).toEqual([
      { ...endpoint, myState: "partner-down" },
    ]);
    expect(
      edited(
        `${written}\nfailover peer "lab" state { my state partner-down at 1 2026/11/23 00:00:00; partner state normal at never; }`,
        endpoint,
      ).length,
    ).toBe(1);
    expect(edited(written.replace(/.*unedited.*\n/, ""), endpoint)).toEqual([]);
  });

  test("addresses far from any pool are imported without failover times", () => {
    const file = parseLeaseFile("lease 10.0.0.9 { ends epoch 50; tsfp epoch 60; binding state expired; }");
    const [inside] = importLeaseFile(file, { inFailoverPool: () => true, wallOffset: 0 });
    const [outside] = importLeaseFile(file, { inFailoverPool: (address) => address !== (0x0a000009 as Ipv4Address), wallOffset: 0 });
    expect(inside?.kind === "lease" && inside.lease.failover?.tsfp).toBe(60);
    expect(outside?.kind === "lease" && outside.lease.failover).toBeUndefined();
  });
});
