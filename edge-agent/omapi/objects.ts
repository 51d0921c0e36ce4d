import type { Result } from "../values/result.ts";
import type { Refusal } from "./result-codes.ts";
import type { OmapiValue } from "./wire/message.ts";

/** What a handle stands for. */
export type ObjectReference =
  | { readonly type: "authenticator"; readonly name: string }
  | { readonly type: "failover-state"; readonly name: string }
  | { readonly type: "lease"; readonly name: string }
  | { readonly type: "host"; readonly name: string }
  | { readonly type: "group"; readonly name: string }
  | { readonly type: "pool" | "subnet" | "class"; readonly name: string }
  | { readonly type: "control"; readonly name: "control" };

/**
 * One type of object that OMAPI clients may look up and change. `Change` is the agent's own vocabulary. An attribute that
 * cannot be had or set is refused with the result code that dhcpd uses.
 */
export interface ObjectType<Change> {
  /** Looks an object up by attributes, as OPEN does. */
  find(keys: readonly OmapiValue[]): Result<ObjectReference, Refusal>;
  create(values: readonly OmapiValue[]): Result<{ readonly reference: ObjectReference; readonly changes: readonly Change[] }, Refusal>;
  /** Its published attributes in dhcpd's order; undefined if it is gone. */
  read(reference: ObjectReference, handleOf: (reference: ObjectReference) => number): readonly OmapiValue[] | undefined;
  update(reference: ObjectReference, values: readonly OmapiValue[]): Result<readonly Change[], Refusal>;
  remove(reference: ObjectReference): Result<readonly Change[], Refusal>;
}

export type ObjectTypes<Change> = ReadonlyMap<string, ObjectType<Change>>;
