/**
 * A table that was restored from a copy does not know what was granted since. What is written to it from then on belongs to a new generation:
 * the epoch's millions. So an epoch of a generation is above every epoch of those before, as a number and in the order of events, also for an
 * agent that knows nothing of generations.
 */
export const EPOCHS_IN_GENERATION = 1_000_000;
/** The order of events has eight digits for the epoch. */
export const LAST_GENERATION = 98;

/** How many restores an epoch comes after. */
export const generationOf = (epoch: number): number => Math.floor(epoch / EPOCHS_IN_GENERATION);
/** The epoch in which a restored site waits to be settled; the settled one is the next. */
export const firstOf = (generation: number): number => generation * EPOCHS_IN_GENERATION;

/** The name of an incarnation as a row bears it that was restored: whoever of that server sees the row has yet to tell what it was. */
export const beforeRestore = (boot: string): string => (boot.length > 1 && boot.startsWith("-") ? boot : `-${boot}`);
/** Does a row with this name say that its server never ran? */
export const neverRan = (boot: string): boolean => boot === "-" || boot === "--";
