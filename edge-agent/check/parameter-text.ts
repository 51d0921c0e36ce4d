import type { Evaluation } from "../config/evaluation.ts";
import { ENUMERATIONS } from "../config/option-enumerations.ts";
import { PARAMETERS } from "../config/parameters.ts";
import { formatIpv4, ipv4FromBytes } from "../values/ipv4.ts";
import { bytesText } from "./option-text.ts";

const ENUMERATED: ReadonlyMap<string, string> = new Map([
  ["ddns-update-style", "ddns-styles"],
  ["log-facility", "syslog-facilities"],
]);
/** Numbers of seconds that people read better with a unit. */
const LONG_TIMES: ReadonlySet<string> = new Set(["default-lease-time", "max-lease-time", "min-lease-time", "abandon-lease-time"]);

/** The value of a parameter as one would write it in dhcpd.conf; undefined if it has none for this client. */
export function parameterText(name: string, evaluation: Evaluation): string | undefined {
  const kind = PARAMETERS.get(name)?.kind;
  if (kind === "number") {
    const number = evaluation.number(name);
    return number === undefined ? undefined : numberText(name, number);
  }
  if (kind === "flag") return flagText(evaluation.number(name));
  if (kind === "enumeration") {
    const number = evaluation.number(name);
    const values = ENUMERATIONS.get(ENUMERATED.get(name) ?? "")?.values ?? [];
    return number === undefined ? undefined : ([...values].find(([, each]) => each === number)?.[0] ?? String(number));
  }
  const bytes = evaluation.bytes(name);
  if (bytes === undefined) return undefined;
  return kind === "address" && bytes.length === 4 ? formatIpv4(ipv4FromBytes(bytes, 0)) : bytesText(bytes);
}

const flagText = (number: number | undefined): string | undefined =>
  number === undefined ? undefined : number === 0 ? "off (deny)" : number === 2 ? "ignore" : "on (allow)";

function numberText(name: string, number: number): string {
  if (!LONG_TIMES.has(name)) return String(number);
  if (number === 0xffffffff) return "infinite";
  const [unit, size] = number % 86_400 === 0 ? ["d", 86_400] : number % 3600 === 0 ? ["h", 3600] : ["min", 60];
  return number < 60 || number % (size as number) !== 0 ? `${number}` : `${number} (${number / (size as number)} ${unit})`;
}
