/** A difference to dhcpd that is meant, with its reason; the differential test fails when it is not there. */
export interface KnownDifference {
  readonly group: string;
  readonly case: string;
  readonly step: number;
  readonly field: string;
  readonly reason: string;
}

export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [];
