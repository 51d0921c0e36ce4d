/**
 * What an address is to us (draft-ietf-dhc-failover-12 §5.11). FREE may be given out by the primary (or by a server
 * without a partner), BACKUP by the secondary.
 */
export const BINDING_STATUSES = ["FREE", "ACTIVE", "EXPIRED", "RELEASED", "ABANDONED", "RESET", "BACKUP"] as const;
export type BindingStatus = (typeof BINDING_STATUSES)[number];
