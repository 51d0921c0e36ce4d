import type { DatabaseLease } from "../history.ts";
import { type HistoryChecker, slackOf } from "./checker.ts";

const SETTLED = new Set(["active", "abandoned", "backup"]);

/** Where two databases do not say the same. An address that is in no lease file is free. */
export function differences(left: readonly DatabaseLease[], right: readonly DatabaseLease[], seconds: number): string[] {
  const there = new Map(right.map((lease) => [lease.address, lease]));
  const here = new Map(left.map((lease) => [lease.address, lease]));
  const free = (address: string): DatabaseLease => ({ address, status: "free", ends: 0 });
  return [...new Set([...here.keys(), ...there.keys()])].flatMap((address) => {
    const one = here.get(address) ?? free(address);
    const two = there.get(address) ?? free(address);
    const same = one.status === two.status && (one.status !== "active" || isSameBinding(one, two, seconds));
    return same ? [] : [`${address} is ${text(one)} for the one and ${text(two)} for the other`];
  });
}

const isSameBinding = (one: DatabaseLease, two: DatabaseLease, seconds: number): boolean =>
  one.hardware === two.hardware && Math.abs(one.ends - two.ends) <= seconds;
const text = ({ status, hardware, ends }: DatabaseLease): string =>
  SETTLED.has(status) ? `${status} of ${hardware ?? "nobody"} until ${ends}` : status;

/** At the end both servers' databases say the same, and know of every lease that a client still holds. */
export function databasesAreRight(): HistoryChecker {
  const held = new Map<string, { readonly client: string; readonly hardware: string; readonly until: number }>();
  let slack = 0;
  let begun = 0;
  let rash = false;
  return {
    name: "the databases know every lease that a client holds",
    take(entry) {
      if (entry.kind === "run") {
        ({ begun } = entry);
        slack = slackOf(entry.plan);
        ({ rash } = entry.plan);
      }
      if (entry.kind === "bound") held.set(entry.address, entry);
      if (entry.kind === "gone" && held.get(entry.address)?.client === entry.client) held.delete(entry.address);
      if (entry.kind !== "database" || rash) return undefined;
      const leases = new Map(entry.leases.map((lease) => [lease.address, lease]));
      for (const [address, { client, hardware, until }] of held) {
        if (until <= entry.at + slack) continue;
        const lease = leases.get(address);
        const isThere = lease?.status === "active" && lease.hardware === hardware && lease.ends * 1000 >= begun + until - slack;
        if (isThere) continue;
        const known =
          lease === undefined ? "nothing of it" : `${text(lease)} (${Math.round((lease.ends * 1000 - begun) / 1000)} s from the start)`;
        return `${client} (${hardware}) holds ${address} until ${Math.round(until / 1000)} s; ${entry.who} knows ${known}`;
      }
      return undefined;
    },
  };
}
