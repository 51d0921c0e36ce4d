import { formatIpv4, type Ipv4Address } from "../../../edge-agent/values/ipv4.ts";
import type { Holding } from "../client-types.ts";
import type { Checker, Scene } from "./checker.ts";

type Held = Pick<Holding, "address" | "until">;
type Holder = { readonly name: string };

/** No address is valid for two clients at once, as the clients see it: the promise of the whole product. */
export function noAddressTwice() {
  const held = new Map<Ipv4Address, { readonly client: Holder; readonly holding: Held }>();
  return {
    name: "no address is valid for two clients at once",
    bound(scene: Pick<Scene, "now" | "slack">, client: Holder, holding: Held): string | undefined {
      const other = held.get(holding.address);
      held.set(holding.address, { client, holding });
      if (other === undefined || other.client === client || other.holding.until - scene.slack <= scene.now) return undefined;
      const left = Math.round((other.holding.until - scene.now) / 1000);
      return `${formatIpv4(holding.address)} went to ${client.name}, but is ${other.client.name}'s for ${left} s more`;
    },
    gone(_scene: unknown, client: Holder, holding: Held): undefined {
      if (held.get(holding.address)?.client === client) held.delete(holding.address);
      return undefined;
    },
  } satisfies Checker;
}
