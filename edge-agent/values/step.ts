/**
 * What one event did. The runner commits `writes` durably, in one transaction, and only then performs `effects` in
 * order. So no DHCPACK (RFC 2131 §3.1) and no BNDACK (draft-ietf-dhc-failover-12 §5.2.1) can leave before the
 * binding it speaks of is on disk.
 */
export interface Step<State, Write, Effect> {
  readonly state: State;
  readonly writes: readonly Write[];
  readonly effects: readonly Effect[];
}
