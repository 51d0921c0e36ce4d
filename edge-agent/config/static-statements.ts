import type { Expression, Statement } from "./expression.ts";

/** Do these statements give the same for every packet? None looks at packet, lease, host or variables, nor sets a variable. */
export function areStatic(statements: readonly Statement[]): boolean {
  return statements.every(isStatic);
}

function isStatic(statement: Statement): boolean {
  switch (statement.kind) {
    case "option":
      return statement.value === undefined || isConstant(statement.value);
    case "parameter":
      return isConstant(statement.value);
    case "vendor-option-space":
    case "site-option-space":
    case "break":
    case "on":
    case "add-class":
      return true;
    case "log":
      return isConstant(statement.message);
    case "execute":
      return statement.arguments.every(isConstant);
    case "if":
      return isConstant(statement.condition) && areStatic(statement.then) && areStatic(statement.otherwise);
    case "switch":
      return (
        isConstant(statement.value) &&
        statement.cases.every((one) => (one.matches === undefined || isConstant(one.matches)) && areStatic(one.body))
      );
    default:
      return false;
  }
}

/** Is its value known before any packet? */
export function isConstant(expression: Expression): boolean {
  switch (expression.kind) {
    case "bytes":
    case "number":
    case "boolean":
    case "null":
    case "gethostname":
    case "gethostbyname":
    case "host-addresses":
      return true;
    case "substring":
      return isConstant(expression.data) && isConstant(expression.offset) && isConstant(expression.length);
    case "suffix":
      return isConstant(expression.data) && isConstant(expression.length);
    case "case":
    case "extract-int":
      return isConstant(expression.data);
    case "encode-int":
      return isConstant(expression.value);
    case "concat":
      return expression.parts.every(isConstant);
    case "pick-first-value":
      return expression.choices.every(isConstant);
    case "reverse":
      return isConstant(expression.width) && isConstant(expression.data);
    case "binary-to-ascii":
      return [expression.base, expression.width, expression.separator, expression.data].every(isConstant);
    case "not":
      return isConstant(expression.operand);
    case "and":
    case "or":
    case "equal":
    case "not-equal":
    case "arithmetic":
      return isConstant(expression.left) && isConstant(expression.right);
    default:
      return false;
  }
}
