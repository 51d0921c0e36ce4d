import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { evaluateScopes } from "../../../edge-agent/config/evaluate/scopes.ts";
import type { Statement } from "../../../edge-agent/config/expression.ts";
import { decodeMessage } from "../../../edge-agent/dhcp/wire/decode.ts";
import type { DhcpMessage } from "../../../edge-agent/dhcp/wire/message.ts";
import type { ReplyOption } from "../../../edge-agent/server/reply-layout.ts";
import { buildBootpReply, buildReply, type ReplyPlan } from "../../../edge-agent/server/response-options.ts";
import { ipv4 } from "../../../edge-agent/values/ipv4.ts";
import {
  bytes,
  define,
  discover,
  emptyConfig,
  fromPacket,
  HOST_NAME,
  input,
  number,
  s,
  scope,
  setOption,
  text,
} from "../../support/expression-builder.ts";

const config = emptyConfig();
const OFFER: readonly ReplyOption[] = [
  { code: 53, value: bytes([2]) },
  { code: 54, value: bytes([10, 0, 0, 1]) },
  { code: 51, value: bytes([0, 0, 2, 88]) },
];
const option = (code: number, value: string): Statement => setOption(define("dhcp", `o${code}`, code, { kind: "text" }), text(value));
const chainOf = (...statements: Statement[]) => [scope(true, ...statements)];

function plan(request: DhcpMessage, chain: ReturnType<typeof chainOf>, changes: Partial<ReplyPlan> = {}): ReplyPlan {
  return {
    request,
    ciaddr: ipv4(0),
    yiaddr: ipv4(0x0a000064),
    siaddr: ipv4(0),
    giaddr: request.giaddr,
    flags: request.flags,
    file: new Uint8Array(),
    sname: new Uint8Array(),
    forced: OFFER,
    fallback: [],
    agentOptions: request.options.get(82),
    evaluation: evaluateScopes(chain, input({ config, message: request })),
    config,
    ...changes,
  };
}
const read = (datagram: Uint8Array): DhcpMessage => {
  const decoded = decodeMessage(datagram);
  if (!decoded.ok) throw new Error(decoded.error);
  return decoded.value;
};
const codes = (datagram: Uint8Array): number[] => [...read(datagram).options.keys()];
const asking = (...list: number[]): [number, Uint8Array] => [55, bytes(list)];

describe("RFC 2131 §4.3.1: what a reply is", () => {
  test("a golden packet", () => {
    const request = discover([asking(15)], { xid: 0xcafe, flags: 0x8000, secs: 3 });
    const datagram = buildReply(plan(request, chainOf(option(15, "ab")), { fallback: [{ code: 1, value: bytes([255, 255, 255, 0]) }] }));
    expect(datagram.length).toBe(300);
    const hex = Buffer.from(datagram)
      .toString("hex")
      .replace(/(00)+$/, "");
    expect(hex).toBe(
      `020106000000cafe00038000000000000a0000640000000000000000020000000001${"00".repeat(10 + 64 + 128)}` +
        "6382536335010236040a0000013304000002580f0261620104ffffff00ff",
    );
  });
  test("options that the server holds override configured ones, fallbacks do not", () => {
    const chain = chainOf(option(51, "zzzz"), option(12, "configured"));
    const reply = read(buildReply(plan(discover([asking(51, 12)]), chain, { fallback: [{ code: 12, value: bytes("declared") }] })));
    expect(reply.options.get(51)).toEqual(bytes([0, 0, 2, 88]));
    expect(reply.options.get(12)).toEqual(bytes("configured"));
  });
  test("a DHCPNAK has what the server puts in, and nothing else", () => {
    const forced = [
      { code: 53, value: bytes([6]) },
      { code: 54, value: bytes([10, 0, 0, 1]) },
      { code: 56, value: bytes("no") },
    ];
    const reply = buildReply(plan(discover([asking(15, 1)]), chainOf(option(15, "x")), { evaluation: undefined, forced }));
    expect(codes(reply)).toEqual([53, 54, 56]);
  });
  test("RFC 2132 §3.3: the mask comes before the routers", () => {
    const chain = chainOf(option(1, "mask"), option(3, "rout"), option(15, "d"));
    expect(codes(buildReply(plan(discover([asking(3, 15, 1)]), chain)))).toEqual([53, 54, 51, 1, 15, 3]);
  });
  test("RFC 3046 §2.2: option 82 comes last, wherever the client asks for it", () => {
    const request = discover([asking(82, 15), [82, bytes([1, 1, 65])]]);
    expect(codes(buildReply(plan(request, chainOf(option(15, "x")))))).toEqual([53, 54, 51, 15, 82]);
    expect(codes(buildReply(plan(request, chainOf(option(15, "x")), { agentOptions: undefined })))).toEqual([53, 54, 51, 15]);
  });
  test("RFC 6842: the client identifier goes back if the server says so, or the configured one of a client without", () => {
    const echo = s({ kind: "parameter", operator: "supersede", name: "echo-client-id", value: number(1) });
    const forced = [...OFFER, { code: 61, value: bytes([1, 2, 3]) }];
    const sent = (chain: ReturnType<typeof chainOf>, changes: Partial<ReplyPlan> = {}) =>
      codes(buildReply(plan(discover([asking(15)]), chain, changes)));
    expect(sent(chainOf(option(15, "x"), echo), { forced })).toEqual([53, 54, 51, 61, 15]);
    expect(sent(chainOf(option(15, "x"), option(61, "own"), echo))).toEqual([53, 54, 51, 61, 15]);
    expect(sent(chainOf(option(15, "x"), option(61, "own")))).toEqual([53, 54, 51, 15]);
  });
  test("a configured subnet selection goes to whoever asks for anything", () => {
    expect(codes(buildReply(plan(discover([asking(15)]), chainOf(option(15, "x"), option(118, "net")))))).toEqual([53, 54, 51, 118, 15]);
  });
  test("RFC 2132 §2: a client that ends its host name in NUL gets text that way", () => {
    const chain = chainOf(setOption(HOST_NAME, text("h")));
    const reply = read(buildReply(plan(discover([asking(12), [12, bytes("pc\0")]]), chain)));
    expect(reply.options.get(12)).toEqual(bytes("h\0"));
    const shortest = read(buildReply(plan(discover([asking(12), [12, bytes("\0")]]), chain)));
    expect(shortest.options.get(12)).toEqual(bytes("h\0"));
  });
});

