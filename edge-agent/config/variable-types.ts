import type { AgentConfig, Scope } from "./agent-config.ts";
import type { Expression, Statement } from "./expression.ts";

/** What a variable of dhcp-eval(5) holds, where it is not data. */
export type VariableType = "number" | "boolean";

const TYPES: ReadonlyMap<Expression["kind"], VariableType> = new Map<Expression["kind"], VariableType>([
  ...(["number", "hardware-type", "extract-int", "lease-time", "client-state", "arithmetic"] as const).map(
    (kind) => [kind, "number"] as const,
  ),
  ...(["boolean", "exists", "known", "static", "check", "not", "and", "or", "equal", "not-equal", "regex", "variable-exists"] as const).map(
    (kind) => [kind, "boolean"] as const,
  ),
]);
const MOST_NESTED = 1000;

/** The variables that every `set` of the configuration makes a number, or a truth. */
export function variableTypes(config: AgentConfig): ReadonlyMap<string, VariableType> {
  const found = new Map<string, VariableType | undefined>();
  const note = (statements: readonly Statement[], depth: number): void => {
    if (depth > MOST_NESTED) return;
    for (const statement of statements) {
      if (statement.kind === "set") {
        const type = TYPES.get(statement.value.kind);
        found.set(statement.name, found.has(statement.name) && found.get(statement.name) !== type ? undefined : type);
      }
      for (const inner of bodiesOf(statement)) note(inner, depth + 1);
    }
  };
  for (const scope of scopesOf(config)) note(scope.statements, 0);
  for (const { body } of config.functions.values()) note(body, 0);
  return new Map([...found].filter((entry): entry is [string, VariableType] => entry[1] !== undefined));
}

function bodiesOf(statement: Statement): readonly (readonly Statement[])[] {
  switch (statement.kind) {
    case "if":
      return [statement.then, statement.otherwise];
    case "switch":
      return statement.cases.map(({ body }) => body);
    case "define":
    case "on":
    case "let":
      return [statement.body];
    default:
      return [];
  }
}

/** Every scope once, those around others included. */
function scopesOf(config: AgentConfig): ReadonlySet<Scope> {
  const scopes = new Set<Scope>([config.global]);
  const add = (one: Scope): void => {
    for (let scope: Scope | undefined = one; scope !== undefined && !scopes.has(scope); scope = scope.parent) scopes.add(scope);
  };
  for (const { scope } of [...config.networks, ...config.subnets, ...config.pools, ...config.hosts.all]) add(scope);
  for (const { scope, subclasses } of config.classes) {
    add(scope);
    for (const subclass of subclasses.values()) add(subclass.scope);
  }
  return scopes;
}
