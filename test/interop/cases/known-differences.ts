/** A difference to dhcpd that is meant, with its reason; the differential test fails when it is not there. */
export interface KnownDifference {
  readonly group: string;
  readonly case: string;
  /** Which message of the case, from 0. */
  readonly step: number;
  readonly field: string;
  readonly reason: string;
}

/** The field that stands for the lease file after all cases of a group. */
export const LEASE_FILE = "lease file";

const OTHER_SERVER =
  "RFC 2131 §3.1(4): a REQUEST that names another server declines our offer. dhcpd without failover grants it all the same, so two servers would both hold a lease.";
const OP = "RFC 2131 §2: op 2 is a reply. dhcpd does not look at op and would answer its own kind.";
const INFINITE = "RFC 2131 §3.3: 0xffffffff is infinity. dhcpd sends the seconds left until 2038-01-19.";
const OVERRIDE = "RFC 5107 §4: the server identifier is the one the relay asked for. dhcpd does not know the sub-option.";
const DECLINE =
  "RFC 2131 §4.3.3: a DECLINE is about the sender's own address. dhcpd believes anybody, so that one host could have every lease abandoned.";

const rows = (reason: string, group: string, name: string, field: string, ...steps: readonly number[]): KnownDifference[] =>
  steps.map((step) => ({ group, case: name, step, field, reason }));

export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  ...["authoritative", "not authoritative"].flatMap((group) => [
    ...rows(OTHER_SERVER, group, "selecting another server", "type", 1),
    ...rows(OTHER_SERVER, group, LEASE_FILE, LEASE_FILE, 0),
  ]),
  ...rows(OP, "malformed", "op of a reply", "type", 0),
  ...rows(DECLINE, "decline", "decline by another client", "type", 3),
  ...rows(DECLINE, "decline", LEASE_FILE, LEASE_FILE, 0),
  ...["no time asked for", "infinity", "T1 and T2 on request"].flatMap((name) =>
    rows(INFINITE, "infinite leases", name, "option 51", 0, 1),
  ),
  ...rows(INFINITE, "hosts", "endless", "option 51", 0, 1),
  ...rows(OVERRIDE, "relay agents and subnets", "server identifier override (RFC 5107)", "option 54", 0),
  ...rows(OVERRIDE, "relay agents and subnets", "request to the overridden identifier", "option 54", 0, 1),
];
