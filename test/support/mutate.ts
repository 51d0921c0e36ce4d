import type { Condition, Write } from "../../cloud/contract/expression.ts";

/** One term of one write's condition that can be taken out: which write, the way down to the term, and how it reads. */
export interface Term {
  readonly write: number;
  readonly path: readonly number[];
  readonly reads: string;
}

/** Every comparison and absence test in the conditions of `writes`. */
export function termsOf(writes: readonly Write[]): readonly Term[] {
  return writes.flatMap((write, index) =>
    write.when === undefined ? [] : leaves(write.when, []).map((leaf) => ({ write: index, ...leaf })),
  );
}

/** `writes` with one term taken out. A compound left empty goes too. */
export function without(writes: readonly Write[], term: Term): readonly Write[] {
  return writes.map((write, index) => (index === term.write ? { ...write, when: remove(write.when!, term.path) } : write));
}

function leaves(condition: Condition, path: readonly number[]): readonly Omit<Term, "write">[] {
  if (condition.kind === "absent") return [{ path, reads: `${condition.attribute} absent` }];
  if (condition.kind === "compare")
    return [{ path, reads: `${condition.attribute} ${condition.operator} ${JSON.stringify(condition.value)}` }];
  return condition.terms.flatMap((term, index) => leaves(term, [...path, index]));
}

function remove(condition: Condition, path: readonly number[]): Condition | undefined {
  const [head, ...rest] = path;
  if (head === undefined || condition.kind === "absent" || condition.kind === "compare") return undefined;
  const terms = condition.terms.map((term, index) => (index === head ? remove(term, rest) : term)).filter((term) => term !== undefined);
  return terms.length === 0 ? undefined : { ...condition, terms };
}
