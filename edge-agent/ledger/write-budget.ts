import type { OutboxEntry } from "./calls.ts";

/** What a site writes to the ledger by its mirror, in DynamoDB's write units a second; see {@link mirrorUnits}. */
export const WRITE_BUDGET = 600;

/**
 * Write units of a batch: two for each row in a transaction (the server's own, one for each address, one for each event), and one for each
 * index that has a row of history. No row has more than 1 KiB.
 */
export function mirrorUnits(entries: readonly OutboxEntry[]): number {
  const addresses = new Set(entries.map(({ event }) => event.address)).size;
  const indexed = entries.filter(({ event }) => event.client !== "").length;
  return 2 + 2 * addresses + 3 * entries.length + indexed;
}

/** How long a batch keeps within `unitsPerSecond`, from when it was begun. Milliseconds; 0 where there is no limit. */
export const paceMillis = (entries: readonly OutboxEntry[], unitsPerSecond: number): number =>
  unitsPerSecond === 0 ? 0 : Math.ceil((mirrorUnits(entries) * 1000) / unitsPerSecond);
