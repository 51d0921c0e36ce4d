import type { DhcpServer } from "./dhcp-server.ts";
import type { Role } from "./failover-config.ts";

type Servers = Readonly<Record<Role, DhcpServer>>;
const ROLES = ["primary", "secondary"] as const;

/** One statement of an address in a lease file. */
export const fieldIn = (server: DhcpServer, address: string, name: string): string | undefined =>
  statementIn(server.leases().get(address) ?? "", name);
const statementIn = (record: string, name: string): string | undefined => new RegExp(`^ {2}${name} (.*);$`, "m").exec(record)?.[1];

/** What both lease files say of an address; one that never changed hands is in no lease file. */
export const statesOf = (servers: Servers, address: string): readonly string[] =>
  ROLES.map((role) => servers[role].bindingState(address) ?? "free");

/** What both lease files must say alike of an address in use. `atsfp` is the horizon as agreed, which both know. */
const SAME_FIELDS = ["starts", "ends", "tsfp", "atsfp", "binding state", "next binding state", "hardware", "uid"] as const;
export type SameField = (typeof SAME_FIELDS)[number];

/** How many addresses either server knows as active, and where the two do not say the same of one. */
export function fieldDifferences(
  servers: Servers,
  fields: readonly SameField[] = SAME_FIELDS,
): { readonly inUse: number; readonly found: readonly string[] } {
  const [left, right] = ROLES.map((role) => servers[role].leases()) as [Map<string, string>, Map<string, string>];
  const isActive = (record: string | undefined): boolean => record !== undefined && statementIn(record, "binding state") === "active";
  const inUse = [...new Set([...left.keys(), ...right.keys()])].filter((each) => isActive(left.get(each)) || isActive(right.get(each)));
  const found = inUse.flatMap((address) =>
    fields.flatMap((name) => {
      const [one, two] = [left, right].map((leases) => statementIn(leases.get(address) ?? "", name));
      // a lease that is kept for a partner without memory has no start
      return one === two && (one !== undefined || name === "uid" || name === "starts") ? [] : [`${address} ${name}: ${one} and ${two}`];
    }),
  );
  return { inUse: inUse.length, found };
}
