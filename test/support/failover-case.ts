import { expect, type TestContext } from "vitest";
import { FailoverSite, type PairOptions, type Role } from "./failover-site.ts";
import { eventually } from "./netns.ts";

/** Every way Tandem can be one of a pair. */
export const PAIRS: readonly PairOptions[] = [
  { primary: "tandem", secondary: "dhcpd" },
  { primary: "dhcpd", secondary: "tandem" },
  { primary: "tandem", secondary: "tandem" },
];
export const ROLES = ["primary", "secondary"] as const;
export const other = (role: Role): Role => (role === "primary" ? "secondary" : "primary");

/** A site for one test; at its end no client may have held another's address, and tshark must understand all that the two servers said. */
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

export async function nothingWrong(site: FailoverSite): Promise<Map<number, number>> {
  expect(site.doubles).toEqual([]);
  const { faults, messages } = await site.session();
  expect(faults).toBe("");
  expect(messages.size).toBeGreaterThan(3);
  return messages;
}

/** What both lease files say of an address; one that never changed hands is in no lease file. */
export const both = (site: FailoverSite, address: string): readonly string[] =>
  ROLES.map((role) => site.servers[role].bindingState(address) ?? "free");
export const comeTo = (site: FailoverSite, address: string, states: RegExp, milliseconds = 20_000): Promise<boolean> =>
  eventually(
    () => both(site, address).every((state) => states.test(state)) && new Set(both(site, address)).size === 1,
    milliseconds,
    () => `${address} is ${both(site, address).join(" and ")}, not ${states}`,
  );

/** One statement of an address in a lease file. */
export const field = (site: FailoverSite, role: Role, address: string, name: string): string | undefined =>
  new RegExp(`^ {2}${name} (.*);$`, "m").exec(site.servers[role].leases().get(address) ?? "")?.[1];
