import { type Ipv4Address, parseIpv4 } from "../../../edge-agent/values/ipv4.ts";
import { noAddressTwice } from "../../simulation/checkers/no-address-twice.ts";
import { type HistoryChecker, slackOf } from "./checker.ts";

/** The simulation's checker, on what real clients saw. */
export function noAddressHasTwoHolders(): HistoryChecker {
  const checker = noAddressTwice();
  const clients = new Map<string, { readonly name: string }>();
  const clientOf = (name: string): { readonly name: string } => {
    const client = clients.get(name) ?? { name };
    clients.set(name, client);
    return client;
  };
  let slack = 0;
  let rash = false;
  return {
    name: checker.name,
    take(entry) {
      if (entry.kind === "run") {
        slack = slackOf(entry.plan);
        ({ rash } = entry.plan);
      }
      if (entry.kind === "bound") {
        const found = checker.bound({ now: entry.at, slack }, clientOf(entry.client), {
          address: numberOf(entry.address),
          until: entry.until,
        });
        return rash ? undefined : found;
      }
      if (entry.kind === "gone") return checker.gone({}, clientOf(entry.client), { address: numberOf(entry.address), until: 0 });
      return undefined;
    },
  };
}

function numberOf(address: string): Ipv4Address {
  const parsed = parseIpv4(address);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}