describe("RFC 2131 §4.1, RFC 2132 §9.10: size", () => {
  const big = chainOf(
    option(210, "a".repeat(200)),
    option(211, "b".repeat(200)),
    option(212, "c".repeat(150)),
    option(213, "d".repeat(30)),
  );
  test("fields are overloaded if the area is full, and what does not fit is left out", () => {
    const reply = buildReply(plan(discover([asking(210, 211, 212, 213)]), big));
    expect(reply.length).toBeLessThanOrEqual(548);
    expect(read(reply).options.get(52)).toEqual(bytes([3]));
    expect(read(reply).options.get(211)).toEqual(bytes("b".repeat(200)));
    expect(read(reply).options.has(212)).toBe(false);
  });
  test("fields that are used are left alone", () => {
    const reply = read(buildReply(plan(discover([asking(210, 211, 213)]), big, { file: bytes("boot"), sname: bytes("srv") })));
    expect(reply.options.has(52)).toBe(false);
    expect(reply.options.has(211)).toBe(false);
    expect(reply.options.has(213)).toBe(true);
    expect(Buffer.from(reply.file.subarray(0, 5)).toString()).toBe("boot\0");
  });
  test("a client that takes more gets more, up to an Ethernet frame", () => {
    const size = (value: number) =>
      buildReply(plan(discover([asking(210, 211, 212, 213), [57, bytes([value >> 8, value & 255])]]), big)).length;
    expect(size(1024)).toBeGreaterThan(800);
    expect(size(65535)).toBeLessThanOrEqual(1472);
    expect(size(10)).toBeLessThanOrEqual(548);
  });
  test("any configuration and request give a message that reads back, within the size, each value whole or absent", () => {
    const value = fc.tuple(fc.integer({ min: 60, max: 250 }), fc.integer({ min: 1, max: 600 }));
    const agent = fc.option(
      fc.uint8Array({ minLength: 1, maxLength: 253 }).map((value) => bytes([1, value.length, ...value])),
      { nil: undefined },
    );
    fc.assert(
      fc.property(
        fc.array(value, { maxLength: 15 }),
        fc.nat(1600),
        agent,
        fc.boolean(),
        fc.boolean(),
        (values, told, agentOptions, file, sname) => {
          const statements = values
            .filter(([code]) => ![77, 81, 82, 92, 118, 125, 200].includes(code))
            .map(([code, size]) => option(code, "v".repeat(size)));
          const request = discover([asking(...values.map(([code]) => code)), [57, bytes([told >> 8, told & 255])]]);
          const changes = { agentOptions, file: bytes(file ? "f" : ""), sname: bytes(sname ? "s" : "") };
          const reply = plan(request, chainOf(...statements), changes);
          const datagram = buildReply(reply);
          expect(datagram.length).toBeLessThanOrEqual(
            Math.min(1472, Math.max(576, told) - 28 + (agentOptions === undefined ? 0 : agentOptions.length + 2)),
          );
          const decoded = read(datagram);
          expect(decoded.options.get(82)).toEqual(agentOptions);
          expect([...OFFER].every(({ code, value: forced }) => Buffer.from(decoded.options.get(code)!).equals(forced))).toBe(true);
          for (const [code, got] of decoded.options) {
            const configured = reply.evaluation!.option("dhcp", code);
            if (configured !== undefined) expect(got).toEqual(configured);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe("replies of shared evaluations", () => {
  const chain = chainOf(option(15, "d"), option(58, "\0\0\0d"), option(59, "\0\0\x02\0"));
  const shared = (forced: readonly ReplyOption[], ...options: [number, Uint8Array][]) =>
    buildReply(plan(discover(options), chain, { forced }));
  const forcedWith = (seconds: number): ReplyOption[] => [
    OFFER[0]!,
    OFFER[1]!,
    { code: 51, value: bytes([0, 0, seconds >> 8, seconds & 255]) },
  ];
  test("values of the moment are written into each", () => {
    for (const server of [1, 2, 1]) {
      const forced = [OFFER[0]!, { code: 54, value: bytes([10, 0, 0, server]) }, OFFER[2]!];
      expect(read(shared(forced, asking(15))).options.get(54)).toEqual(bytes([10, 0, 0, server]));
    }
  });
  test("a renewal or rebinding time that the lease does not reach is left out", () => {
    const sent = (seconds: number) => codes(shared(forcedWith(seconds), asking(58, 59)));
    expect(sent(600)).toEqual([53, 54, 51, 58, 59]);
    expect(sent(512)).toEqual([53, 54, 51, 58]);
    expect(sent(60)).toEqual([53, 54, 51]);
    expect(sent(600)).toEqual([53, 54, 51, 58, 59]);
  });
  test("many request lists are answered, each by its own", () => {
    for (let code = 1; code < 255; code += 1) {
      const expected = code === 15 ? [53, 54, 51, 58, 59, 15] : [53, 54, 51, 58, 59];
      for (const size of [1, 2]) expect(codes(shared(OFFER, [55, new Uint8Array(size).fill(code)]))).toEqual(expected);
    }
  });
  test("relay agent information of the moment is written into each", () => {
    for (const circuit of ["a", "b", "long", "a"]) {
      const agentOptions = bytes([1, circuit.length, ...bytes(circuit)]);
      const reply = read(buildReply(plan(discover([asking(15)]), chain, { agentOptions })));
      expect(reply.options.get(82)).toEqual(agentOptions);
      expect([...reply.options.keys()].at(-1)).toBe(82);
    }
  });
  test("a packet's bytes may be used again once its reply is built", () => {
    const request = discover([asking(59, 15)]);
    const first = buildReply(plan(request, chain));
    request.bytes.fill(0);
    expect(buildReply(plan(discover([asking(59, 15)]), chain))).toEqual(first);
  });
  test("evaluations of one packet are not shared with the next", () => {
    const dynamic = [scope(false, setOption(HOST_NAME, fromPacket(HOST_NAME)))];
    const echoed = (host: string) => {
      const request = discover([asking(12), [12, bytes(host)]]);
      return read(buildReply(plan(request, dynamic))).options.get(12);
    };
    expect([echoed("a"), echoed("b")]).toEqual([bytes("a"), bytes("b")]);
  });
});

describe("RFC 951, RFC 1534: BOOTP", () => {
  const bootp = (changes: Partial<DhcpMessage>) => discover([], { options: new Map(), ...changes });
  const chain = chainOf(option(15, "d"), option(17, "r".repeat(80)));
  test("an address from a pool comes with options, which may go to sname", () => {
    const reply = read(buildBootpReply(plan(bootp({ hasCookie: false }), chain, { forced: [], file: bytes("f") }), false));
    expect(reply.bytes.length).toBe(300);
    expect(reply.options.get(17)).toEqual(bytes("r".repeat(80)));
    expect(reply.options.get(52)).toEqual(bytes([2]));
  });
  test("a fixed address without a cookie: the vendor area goes back as it came, unless always-reply-rfc1048", () => {
    const request = bootp({ hasCookie: false });
    const raw = Uint8Array.from(request.bytes);
    raw.set(bytes("vendor"), 236);
    const sent = { ...request, bytes: raw };
    expect(Buffer.from(buildBootpReply(plan(sent, chain, { forced: [] }), true).subarray(236, 243)).toString()).toBe("vendor\0");
    const always = chainOf(
      option(15, "d"),
      s({ kind: "parameter", operator: "supersede", name: "always-reply-rfc1048", value: number(1) }),
    );
    expect(codes(buildBootpReply(plan(sent, always, { forced: [] }), true))).toEqual([15]);
  });
});
