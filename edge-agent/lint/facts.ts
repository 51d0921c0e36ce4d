import type { AgentConfig, Pool, Scope, SharedNetwork, Subnet } from "../config/agent-config.ts";
import type { Expression, Statement } from "../config/expression.ts";
import { contains, formatIpv4, type Ipv4Address, ipv4FromBytes } from "../values/ipv4.ts";

/** A scope and those around it, outermost first. */
export function chainOf(scope: Scope): readonly Scope[] {
  const chain: Scope[] = [];
  for (let each: Scope | undefined = scope; each !== undefined && chain.length < 1000; each = each.parent) chain.unshift(each);
  return chain;
}

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

export interface Setting<Value> {
  readonly value: Value;
  readonly statement: Statement;
}

/** The number that a parameter has in `scope` when no condition decides; undefined when none is set, or it is computed. */
export function numberIn(scope: Scope, parameter: string): Setting<number> | undefined {
  return lastOf(scope, (statement) => {
    if (statement.kind !== "parameter" || statement.name !== parameter) return undefined;
    return constantNumber(statement.value);
  });
}

export function flagIn(scope: Scope, parameter: string): Setting<boolean> | undefined {
  const setting = numberIn(scope, parameter);
  return setting === undefined ? undefined : { value: setting.value !== 0, statement: setting.statement };
}

export function bytesIn(scope: Scope, parameter: string): Setting<Uint8Array> | undefined {
  return lastOf(scope, (statement) =>
    statement.kind === "parameter" && statement.name === parameter && statement.value.kind === "bytes" ? statement.value.value : undefined,
  );
}

/** The constant value of a DHCP option in `scope`. */
export function optionIn(scope: Scope, code: number): Setting<Uint8Array> | undefined {
  return lastOf(scope, (statement) => {
    if (statement.kind !== "option" || statement.option.space !== "dhcp" || statement.option.code !== code) return undefined;
    return statement.value?.kind === "bytes" ? statement.value.value : undefined;
  });
}

function lastOf<Value>(scope: Scope, read: (statement: Statement) => Value | undefined): Setting<Value> | undefined {
  let found: Setting<Value> | undefined;
  for (const each of chainOf(scope)) {
    for (const statement of each.statements) {
      const value = read(statement);
      if (value !== undefined) found = { value, statement };
    }
  }
  return found;
}

function constantNumber(value: Expression): number | undefined {
  if (value.kind === "number") return value.value;
  return value.kind === "boolean" ? Number(value.value) : undefined;
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
