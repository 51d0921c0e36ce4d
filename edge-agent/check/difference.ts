import type { Location } from "../config/location.ts";
import type { differingMeanings } from "./meaning.ts";

/** One thing that two servers' files say differently. */
export interface Difference {
  readonly about: "failover" | "pool" | "option" | "class" | "host" | "network";
  readonly message: string;
  readonly here: Side;
  readonly there: Side;
  /** Partners must agree on it; else it is worth knowing only. */
  readonly matters: boolean;
}

/** What one file says, and where; both undefined if it says nothing. */
export interface Side {
  readonly value: string | undefined;
  readonly location: Location | undefined;
}

export const SILENT: Side = { value: undefined, location: undefined };

/** A thing that the other file does not have. */
export const onlyIn = (side: "here" | "there", about: Difference["about"], what: string, location: Location): Difference => {
  const said = { value: what, location };
  const message = `${what} is in one file only`;
  return side === "here"
    ? { about, message, here: said, there: SILENT, matters: true }
    : { about, message, here: SILENT, there: said, matters: true };
};

type Differing = ReturnType<typeof differingMeanings> extends Iterable<infer Each> ? Each : never;

/** An option or parameter that the files set differently. */
export const settingDiffers = (about: Difference["about"], where: string, { name, here, there }: Differing): Difference => ({
  about,
  message: `${where}: ${name}`,
  here: { value: here?.shown, location: here?.location },
  there: { value: there?.shown, location: there?.location },
  matters: true,
});
