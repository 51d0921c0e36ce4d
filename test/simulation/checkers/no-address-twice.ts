import { formatIpv4, type Ipv4Address } from "../../../edge-agent/values/ipv4.ts";
import type { Client, Holding } from "../client.ts";
import type { Checker } from "./checker.ts";

/** No address is valid for two clients at once, as the clients see it: the promise of the whole product. */
export function noAddressTwice(): Checker {
  const held = new Map<Ipv4Address, { readonly client: Client; readonly holding: Holding }>();
  return {
    name: "no address is valid for two clients at once",
    bound(scene, client, holding) {
      const other = held.get(holding.address);
      held.set(holding.address, { client, holding });
      if (other === undefined || other.client === client || other.holding.until - scene.slack <= scene.now) return undefined;
      const left = Math.round((other.holding.until - scene.now) / 1000);
      return `${formatIpv4(holding.address)} went to ${client.name}, but is ${other.client.name}'s for ${left} s more`;
    },
    gone(_scene, client, holding) {
      if (held.get(holding.address)?.client === client) held.delete(holding.address);
      return undefined;
    },
  };
}
