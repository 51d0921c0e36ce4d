/** Evaluates IAM statements for the operators that the stack uses. An operator or condition key it does not know throws, so nothing is let
 *  through by a rule that was not understood. */
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
  if (!actions.some((action) => like(action, ask.action))) return false;
  const resources = ([statement.Resource].flat() as unknown[]).map((resource) => substitute(resolve(resource), ask));
  const conditions = Object.entries(statement.Condition ?? {});
  return (
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
  const fits = (given: string) => patterns.some((pattern) => like(pattern, given));
  switch (operator) {
    case "Null":
      return (keys.length === 0) === (values[0] === "true");
    case "ForAllValues:StringLike":
      return keys.every(fits);
    case "ForAllValues:StringNotLike":
      return !keys.some(fits);
    case "ForAnyValue:StringLike":
      return keys.some(fits);
    default:
      throw new Error(`operator ${operator} is not known`);
  }
}

/** A tag that the principal lacks stands for a text that nothing is like. */
const substitute = (text: string, ask: Ask): string =>
  text.replaceAll(/\$\{aws:PrincipalTag\/([^}]+)\}/g, (_, name: string) => ask.tags?.[name] ?? "\u0000");

/** IAM's patterns: `*` any text, `?` any character. No regular expression: a pattern may not cost more than its length times the text's. */
function like(pattern: string, text: string): boolean {
  let [p, t, star, mark] = [0, 0, -1, 0];
  while (t < text.length) {
    if (pattern[p] === "*") {
      star = p++;
      mark = t;
    } else if (pattern[p] === "?" || pattern[p] === text[t]) {
      p++;
      t++;
    } else if (star >= 0) {
      p = star + 1;
      t = ++mark;
    } else return false;
  }
  while (pattern[p] === "*") p++;
  return p === pattern.length;
}
