/** A guard of the product, and what the source looks like without it. `find` stands once in the file. */
export interface Guard extends Edit {
  readonly name: string;
  /** Where the same is asked once more, so that one of them alone is not missed. */
  readonly also?: readonly Edit[];
}
export interface Edit {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}
