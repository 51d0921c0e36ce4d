import type { ServerName } from "../../../cloud/contract/tables.ts";
import type { Machine } from "../machine.ts";

/** The ledger's name of a server: A is the primary, B the secondary. */
export const serverOf = ({ name }: Pick<Machine, "name">): ServerName => (name === "primary" ? "A" : "B");

/** Has a request of the ledger's client carried to the table. */
export type Carry = <T>(run: () => T) => Promise<T>;
