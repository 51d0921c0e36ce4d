/** A place in a configuration file. Lines and columns count from 1; a tab counts as one column. */
export interface Location {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** `FILE:LINE:COLUMN`. */
export const formatLocation = (location: Location): string => `${location.file}:${location.line}:${location.column}`;
