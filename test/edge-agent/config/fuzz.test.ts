import { expect, test } from "vitest";
import type { AgentConfig } from "../../../edge-agent/config/agent-config.ts";
import { formatDiagnostic } from "../../../edge-agent/config/diagnostics.ts";
import { evaluateHandlers, evaluateScopes } from "../../../edge-agent/config/evaluate/scopes.ts";
import { scopesForAddress } from "../../../edge-agent/config/scope-chain.ts";
import { decodeMessage } from "../../../edge-agent/dhcp/wire/decode.ts";
import { bootFields, buildReply } from "../../../edge-agent/server/response-options.ts";
import { ipv4 } from "../../../edge-agent/values/ipv4.ts";
import { epochSeconds, monotonicMillis } from "../../../edge-agent/values/time.ts";
import { encodePacket } from "../../support/dhcp-packet.ts";
import { load } from "../../support/load-config.ts";
import { verdictCases } from "../../support/verdict-cases.ts";

/** Milliseconds that each of the two tests may take; a single file may take a tenth. */
const BUDGET = 4000;
const LONGEST = 1500;
const corpus = verdictCases().map(({ text }) => text);

/** A generator of numbers that gives the same series for the same seed (xorshift). */
function series(seed: number): (below: number) => number {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const SPLICES = [
  "{",
  "}",
  ";",
  '"',
  "(",
  ")",
  "\\",
  "\0",
  "\xff",
  ",",
  "=",
  "0x",
  "99999999999",
  "-1",
  "if ",
  "option ",
  "#",
  "\n",
  "concat(",
  "255.255.255.255",
  "~=",
];

/** One to six changes by the byte: flips, cuts, doublings, splices from another file. */
function mutate(text: string, random: (below: number) => number): string {
  let result = text;
  for (let left = 1 + random(6); left > 0; left -= 1) {
    const at = random(result.length + 1);
    const length = random(12);
    switch (random(5)) {
      case 0:
        result = result.slice(0, at) + String.fromCharCode(random(256)) + result.slice(at + 1);
        break;
      case 1:
        result = result.slice(0, at) + result.slice(at + length);
        break;
      case 2:
        result = result.slice(0, at) + result.slice(at, at + length).repeat(1 + random(40)) + result.slice(at);
        break;
      case 3:
        result = result.slice(0, at) + (SPLICES[random(SPLICES.length)] ?? "") + result.slice(at);
        break;
      default: {
        const other = corpus[random(corpus.length)] ?? "";
        const from = random(other.length + 1);
        result = result.slice(0, at) + other.slice(from, from + random(200)) + result.slice(at);
      }
    }
  }
  return result;
}

test("lexer and parser: a mutated file is refused with a place, or accepted; never a crash, never slow", () => {
  const random = series(20_261_122);
  const end = performance.now() + BUDGET;
  let files = 0;
  for (; performance.now() < end; files += 1) {
    const text = mutate(corpus[random(corpus.length)] ?? "", random);
    const start = performance.now();
    const { config, diagnostics } = load(text, { "/etc/dhcp/a.conf": text });
    expect(performance.now() - start, text).toBeLessThan(LONGEST);
    expect(config !== undefined).toBe(!diagnostics.some(({ severity }) => severity === "error"));
    for (const one of diagnostics) expect(formatDiagnostic(one)).toMatch(/:\d+:\d+: /);
    expect(diagnostics.length).toBeLessThanOrEqual(500);
  }
  expect(files).toBeGreaterThan(100);
});

test("evaluator: every configuration that loads answers mutated packets within bounds", () => {
  const random = series(7);
  const end = performance.now() + BUDGET;
  const sound = corpus.flatMap((text) => load(text).config ?? []);
  expect(sound.length).toBeGreaterThan(100);
  let packets = 0;
  for (; performance.now() < end; packets += 1) {
    const config = packets % 2 === 0 ? sound[random(sound.length)] : load(mutate(corpus[random(corpus.length)] ?? "", random)).config;
    if (config === undefined) continue;
    const start = performance.now();
    answer(config, packet(random));
    expect(performance.now() - start).toBeLessThan(LONGEST);
  }
  expect(packets).toBeGreaterThan(100);
});

/** A DISCOVER whose options are random bytes under random codes. */
function packet(random: (below: number) => number): Uint8Array {
  const options = Array.from({ length: random(12) }, (): [number, Uint8Array] => [
    1 + random(254),
    Uint8Array.from({ length: random(60) }, () => random(256)),
  ]);
  const all: [number, Uint8Array][] = [[53, Uint8Array.of(1)], ...options];
  return encodePacket({ xid: random(1 << 30), chaddr: "020000000001", options: all });
}

function answer(config: AgentConfig, bytes: Uint8Array): void {
  const decoded = decodeMessage(bytes);
  if (!decoded.ok) return;
  const message = decoded.value;
  const [subnet] = config.subnets;
  const input = {
    config,
    message,
    lease: undefined,
    leasedAddress: ipv4(0x0a000001),
    leaseSeconds: 600,
    host: undefined,
    known: false,
    classNames: [],
    hostName: "here",
    at: { now: epochSeconds(1), monotonic: monotonicMillis(0), wallOffset: 0 },
  };
  const chain = subnet === undefined ? [config.global] : scopesForAddress(subnet, config.pools[0]);
  const classes = config.classes.map(({ scope }) => scope);
  const evaluation = evaluateScopes([...chain, ...classes, ...config.hosts.all.slice(0, 5).map(({ scope }) => scope)], input);
  evaluateHandlers(evaluation, "commit", input);
  const reply = buildReply({
    request: message,
    ciaddr: ipv4(0),
    yiaddr: ipv4(0x0a000001),
    giaddr: message.giaddr,
    flags: message.flags,
    ...bootFields(evaluation),
    forced: [{ code: 53, value: Uint8Array.of(2) }],
    fallback: [],
    agentOptions: message.options.get(82),
    evaluation,
    config,
  });
  expect(reply.length).toBeLessThanOrEqual(1500);
}
