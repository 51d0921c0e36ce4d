/** Evaluates IAM statements offline, for the operators that the stack uses. An operator or form it does not know throws. */
export interface Statement {
  readonly Effect: "Allow" | "Deny";
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}
export interface Ask {
  readonly action: string;
  readonly resource: string;
  /** Partition keys that the request names; none for a Scan. */
  readonly keys?: readonly string[];
  /** Principal tags, which policy variables stand for. */
  readonly tags?: Readonly<Record<string, string>>;
}

/** Explicit denial wins; without any allowance it is denied. `resolve` turns a template's resource into an ARN. */
export function allowed(statements: readonly Statement[], ask: Ask, resolve: (resource: unknown) => string): boolean {
  const fitting = statements.filter((statement) => applies(statement, ask, resolve));
  return fitting.some(({ Effect }) => Effect === "Allow") && !fitting.some(({ Effect }) => Effect === "Deny");
}

function applies(statement: Statement, ask: Ask, resolve: (resource: unknown) => string): boolean {
  const actions = [statement.Action].flat() as string[];
  const resources = ([statement.Resource].flat() as unknown[]).map((resource) => substitute(resolve(resource), ask));
  const conditions = Object.entries(statement.Condition ?? {});
  return (
    actions.some((action) => like(action, ask.action)) &&
    resources.some((resource) => like(resource, ask.resource)) &&
    conditions.every(([operator, tests]) =>
      Object.entries(tests).every(([key, values]) => holds(operator, key, [values].flat().map(String), ask)),
    )
  );
}

function holds(operator: string, key: string, values: readonly string[], ask: Ask): boolean {
  if (key !== "dynamodb:LeadingKeys") throw new Error(`condition key ${key} is not known`);
  const patterns = values.map((value) => substitute(value, ask));
  const keys = ask.keys ?? [];
  if (operator === "Null") return (keys.length === 0) === (values[0] === "true");
  if (operator === "ForAllValues:StringLike") return keys.every((given) => patterns.some((pattern) => like(pattern, given)));
  if (operator === "ForAnyValue:StringLike") return keys.some((given) => patterns.some((pattern) => like(pattern, given)));
  throw new Error(`operator ${operator} is not known`);
}

const substitute = (text: string, ask: Ask): string =>
  text.replaceAll(/\$\{aws:PrincipalTag\/([^}]+)\}/g, (_, name: string) => ask.tags?.[name] ?? "\u0000");
const like = (pattern: string, text: string): boolean =>
  new RegExp(
    `^${pattern
      .replaceAll(/[.+^${}()|[\]\\]/g, "\\$&")
      .replaceAll("*", "[^]*")
      .replaceAll("?", "[^]")}$`,
  ).test(text);
