import type { Prng } from "../../simulation/prng.ts";
import { ascii, bytesOf, type OptionBytes } from "../../support/dhcp-packet.ts";
import type { ConfFacts, TestFacts } from "./read-conf.ts";

/** Codes of the options that clients send and configurations ask about. */
const CODES: Readonly<Record<string, number>> = {
  "host-name": 12,
  "dhcp-requested-address": 50,
  "dhcp-lease-time": 51,
  "dhcp-parameter-request-list": 55,
  "dhcp-max-message-size": 57,
  "vendor-class-identifier": 60,
  "dhcp-class-identifier": 60,
  "dhcp-client-identifier": 61,
  "tftp-server-name": 66,
  "bootfile-name": 67,
  "user-class": 77,
  fqdn: 81,
  "pxe-system-type": 93,
  "pxe-interface-id": 94,
  "pxe-client-id": 97,
  "vendor-encapsulated-options": 43,
  vivco: 124,
  vivso: 125,
  "domain-name": 15,
  routers: 3,
  "root-path": 17,
};

const SUB_CODES: Readonly<Record<string, number>> = {
  "circuit-id": 1,
  "remote-id": 2,
  "agent-id": 3,
  "DOCSIS-device-class": 4,
  "link-selection": 5,
};
const PADDING = "C0-pad/xy#0123456789abcdefghijklmnopqrstuvwxyz";
/** How many bytes a number takes, where not one. */
const WIDTHS: Readonly<Record<number, number>> = { 93: 2, 57: 2, 51: 4 };

/** What a client could say so that a configuration's conditions and classes come true, or nearly. */
export class Said {
  readonly #facts: ConfFacts;
  readonly #plain: readonly TestFacts[];
  readonly #agent: readonly TestFacts[];

  constructor(facts: ConfFacts) {
    this.#facts = facts;
    this.#agent = facts.tests.filter(({ about }) => about.startsWith("agent."));
    this.#plain = facts.tests.filter(({ about }) => !about.startsWith("agent.") && this.#code(about) !== undefined);
  }

  /** Options of a message, one to three of those asked about. */
  options(c: Prng): OptionBytes[] {
    if (this.#plain.length === 0) return [];
    const found = new Map<number, Uint8Array>();
    for (let left = 1 + c.below(3); left > 0; left -= 1) {
      const test = c.pick(this.#plain as unknown as [TestFacts]);
      const code = this.#code(test.about) as number;
      const [space, sub] = test.about.split(".");
      const value = this.#value(c, test, code);
      if (value.length > 250 || code === 53 || code === 54) continue;
      const subCode = sub === undefined ? undefined : this.#facts.definitions.get(test.about)?.code;
      if (sub === undefined) found.set(code, value);
      else if (subCode !== undefined) found.set(code, Uint8Array.of(subCode, value.length, ...value));
      else if (space === "fqdn") found.set(81, Uint8Array.of(c.pick([0, 1, 5]), 0, 0, ...value));
    }
    return [...found];
  }

  /** Sub-options of a relay agent. */
  agent(c: Prng): OptionBytes[] {
    const found = new Map<number, Uint8Array>();
    if (this.#agent.length === 0) return [];
    for (let left = 1 + c.below(2); left > 0; left -= 1) {
      const test = c.pick(this.#agent as unknown as [TestFacts]);
      const code = SUB_CODES[test.about.slice("agent.".length)];
      if (code !== undefined) found.set(code, code === 5 ? Uint8Array.of(192, 0, 2, 1) : this.#value(c, test, code));
    }
    return [...found];
  }

  /** Options of the file's own that a client could ask for. */
  wanted(c: Prng): number[] {
    const own = [...this.#facts.definitions].filter(([name, { code }]) => !name.includes(".") && code < 255).map(([, { code }]) => code);
    return own.filter(() => c.chance(0.7));
  }

  #code(about: string): number | undefined {
    const [space, sub] = about.split(".");
    if (sub === undefined) return CODES[about] ?? this.#facts.definitions.get(about)?.code;
    if (space === "fqdn") return 81;
    return [...this.#facts.definitions.values()].find(({ format }) => format === `encapsulate ${space}`)?.code;
  }

  #value(c: Prng, { offset, value, about }: TestFacts, code: number): Uint8Array {
    if (value.startsWith("number ")) {
      const format = this.#facts.definitions.get(about)?.format ?? "";
      const width = /16/.test(format) ? 2 : /32/.test(format) ? 4 : (WIDTHS[code] ?? 1);
      return bytesOf(
        BigInt(value.slice(7))
          .toString(16)
          .padStart(width * 2, "0")
          .slice(-width * 2),
      );
    }
    if (value === "") return c.chance(0.8) ? ascii(c.pick(["value", "a", "unit-07.example", "\x01\x02\x03"])) : Uint8Array.of(1);
    const literal = bytesOf(value);
    const tail = c.pick(["", "", "-v2", ":0001"]);
    return Uint8Array.from([...ascii(PADDING.slice(0, offset)), ...literal, ...ascii(tail)]);
  }
}
