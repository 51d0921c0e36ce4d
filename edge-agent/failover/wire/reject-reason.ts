/** Reject reasons (failover-12 §12.21) with the text that dhcpd uses when the sender gives none. */
export const REJECT_REASONS = {
  1: "Illegal IP address (not part of any address pool).",
  2: "Fatal conflict exists: address in use by other client.",
  3: "Missing binding information.",
  4: "Connection rejected, time mismatch too great.",
  5: "Connection rejected, invalid MCLT.",
  6: "Connection rejected, unknown reason.",
  7: "Connection rejected, duplicate connection.",
  8: "Connection rejected, invalid failover partner.",
  9: "TLS not supported.",
  10: "TLS supported but not configured.",
  11: "TLS required but not supported by partner.",
  12: "Message digest not supported.",
  13: "Message digest not configured.",
  14: "Protocol version mismatch.",
  15: "Outdated binding information.",
  16: "Less critical binding information.",
  17: "No traffic within sufficient time.",
  18: "Hash bucket assignment conflict.",
  19: "IP not reserved on this server.",
  20: "Message digest failed to compare.",
  21: "Missing message digest.",
  254: "Unknown Error.",
} as const;

export type RejectReason = keyof typeof REJECT_REASONS;

/** What to show for a received reason: the sender's own words, if it had any. */
export function rejectText(reason: number, message: string | undefined): string {
  if (message !== undefined && message !== "") return message;
  return (REJECT_REASONS as Readonly<Record<number, string>>)[reason] ?? `reason ${reason}`;
}
