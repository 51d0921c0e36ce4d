import { readFileSync, writeFileSync } from "node:fs";
import { expect, type TestContext } from "vitest";
import type { PairOptions, Role } from "./failover-config.ts";
import { FailoverSite, type Leased } from "./failover-site.ts";
import { fieldDifferences, fieldIn, statesOf } from "./lease-fields.ts";
import { eventually } from "./netns.ts";

/** Every way Tandem can be one of a pair. */
export const PAIRS: readonly PairOptions[] = [
  { primary: "tandem", secondary: "dhcpd" },
  { primary: "dhcpd", secondary: "tandem" },
  { primary: "tandem", secondary: "tandem" },
];
export const ROLES = ["primary", "secondary"] as const;
export const other = (role: Role): Role => (role === "primary" ? "secondary" : "primary");

/** A site for one test. Whatever no scenario may bring about fails the test at its end ({@link FailoverSite.close}). */
export function siteFor(context: TestContext, options: PairOptions): FailoverSite {
  const site = new FailoverSite(options);
  context.onTestFinished(async () => {
    if (context.task.result?.state === "fail") {
      for (const role of ROLES) console.log(context.task.name, role, site.servers[role].log().slice(-5000));
    }
    await site.close();
  });
  return site;
}

/** How many failover messages of each type were exchanged. */
export async function exchanged(site: FailoverSite): Promise<Map<number, number>> {
  const { messages } = await site.session();
  expect(messages.size).toBeGreaterThan(3);
  return messages;
}

export const both = (site: FailoverSite, address: string): readonly string[] => statesOf(site.servers, address);
export const comeTo = (site: FailoverSite, address: string, states: RegExp, milliseconds = 20_000): Promise<boolean> =>
  eventually(
    () => both(site, address).every((state) => states.test(state)) && new Set(both(site, address)).size === 1,
    milliseconds,
    () => `${address} is ${both(site, address).join(" and ")}, not ${states}`,
  );

/** These clients get an address each. Throws if one gets none. */
export async function bound(site: FailoverSite, ...clients: readonly number[]): Promise<Leased[]> {
  const leases: Leased[] = [];
  for (const client of clients) {
    const lease = await site.dora(client);
    if (lease === undefined) throw new Error(`client ${client} gets no address`);
    leases.push(lease);
  }
  return leases;
}

/** Each of these leases comes to be active for both servers. */
export async function onBoth(site: FailoverSite, leases: readonly Leased[], milliseconds = 20_000): Promise<void> {
  for (const { address } of leases) await comeTo(site, address, /^active$/, milliseconds);
}

/** One statement of an address in a lease file. */
export const field = (site: FailoverSite, role: Role, address: string, name: string): string | undefined =>
  fieldIn(site.servers[role], address, name);

/** Both servers say the same of an address. */
export const agree = (site: FailoverSite, address: string): Promise<boolean> =>
  eventually(
    () => new Set(both(site, address)).size === 1,
    20_000,
    () => `${address} is ${both(site, address).join(" and ")}`,
  );

/** Every address that either server knows as active is the same on both, field by field, and there are `active` of them. */
export async function sameEverywhere(site: FailoverSite, active: number): Promise<void> {
  const differences = () => {
    const { inUse, found } = fieldDifferences(site.servers);
    return inUse === active ? found : [`${inUse} in use, not ${active}`, ...found];
  };
  // an update may be on its way, and a stock dhcpd acknowledges after two seconds
  await eventually(
    () => differences().length === 0,
    20_000,
    () => differences().join("\n"),
  );
}

/** Changes a server's configuration file. */
export const edit = (site: FailoverSite, role: Role, change: (conf: string) => string): void => {
  const { conf } = site.servers[role];
  const before = readFileSync(conf, "utf8");
  const after = change(before);
  expect(after).not.toBe(before);
  writeFileSync(conf, after);
};
