import type { ScopeChain } from "../config/evaluation.ts";
import type { Statement } from "../config/expression.ts";
import type { Location } from "../config/location.ts";
import { bytesText, optionText } from "./option-text.ts";

/** What one statement, or all that set one thing, comes to: equal texts mean the same to a client. */
export interface Meaning {
  readonly text: string;
  /** The value for people; undefined for statements that have none. */
  readonly shown: string | undefined;
  readonly location: Location;
}

/** Parameters that belong to one machine: partners need not agree on them. */
const OWN_AFFAIRS: ReadonlySet<string> = new Set([
  ...["lease-file-name", "pid-file-name", "omapi-port", "omapi-key", "local-address", "local-port", "remote-port", "log-facility"],
  ...["ddns-local-address4", "ddns-local-address6", "delayed-ack", "max-ack-delay", "dont-use-fsync", "db-time-format", "lease-id-format"],
  ...["log-threshold-low", "log-threshold-high", "limited-broadcast-address", "server-name"],
]);
/** Option 54 is a server's own address. */
const SERVER_IDENTIFIER = 54;

/**
 * What the scopes of `chain` set, by what they set ("option routers"); later statements replace earlier ones. Conditions and
 * other statements that run count one by one, in order, under "if #1", "on #1" and the like.
 */
export function meaningsOf(chain: ScopeChain): ReadonlyMap<string, Meaning> {
  const found = new Map<string, Meaning>();
  const counts = new Map<string, number>();
  for (const scope of chain) {
    for (const statement of scope.statements) {
      const key = keyOf(statement);
      if (key === undefined) continue;
      const text = canonical(statement);
      const { location } = statement;
      if (!key.startsWith("#")) {
        const before = isJoining(statement) ? found.get(key) : undefined;
        found.set(key, { text: `${before?.text ?? ""}${text}`, shown: shownOf(statement), location });
        continue;
      }
      const word = key.slice(1);
      const number = (counts.get(word) ?? 0) + 1;
      counts.set(word, number);
      found.set(`${word} statement ${number}`, { text, shown: undefined, location });
    }
  }
  return found;
}

const isJoining = (statement: Statement): boolean =>
  (statement.kind === "option" || statement.kind === "parameter") && (statement.operator === "append" || statement.operator === "prepend");

/** What a statement sets; "#word" for one that stands for itself; undefined for what partners need not agree upon. */
function keyOf(statement: Statement): string | undefined {
  switch (statement.kind) {
    case "option":
      if (statement.option.space === "dhcp" && statement.option.code === SERVER_IDENTIFIER) return undefined;
      return `option ${statement.option.space === "dhcp" ? "" : `${statement.option.space}.`}${statement.option.name}`;
    case "parameter":
      return OWN_AFFAIRS.has(statement.name) ? undefined : statement.name;
    case "vendor-option-space":
    case "site-option-space":
      return statement.kind;
    default:
      return `#${statement.kind}`;
  }
}

function shownOf(statement: Statement): string | undefined {
  if (statement.kind === "option") {
    const { option, value } = statement;
    if (value === undefined) return "(empty)";
    return value.kind === "bytes" ? optionText(option, value.value) : "(an expression)";
  }
  if (statement.kind === "parameter") {
    const { value } = statement;
    if (value.kind === "bytes") return bytesText(value.value);
    return value.kind === "number" || value.kind === "boolean" ? String(value.value) : "(an expression)";
  }
  return statement.kind === "vendor-option-space" || statement.kind === "site-option-space" ? statement.space : undefined;
}

/** The same text for the same meaning: everything but places. Deep structures are bounded by what the parser lets in. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (key, each: unknown) => {
    if (key === "location") return undefined;
    if (each instanceof Uint8Array) return [...each];
    if (each instanceof Map) return [...each];
    return each;
  });
}

/** The differences of two sets of meanings, by what differs. */
export function* differingMeanings(
  here: ReadonlyMap<string, Meaning>,
  there: ReadonlyMap<string, Meaning>,
): Iterable<{ readonly name: string; readonly here: Meaning | undefined; readonly there: Meaning | undefined }> {
  for (const name of new Set([...here.keys(), ...there.keys()])) {
    const left = here.get(name);
    const right = there.get(name);
    if (left?.text !== right?.text) yield { name, here: left, there: right };
  }
}
