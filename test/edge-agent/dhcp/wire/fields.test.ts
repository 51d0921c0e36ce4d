import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { joinBytes } from "../../../../edge-agent/dhcp/wire/decode.ts";
import { bytesToLabels, decodeDomainList, encodeDomainList, labelsToBytes } from "../../../../edge-agent/dhcp/wire/domain-name.ts";
import { decodeFqdn, encodeFqdn, FQDN } from "../../../../edge-agent/dhcp/wire/fqdn.ts";
import { AGENT, agentAddress, decodeAgentOptions } from "../../../../edge-agent/dhcp/wire/relay-agent.ts";
import { decodeSubOptions, encodeSubOption } from "../../../../edge-agent/dhcp/wire/sub-options.ts";
import { formatIpv4 } from "../../../../edge-agent/values/ipv4.ts";
import { bytes } from "../../../support/expression-builder.ts";

const label = fc.stringMatching(/^[a-z0-9-]{1,20}$/);
const name = fc.array(label, { minLength: 1, maxLength: 6 }).map((labels) => labels.join("."));
const shown = (value: Uint8Array | undefined) => (value === undefined ? undefined : Buffer.from(value).toString("latin1"));

describe("RFC 1035 names", () => {
  test("a dotted name becomes labels with a root", () => {
    expect(labelsToBytes(bytes("ab.c"))).toEqual(bytes("\x02ab\x01c\0"));
    expect(labelsToBytes(bytes("ab.c."))).toEqual(bytes("\x02ab\x01c\0"));
    expect(labelsToBytes(bytes("a..b"))).toBeUndefined();
    expect(labelsToBytes(bytes("a".repeat(64)))).toBeUndefined();
    expect(labelsToBytes(bytes(`${"a".repeat(60)}.`.repeat(5)))).toBeUndefined();
  });
  test("labels past the end and pointers are refused", () => {
    expect(bytesToLabels(bytes([5, 65]))).toBeUndefined();
    expect(bytesToLabels(bytes([0xc0, 0]))).toBeUndefined();
    expect(bytesToLabels(bytes([1, 65]))).toMatchObject({ terminated: false, size: 2 });
  });
  test("RFC 3397: lists survive the wire, compressed or not", () => {
    fc.assert(
      fc.property(fc.array(name, { maxLength: 8 }), fc.boolean(), (names, compressed) => {
        expect(decodeDomainList(encodeDomainList(names, compressed)!)).toEqual(names);
      }),
    );
  });
  test("RFC 3397 §2: a common tail is a pointer", () => {
    expect(encodeDomainList(["eng.apple.com", "marketing.apple.com"], true)).toEqual(
      bytes("\x03eng\x05apple\x03com\0\x09marketing\xc0\x04"),
    );
  });
  test("pointers that point forward or at themselves are refused; garbage ends", () => {
    expect(decodeDomainList(bytes([0xc0, 0]))).toBeUndefined();
    expect(decodeDomainList(bytes([1, 65, 0xc0, 0]))).toBeUndefined();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (garbage) => {
        const names = decodeDomainList(garbage);
        expect(names === undefined || names.every((one) => one.length <= 255)).toBe(true);
      }),
    );
  });
});

describe("RFC 4702: option 81", () => {
  const parts = (value: Uint8Array) => Object.fromEntries([...(decodeFqdn(value) ?? [])].map(([code, part]) => [code, shown(part)]));
  test("ASCII encoding, with and without the NUL of broken clients", () => {
    expect(parts(bytes("\x01\0\0ab.example.com"))).toMatchObject({
      [FQDN.hostname]: "ab",
      [FQDN.domainname]: "example.com",
      [FQDN.fqdn]: "ab.example.com",
      [FQDN.serverUpdate]: "\x01",
      [FQDN.encoded]: "\0",
    });
    expect(parts(bytes("\x02\0\0ab.c\0"))).toMatchObject({ [FQDN.fqdn]: "ab.c", [FQDN.noClientUpdate]: "\x01" });
  });
  test("wire encoding: the domain keeps its dot, a partial name is all host name", () => {
    expect(parts(bytes("\x05\0\0\x02ab\x03com\0"))).toMatchObject({
      [FQDN.hostname]: "ab",
      [FQDN.domainname]: ".com",
      [FQDN.fqdn]: "ab.com",
    });
    const partial = parts(bytes("\x04\0\0\x02ab"));
    expect(partial).toMatchObject({ [FQDN.hostname]: "ab", [FQDN.fqdn]: "ab" });
    expect(partial[FQDN.domainname]).toBeUndefined();
  });
  test("too short, or labels past the end", () => {
    expect(decodeFqdn(bytes([0, 0]))).toBeUndefined();
    expect(decodeFqdn(bytes([4, 0, 0, 9, 65]))).toBeUndefined();
    expect(decodeFqdn(bytes([4, 0, 0]))?.get(FQDN.fqdn)).toBeUndefined();
  });
  test("encoded, as dhcpd answers", () => {
    const values = new Map([
      [FQDN.fqdn, bytes("x.example.org")],
      [FQDN.encoded, bytes([1])],
      [FQDN.noClientUpdate, bytes([1])],
      [FQDN.rcode1, bytes([255])],
    ]);
    expect(shown(encodeFqdn((code) => values.get(code as 1)))).toBe("\x06\xff\0\x01x\x07example\x03org\0");
    expect(encodeFqdn((code) => (code === FQDN.fqdn ? bytes("x") : undefined))).toEqual(bytes("\0\0\0x"));
  });
});

describe("options within options", () => {
  test("RFC 3046, RFC 3527, RFC 5107: sub-options of option 82", () => {
    const agent = bytes([1, 2, 65, 66, 5, 4, 10, 0, 0, 1, 11, 4, 10, 0, 0, 2]);
    expect(decodeAgentOptions(agent)?.get(AGENT.circuitId)).toEqual(bytes("AB"));
    expect(formatIpv4(agentAddress(agent, AGENT.linkSelection)!)).toBe("10.0.0.1");
    expect(formatIpv4(agentAddress(agent, AGENT.serverIdOverride)!)).toBe("10.0.0.2");
    expect(agentAddress(bytes([5, 3, 1, 2, 3]), AGENT.linkSelection)).toBeUndefined();
    expect(agentAddress(bytes([5, 9, 1]), AGENT.linkSelection)).toBeUndefined();
    expect(agentAddress(undefined, AGENT.linkSelection)).toBeUndefined();
  });
  test("every width survives; the first of two counts", () => {
    const widths = fc.record({
      codeWidth: fc.constantFrom(1 as const, 2 as const, 4 as const),
      lengthWidth: fc.constantFrom(1 as const, 2 as const),
    });
    fc.assert(
      fc.property(widths, fc.array(fc.tuple(fc.integer({ min: 1, max: 254 }), fc.uint8Array({ maxLength: 200 }))), (width, entries) => {
        const decoded = decodeSubOptions(joinBytes(entries.map(([code, value]) => encodeSubOption(code, value, width)!)), width);
        expect(decoded).toEqual(new Map([...entries].reverse()));
      }),
    );
  });
  test("what the length cannot say is not written", () => {
    expect(encodeSubOption(1, new Uint8Array(256), { codeWidth: 1, lengthWidth: 1 })).toBeUndefined();
  });
});
