import type { AgentConfig, Pool, Scope, SharedNetwork, Subnet } from "../config/agent-config.ts";
import type { Statement } from "../config/expression.ts";
import { contains, formatIpv4, type Ipv4Address, ipv4FromBytes } from "../values/ipv4.ts";

/** All statements of a scope, those inside conditions included. */
export function* statementsOf(scope: Scope): Iterable<Statement> {
  yield* nested(scope.statements, 0);
}

function* nested(statements: readonly Statement[], depth: number): Iterable<Statement> {
  if (depth > 100) return;
  for (const statement of statements) {
    yield statement;
    switch (statement.kind) {
      case "if":
        yield* nested(statement.then, depth + 1);
        yield* nested(statement.otherwise, depth + 1);
        break;
      case "switch":
        for (const each of statement.cases) yield* nested(each.body, depth + 1);
        break;
      case "define":
      case "on":
      case "let":
        yield* nested(statement.body, depth + 1);
        break;
      default:
    }
  }
}

/** The addresses in an option that is a list of them. */
export function addressesOf(value: Uint8Array): readonly Ipv4Address[] {
  return Array.from({ length: Math.floor(value.length / 4) }, (_, index) => ipv4FromBytes(value, index * 4));
}

export const textOf = (bytes: Uint8Array): string => String.fromCharCode(...bytes.subarray(0, 500));

export const networkOf = (config: AgentConfig, pool: Pool | Subnet): SharedNetwork | undefined => config.networks[pool.sharedNetwork];

export const poolsOf = (config: AgentConfig, subnet: Subnet): readonly Pool[] =>
  config.pools.filter((pool) => pool.ranges.some((range) => contains(subnet.network, range.first)));

export const subnetOf = (config: AgentConfig, address: Ipv4Address): Subnet | undefined =>
  config.subnets.find((subnet) => contains(subnet.network, address));

export const prefixOf = (subnet: Subnet): string => {
  let bits = 0;
  for (let mask: number = subnet.network.mask; mask !== 0; mask = (mask << 1) >>> 0) bits += 1;
  return `${formatIpv4(subnet.network.address)}/${bits}`;
};
