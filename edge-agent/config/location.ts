/** A place in a configuration file. Lines and columns count from 1; a tab counts as one column. */
export interface Location {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}
