/** A broken invariant: our fault, never input's. The loop logs it and exits with status 70. */
export class Bug extends Error {
  override readonly name = "Bug";
}

/** Throws {@link Bug} unless `condition` holds. */
export function assert(condition: boolean, invariant: string): asserts condition {
  if (!condition) throw new Bug(invariant);
}

/** Ends a `switch` over a union: a member that has no case does not compile. */
export function unreachable(value: never): never {
  throw new Bug(`unreachable: ${JSON.stringify(value)}`);
}
