import type { ObjectReference } from "./objects.ts";

/** A client may make us remember so many objects; beyond that OPEN is refused until a restart. */
const HANDLE_LIMIT = 1_000_000;

/**
 * The numbers by which clients speak of objects: given from 1 when an object is first shown, the same for all connections,
 * stable until a restart. Owned by the agent's state and used by one step at a time.
 */
export class HandleTable {
  readonly #byKey = new Map<string, number>();
  readonly #objects: ObjectReference[] = [];

  /** The handle of an object; 0 when the table is full. */
  of(reference: ObjectReference): number {
    const key = `${reference.type} ${reference.name}`;
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    if (this.#objects.length >= HANDLE_LIMIT) return 0;
    this.#objects.push(reference);
    this.#byKey.set(key, this.#objects.length);
    return this.#objects.length;
  }

  object(handle: number): ObjectReference | undefined {
    return this.#objects[handle - 1];
  }
}
