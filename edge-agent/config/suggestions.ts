import { nearestWord } from "./nearest-word.ts";
import { ALLOW_DENY_PARAMETERS, PARAMETERS } from "./parameters.ts";
import type { ParseContext, PlaceKind } from "./parse-context.ts";

/** Statements that run while an answer is made; legal in every block. */
export const EXECUTABLE_STATEMENTS: readonly string[] = [
  ..."if elsif else switch case on option supersede send default prepend append allow deny ignore set define unset".split(" "),
  ..."return add execute log break eval zone key db-time-format lease-id-format".split(" "),
];

/** Words that begin what only some blocks take; dhcpd.conf(5). */
export const DECLARATIONS: Readonly<Record<PlaceKind, readonly string[]>> = {
  root: [
    "subnet",
    "shared-network",
    "host",
    "group",
    "class",
    "subclass",
    "include",
    "failover",
    "authoritative",
    "not",
    "server-identifier",
  ],
  "shared-network": ["subnet", "pool", "host", "group", "class", "subclass", "include", "failover", "authoritative", "not", "interface"],
  subnet: ["range", "pool", "host", "group", "class", "subclass", "include", "authoritative", "not", "interface"],
  pool: ["range", "failover", "no", "include"],
  group: [
    "subnet",
    "shared-network",
    "host",
    "group",
    "class",
    "subclass",
    "include",
    "authoritative",
    "not",
    "deleted",
    "dynamic",
    "static",
  ],
  host: ["hardware", "fixed-address", "host-identifier", "uid", "group", "dynamic", "deleted", "include"],
  class: ["match", "spawn", "lease", "dynamic", "deleted", "include"],
};

/** More errors than this have no need of advice: the file is not a dhcpd.conf. */
const ADVISED_ERRORS = 500;

/** Advice about a word that begins no statement: what it may have been meant to be where it stands. */
export function meantStatement(context: ParseContext, word: string): string | undefined {
  if (context.diagnostics.errors > ADVISED_ERRORS) return undefined;
  const { placeKind } = context;
  const declarations = placeKind === undefined ? [] : DECLARATIONS[placeKind];
  if (context.options.byName("dhcp", word) !== undefined) return `did you mean "option ${word}"?`;
  const allowed = ALLOW_DENY_PARAMETERS.has(word) ? `did you mean "allow ${word}" or "deny ${word}"?` : undefined;
  const near = nearestWord(word, [...declarations, ...EXECUTABLE_STATEMENTS, ...PARAMETERS.keys()]);
  if (near !== undefined) return `did you mean "${near}"?`;
  if (allowed !== undefined) return allowed;
  const option = nearestWord(word, context.options.names("dhcp"));
  return option === undefined ? undefined : `did you mean "option ${option}"?`;
}

/** Old names that people look for, and what they are called here. */
const FORMER: ReadonlyMap<string, string> = new Map([
  ["domain-servers", "domain-name-servers"],
  ["dns-servers", "domain-name-servers"],
  ["name-servers", "domain-name-servers"],
  ["gateway", "routers"],
  ["router", "routers"],
  ["gateways", "routers"],
  ["netmask", "subnet-mask"],
  ["hostname", "host-name"],
  ["wins-servers", "netbios-name-servers"],
  ["ntp-server", "ntp-servers"],
  ["tftp-server", "tftp-server-name"],
  ["boot-file", "bootfile-name"],
  ["mtu", "interface-mtu"],
]);

/** Advice about the name of an option that has no definition in `space`. */
export function meantOption(context: ParseContext, space: string, name: string): string {
  const former = FORMER.get(name.toLowerCase());
  if (former !== undefined) return `the option is called ${former}`;
  const full = space === "dhcp" ? name : `${space}.${name}`;
  const define = `define it first: option ${full} code NUMBER = TYPE;`;
  if (context.diagnostics.errors > ADVISED_ERRORS) return define;
  const near = nearestWord(name, context.options.names(space));
  return near === undefined ? define : `did you mean "${space === "dhcp" ? near : `${space}.${near}`}"? If not, ${define}`;
}
