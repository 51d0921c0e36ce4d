import { loadConfig } from "../../../edge-agent/config/load.ts";
import { bytesOf, hex } from "../../support/dhcp-packet.ts";
import type { CaseGroup, DifferentialCase } from "./case.ts";
import { DATA_CASES, OPERATOR_CASES, TRUTH_CASES, VARIABLE_CASES } from "./expression-cases.ts";
import type { ExpressionCase } from "./expression-request.ts";
import { SIZE_CASES, SPACE_CASES } from "./option-expression-cases.ts";

const FRAME = `authoritative; ping-check off; default-lease-time 600; max-lease-time 7200;
subnet 10.77.0.0 netmask 255.255.255.0 { range 10.77.0.20 10.77.0.250; }`;

const accepted = (text: string): boolean =>
  loadConfig({ path: "c", text, readFile: () => ({ ok: false, error: "none" }), resolveHost: () => undefined }).config !== undefined;

/** The statements of a case for one client alone, so that all cases fit into one server. */
const alone = (one: ExpressionCase, number: number): string => `if packet(28, 6) = 02:aa:bb:cc:01:${byte(number)} {\n${one.conf}\n}`;
const byte = (number: number): string => hex(Uint8Array.of(number));

const discovers = (one: ExpressionCase, chaddr: string | undefined): DifferentialCase => ({
  name: one.name,
  expect: one.requests.map(() => "OFFER" as const),
  steps: one.requests.map((request) => ({
    packet: { xid: 0, ...request, ...(chaddr === undefined ? {} : { chaddr: hex(bytesOf(chaddr)) }) },
  })),
});

const CASES: readonly ExpressionCase[] = [
  ...DATA_CASES,
  ...TRUTH_CASES,
  ...VARIABLE_CASES,
  ...OPERATOR_CASES,
  ...SPACE_CASES,
  ...SIZE_CASES,
];
const together = CASES.filter((one, number) => number < 230 && accepted(`${alone(one, number)}\n${FRAME}`));

/** Every expression case through the running agent: those that can be conditional in one server, the others in one each. */
export const EXPRESSION_GROUPS: readonly CaseGroup[] = [
  {
    name: "expressions",
    conf: `${together.map(alone).join("\n")}\n${FRAME}`,
    cases: together.map((one, number) => discovers(one, `02:aa:bb:cc:01:${byte(number)}`)),
  },
];
