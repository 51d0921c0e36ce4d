import type { BindingStatus } from "../../leases/binding-status.ts";
import type { EpochSeconds } from "../../values/time.ts";

/** How much the two clocks may differ before an end, or the last of a promise, is taken for premature; seconds (dhcpd's for EXPIRED). */
const CLOCK_ALLOWANCE = 65;

export interface Transition {
  readonly mine: BindingStatus;
  readonly theirs: BindingStatus;
  readonly isPrimary: boolean;
  /** We are in NORMAL. */
  readonly isNormal: boolean;
  /** When the lease ends by our record. */
  readonly ends: EpochSeconds;
  /** potential-expiration-time of the update; 0 if it has none. */
  readonly theirPotentialExpiry: EpochSeconds;
  readonly now: EpochSeconds;
}

type Rule = "yes" | "no" | "primary-says" | "ended-here" | "no-potential-left";

const ANY = rules("yes", "yes", "yes", "yes", "yes", "yes", "yes");
/** [our status][their status] → when we believe it in NORMAL (dhcpd). "primary-says": only from the primary. */
const IN_NORMAL: Readonly<Record<BindingStatus, Readonly<Record<BindingStatus, Rule>>>> = {
  //                 FREE                 ACTIVE EXPIRED RELEASED ABANDONED RESET BACKUP
  FREE: ANY,
  ACTIVE: rules("no-potential-left", "yes", "ended-here", "yes", "yes", "primary-says", "no-potential-left"),
  EXPIRED: rules("no-potential-left", "yes", "yes", "yes", "yes", "yes", "no-potential-left"),
  RELEASED: ANY,
  ABANDONED: ANY,
  RESET: rules("no-potential-left", "yes", "yes", "yes", "yes", "yes", "no-potential-left"),
  BACKUP: ANY,
};
/** The same in all other states: a binding that we know of is given up only for good reasons. */
const ACTIVE_OUT_OF_NORMAL = rules("no", "yes", "ended-here", "yes", "yes", "yes", "no");

function rules(...[free, active, expired, released, abandoned, reset, backup]: readonly Rule[]): Readonly<Record<BindingStatus, Rule>> {
  const or = (rule: Rule | undefined): Rule => rule ?? "no";
  return {
    FREE: or(free),
    ACTIVE: or(active),
    EXPIRED: or(expired),
    RELEASED: or(released),
    ABANDONED: or(abandoned),
    RESET: or(reset),
    BACKUP: or(backup),
  };
}

/** May the partner change our record so (failover-12 §7.1.3, as dhcpd decides it)? If not, it is rejected with reason 2. */
export function isAcceptable(transition: Transition): boolean {
  const { mine, theirs, isPrimary, isNormal } = transition;
  if (mine === theirs) return true;
  if (!isNormal) return mine !== "ACTIVE" || holds(ACTIVE_OUT_OF_NORMAL[theirs], transition);
  // only RELEASED and ABANDONED can end on the secondary what the primary knows as ACTIVE
  if (mine === "ACTIVE" && isPrimary) return theirs === "RELEASED" || theirs === "ABANDONED";
  return holds(IN_NORMAL[mine][theirs], transition);
}

function holds(rule: Rule, transition: Transition): boolean {
  if (rule === "yes") return true;
  if (rule === "no") return false;
  if (rule === "primary-says") return !transition.isPrimary;
  if (rule === "ended-here") return transition.ends - CLOCK_ALLOWANCE <= transition.now;
  return transition.theirPotentialExpiry - CLOCK_ALLOWANCE <= transition.now;
}

/** What a duel is fought with: what each server announced of the same address at the same time. */
export interface Announced {
  readonly status: BindingStatus;
  readonly cltt: EpochSeconds;
}

/**
 * Both servers announced something before hearing of the other's: does ours stand? The later transaction of two clients'
 * leases, else the lease in use, else the primary's. dhcpd lets either side give in when one says ACTIVE and the other
 * EXPIRED, or the secondary ACTIVE and the primary anything else; then each ends with the other's word. Standing by ACTIVE is
 * what its table expects of the other side, and nobody loses a lease by it.
 */
export function oursWins(ours: Announced, theirs: Announced, isPrimary: boolean): boolean {
  const [mine, other] = [ours.status === "ACTIVE", theirs.status === "ACTIVE"];
  if (mine !== other) return mine;
  if (mine && ours.cltt !== theirs.cltt) return ours.cltt > theirs.cltt;
  return isPrimary;
}
