import type { Scope } from "../config/agent-config.ts";
import { SettledEvaluation } from "../config/evaluate/settled-evaluation.ts";
import { createEnvironment, run } from "../config/evaluate/statements.ts";
import type { EvaluationInput, ScopeChain } from "../config/evaluation.ts";
import type { Expression, Statement } from "../config/expression.ts";
import type { Location } from "../config/location.ts";
import type { OptionDefinition } from "../config/option-definition.ts";
import { PARAMETERS } from "../config/parameters.ts";
import { optionText } from "./option-text.ts";
import { parameterText } from "./parameter-text.ts";

/** An option or parameter that a client has, with its value and where that comes from. */
export interface Setting {
  /** "option routers", "default-lease-time", "vendor-option-space" … */
  readonly name: string;
  /** As one would write it in dhcpd.conf. */
  readonly value: string;
  /** The statements that make the value; several for `append` and `prepend`. */
  readonly from: readonly Origin[];
}

export interface Origin {
  readonly location: Location;
  /** "subnet 10.0.0.0/24" */
  readonly scope: string;
  /** The condition that it stands under, if any. */
  readonly condition: Location | undefined;
}

/** A statement that would count if a condition came out otherwise. */
export interface Unused {
  readonly name: string;
  readonly from: Origin;
}

export interface Effective {
  readonly settings: readonly Setting[];
  readonly unused: readonly Unused[];
  /** Events for which there are statements. */
  readonly handlers: readonly string[];
  readonly executes: readonly string[];
}

interface Placed {
  readonly name: string;
  readonly origin: Origin;
  used: boolean;
}

/** Runs the scopes for a client and finds the statement behind each value. */
export function effectiveSettings(chain: ScopeChain, input: EvaluationInput): Effective {
  const placed = new Map<Expression, Placed>();
  const spaces: { readonly kind: string; readonly space: string; readonly origin: Origin }[] = [];
  const environment = createEnvironment(input);
  for (const scope of chain) {
    place(scope.statements, { scope, condition: undefined, depth: 0 }, placed, spaces);
    run(scope.statements, environment);
  }
  const evaluation = new SettledEvaluation(environment);
  const settings: Setting[] = [];
  const settle = (name: string, expression: Expression | undefined, value: string | undefined): void => {
    if (expression !== undefined)
      settings.push({ name, value: value ?? "(no value for this client)", from: originsOf(expression, placed) });
  };
  for (const [space, definitions] of input.config.optionDefinitions) {
    for (const code of environment.options.codes(space)) {
      const definition = definitions.get(code) ?? unknownOption(space, code);
      const value = evaluation.option(space, code);
      settle(optionName(definition), environment.options.option(space, code), value && optionText(definition, value));
    }
  }
  for (const name of PARAMETERS.keys()) {
    const expression = environment.options.parameter(name);
    if (expression !== undefined) settle(name, expression, parameterText(name, evaluation));
  }
  for (const [kind, space] of [
    ["vendor-option-space", evaluation.vendorOptionSpace] as const,
    ["site-option-space", evaluation.siteOptionSpace] as const,
  ]) {
    const from = spaces.findLast((each) => each.kind === kind && each.space === space);
    if (space !== undefined && from !== undefined) settings.push({ name: kind, value: space, from: [from.origin] });
  }
  const unused = [...placed.values()].filter(({ used, origin }) => !used && origin.condition !== undefined);
  return {
    settings,
    unused: unused.map(({ name, origin }) => ({ name, from: origin })),
    handlers: evaluation.handlers.flatMap(({ events }) => events),
    executes: evaluation.executions.map(({ command, arguments: words }) => [command, ...words].join(" ")),
  };
}

const unknownOption = (space: string, code: number): OptionDefinition => ({
  space,
  name: `unknown-${code}`,
  code,
  fields: [{ kind: "bytes" }],
  repeat: "none",
});

const optionName = ({ space, name }: OptionDefinition): string => `option ${space === "dhcp" ? name : `${space}.${name}`}`;

interface Around {
  readonly scope: Scope;
  readonly condition: Location | undefined;
  readonly depth: number;
}

/** Notes where each value is written, so that it is found again in what running the statements gives. */
function place(
  statements: readonly Statement[],
  around: Around,
  placed: Map<Expression, Placed>,
  spaces: { readonly kind: string; readonly space: string; readonly origin: Origin }[],
): void {
  if (around.depth > 100) return;
  for (const statement of statements) {
    const { location } = statement;
    const origin = { location, scope: scopeName(around.scope), condition: around.condition };
    const inside = { ...around, condition: location, depth: around.depth + 1 };
    switch (statement.kind) {
      case "option":
        if (statement.value !== undefined) placed.set(statement.value, { name: optionName(statement.option), origin, used: false });
        break;
      case "parameter":
        placed.set(statement.value, { name: statement.name, origin, used: false });
        break;
      case "vendor-option-space":
      case "site-option-space":
        spaces.push({ kind: statement.kind, space: statement.space, origin });
        break;
      case "if":
        place(statement.then, inside, placed, spaces);
        place(statement.otherwise, inside, placed, spaces);
        break;
      case "switch":
        for (const each of statement.cases) place(each.body, inside, placed, spaces);
        break;
      default:
    }
  }
}

function originsOf(expression: Expression, placed: ReadonlyMap<Expression, Placed>, depth = 0): readonly Origin[] {
  const found = placed.get(expression);
  if (found !== undefined) {
    found.used = true;
    return [found.origin];
  }
  if (expression.kind !== "concat" || depth > 50) {
    return [{ location: expression.location, scope: "", condition: undefined }];
  }
  return expression.parts.flatMap((part) => originsOf(part, placed, depth + 1));
}

/** "subnet 10.0.0.0/24"; "global" for the outermost. */
export const scopeName = (scope: Scope): string => (scope.kind === "global" ? "global" : `${scope.kind} ${scope.name}`.trim());
