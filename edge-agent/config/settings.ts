import type { Scope } from "./agent-config.ts";
import type { Expression, Statement } from "./expression.ts";

/** A scope and those around it, outermost first. */
export function chainOf(scope: Scope): readonly Scope[] {
  const chain: Scope[] = [];
  for (let each: Scope | undefined = scope; each !== undefined && chain.length < 1000; each = each.parent) chain.unshift(each);
  return chain;
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
