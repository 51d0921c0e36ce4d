import type { Evaluation } from "../evaluation.ts";
import { sharedPart } from "./settled-evaluation.ts";

/** An evaluation of which some options of the "dhcp" space are not seen. */
export class PartialEvaluation implements Evaluation {
  readonly whole: Evaluation;
  readonly hidden: ReadonlySet<number>;

  constructor(whole: Evaluation, hidden: ReadonlySet<number>) {
    this.whole = whole;
    this.hidden = hidden;
  }

  get spaces(): readonly string[] {
    return this.whole.spaces;
  }
  get vendorOptionSpace(): string | undefined {
    return this.whole.vendorOptionSpace;
  }
  get siteOptionSpace(): string | undefined {
    return this.whole.siteOptionSpace;
  }
  get logs(): Evaluation["logs"] {
    return this.whole.logs;
  }
  get variables(): Evaluation["variables"] {
    return this.whole.variables;
  }
  get handlers(): Evaluation["handlers"] {
    return this.whole.handlers;
  }
  get executions(): Evaluation["executions"] {
    return this.whole.executions;
  }
  get addedClasses(): readonly string[] {
    return this.whole.addedClasses;
  }
  option(space: string, code: number): Uint8Array | undefined {
    return this.shows(space, code) ? this.whole.option(space, code) : undefined;
  }
  codes(space: string): readonly number[] {
    return this.whole.codes(space).filter((code) => this.shows(space, code));
  }
  number(parameter: string): number | undefined {
    return this.whole.number(parameter);
  }
  flag(parameter: string): boolean | undefined {
    return this.whole.flag(parameter);
  }
  bytes(parameter: string): Uint8Array | undefined {
    return this.whole.bytes(parameter);
  }
  shows(space: string, code: number): boolean {
    return space !== "dhcp" || !this.hidden.has(code);
  }
}

/** Codes that have a value, in the order in which statements first set them; ascending where that is not known. */
export function insertedCodes(evaluation: Evaluation, space: string): readonly number[] {
  if (evaluation instanceof PartialEvaluation)
    return insertedCodes(evaluation.whole, space).filter((code) => evaluation.shows(space, code));
  return sharedPart(evaluation)?.inserted(space) ?? evaluation.codes(space);
}
