import type { AgentConfig, SharedNetwork } from "../config/agent-config.ts";
import type { NetworkInterface } from "../rim/interfaces.ts";
import { contains } from "../values/ipv4.ts";
import { err, ok, type Result } from "../values/result.ts";

export interface InterfaceChoice {
  readonly serving: readonly { readonly networkInterface: NetworkInterface; readonly network: SharedNetwork }[];
  /** Interfaces whose addresses no subnet declaration holds. */
  readonly ignored: readonly NetworkInterface[];
}

/**
 * Which interfaces to serve: the requested ones, or all that are up and can broadcast but loopback, as far as a subnet
 * declaration (or an `interface` statement of a shared network) covers them. Refuses an interface in two networks, as dhcpd does.
 */
export function chooseInterfaces(
  config: AgentConfig,
  present: readonly NetworkInterface[],
  requested: readonly NetworkInterface[],
): Result<InterfaceChoice, string> {
  const candidates = requested.length > 0 ? requested : present.filter((each) => each.up && each.broadcast && !each.loopback);
  const serving: { networkInterface: NetworkInterface; network: SharedNetwork }[] = [];
  const ignored: NetworkInterface[] = [];
  for (const networkInterface of candidates) {
    const [network, other] = networksOf(config, networkInterface);
    if (other !== undefined) return err(`Interface ${networkInterface.name} matches multiple shared networks`);
    if (network === undefined || networkInterface.index === 0) ignored.push(networkInterface);
    else serving.push({ networkInterface, network });
  }
  return ok({ serving, ignored });
}

/** Names in `interface` statements. */
export const declaredInterfaces = ({ networks, subnets }: AgentConfig): readonly string[] =>
  [...networks, ...subnets].flatMap(({ interfaceName }) => (interfaceName === undefined ? [] : [interfaceName]));

function networksOf(config: AgentConfig, { name, addresses }: NetworkInterface): readonly SharedNetwork[] {
  return config.networks.filter(
    (network) =>
      network.interfaceName === name ||
      network.subnets.some((subnet) => subnet.interfaceName === name || addresses.some((address) => contains(subnet.network, address))),
  );
}
