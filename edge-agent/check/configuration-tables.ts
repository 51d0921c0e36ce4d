import { ALLOW_DENY_PARAMETERS, PARAMETERS } from "../config/parameters.ts";
import { DECLARATIONS, EXECUTABLE_STATEMENTS } from "../config/suggestions.ts";
import { LINT_RULES } from "../lint/lint.ts";

/** Statements of a `failover peer` declaration (dhcpd.conf(5)). */
const FAILOVER = [
  ...["primary", "secondary", "address", "peer address", "port", "peer port", "max-response-delay", "max-unacked-updates", "mclt"],
  ...["split", "hba", "load balance max seconds", "auto-partner-down", "max-lease-misbalance", "max-lease-ownership"],
  ...["min-balance", "max-balance"],
];
/** What stands under the words `hardware`, `host` and the like in the manual, by the name that it has there. */
const IN_OTHER_WORDS: ReadonlyMap<string, string> = new Map([
  ["host-identifier option", "host-identifier"],
  ["ddns-update-style", "ddns-update-style"],
]);
/** Statements of DHCPv6 and of builds with other options, which `dhcpd -4` refuses where they stand. */
const REFUSED: ReadonlyMap<string, string> = new Map([
  ...["subnet6", "range6", "prefix6", "pool6"].map((name) => [name, "refused, as by `dhcpd -4`: DHCPv6"] as const),
  ...["use-eui-64", "persist-eui-64-leases"].map((name) => [name, "refused, as by Debian's dhcpd: compiled out, DHCPv6"] as const),
]);
const V6_WITHOUT_EFFECT: ReadonlySet<string> = new Set(["fixed-address6", "fixed-prefix6", "server-duid"]);

/** The statements that dhcpd.conf(5) describes, by its own names, in its order of subjects. */
export const MANUAL_STATEMENTS: readonly string[] = [
  ...[
    "include",
    "shared-network",
    "subnet",
    "subnet6",
    "range",
    "range6",
    "prefix6",
    "host",
    "group",
    "pool",
    "pool6",
    "class",
    "subclass",
  ],
  ...["zone", "key", "failover", "allow", "deny", "ignore", "hardware", "fixed-address", "fixed-address6", "fixed-prefix6"],
  ...[
    "host-identifier option",
    "authoritative",
    "server-identifier",
    "server-duid",
    "option",
    "if",
    "switch",
    "set",
    "on",
    "log",
    "execute",
  ],
  ...ALLOW_DENY_PARAMETERS.keys(),
  ...FAILOVER,
  ...["use-eui-64", "persist-eui-64-leases", "db-time-format", "lease-id-format"],
  ...[...PARAMETERS.keys()].filter(
    (name) =>
      ![
        "authoritative",
        "db-time-format",
        "lease-id-format",
        "dynamic-bootp",
        "duplicates",
        "declines",
        "client-updates",
        "leasequery",
      ].includes(name),
  ),
];

/** What this server makes of a statement. */
export function statusOf(name: string): string {
  const refused = REFUSED.get(name);
  if (refused !== undefined) return refused;
  if (V6_WITHOUT_EFFECT.has(name)) return "accepted, without effect (DHCPv6)";
  if (PARAMETERS.get(name)?.effect === "accepted-no-effect") return "accepted, without effect; said once, at its line";
  const word = IN_OTHER_WORDS.get(name) ?? name;
  const known =
    PARAMETERS.has(word) ||
    ALLOW_DENY_PARAMETERS.has(word) ||
    FAILOVER.includes(word) ||
    EXECUTABLE_STATEMENTS.includes(word) ||
    Object.values(DECLARATIONS).some((words) => words.includes(word));
  if (word === "execute") return "obeyed under `tandem-dhcpd --allow-execute` only; never by way of a shell";
  return known ? "obeyed" : "not known";
}

/** The table of statements for the manual, in Markdown. */
export function statementTable(): string {
  return table(
    ["Statement", "Here"],
    MANUAL_STATEMENTS.map((name) => [`\`${name}\``, statusOf(name)]),
  );
}

/** The table of the linter's rules for the manual, in Markdown. */
export function lintTable(): string {
  return table(
    ["Rule", "Severity", "Looks for"],
    LINT_RULES.map(({ name, severity, about }) => [`\`${name}\``, severity === "info" ? "note" : severity, about]),
  );
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(header), line(header.map(() => "---")), ...rows.map(line)].join("\n");
}

/** `text` with the tables put between their marks: `<!-- NAME -->` and `<!-- /NAME -->`. */
export function withTables(text: string): string {
  let result = text;
  for (const [name, content] of [["statements", statementTable()] as const, ["rules", lintTable()] as const]) {
    const begin = `<!-- ${name} -->`;
    const from = result.indexOf(begin);
    const to = result.indexOf(`<!-- /${name} -->`);
    if (from >= 0 && to > from) result = `${result.slice(0, from + begin.length)}\n${content}\n${result.slice(to)}`;
  }
  return result;
}
