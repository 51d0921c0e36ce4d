import type { Expression } from "./expression.ts";
import { missing, term } from "./expression-terms.ts";
import { bindsTighter, combine, contextOf, type Operator, typeOf, typeProblem } from "./expression-types.ts";
import type { ExpressionContext, ParseContext, Parsed } from "./parse-context.ts";
import type { TokenReader } from "./token-reader.ts";

/** As long a chain of operators as the evaluator can walk. */
const LONGEST_CHAIN = 800;

/** An expression of dhcp-eval(5), up to the first token that cannot belong to it. */
export function expression(context: ParseContext, reader: TokenReader, wanted: ExpressionContext): Parsed<Expression> {
  const first = term(context, reader, wanted);
  if (first === "absent" || first === "failed") return first;
  const operator = operatorAhead(reader);
  if (operator === "failed") return "failed";
  return operator === undefined ? first : chain(context, reader, first, operator, typeOf(first));
}

/**
 * `left` and everything after it, when `first` is the operator that follows; its last character is still to be taken.
 * Operators group as in dhcpd: a tighter one takes all that follows, also the looser ones after it.
 */
function chain(
  context: ParseContext,
  reader: TokenReader,
  left: Expression,
  first: Operator,
  rightContext: ExpressionContext,
): Expression | "failed" {
  let operator = first;
  let whole = left;
  let wanted = rightContext;
  for (let length = 0; length < LONGEST_CHAIN; length += 1) {
    reader.next();
    let right: Parsed<Expression> = term(context, reader, wanted);
    if (right === "absent") return missing(context, reader, "expecting right-hand side.");
    if (right === "failed") return "failed";
    wanted = typeOf(right);
    let next = operatorAhead(reader);
    if (next === "failed") return "failed";
    if (next !== undefined && bindsTighter(next, operator)) {
      const tighter = next;
      const rest = right;
      right = context.nested(reader, () => chain(context, reader, rest, tighter, contextOf(tighter)), "failed" as const);
      if (right === "failed") return "failed";
      next = undefined;
    }
    const problem = typeProblem(operator, typeOf(whole), typeOf(right));
    if (problem !== undefined) return fail(reader, problem);
    whole = combine(operator, whole, right);
    if (next === undefined) return whole;
    operator = next;
  }
  return fail(reader, `more than ${LONGEST_CHAIN} operators in one expression`);
}

function fail(reader: TokenReader, message: string): "failed" {
  reader.fail(message);
  reader.skipStatement();
  return "failed";
}

const SIMPLE = new Set(["=", "and", "or", "+", "-", "/", "*", "%", "&", "|", "^"]);

/** The binary operator that comes next; of one that has two characters the first is taken. */
function operatorAhead(reader: TokenReader): Operator | "failed" | undefined {
  const { type } = reader.peek();
  if (SIMPLE.has(type)) return type as Operator;
  if (type === "!") {
    reader.next();
    return reader.peek().type === "=" ? "!=" : fail(reader, "! in boolean context without =");
  }
  if (type === "~") {
    reader.next();
    const second = reader.peek().type;
    if (second === "~") return "~~";
    return second === "=" ? "~=" : fail(reader, "expecting ~= or ~~ operator");
  }
  return undefined;
}
