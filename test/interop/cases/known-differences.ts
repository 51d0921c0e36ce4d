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

const OWN_VARIABLES =
  "dhcp-eval(5): a variable has the value that was set. When dhcpd writes options it sees those variables only that a set in the global scope, outside conditions, has made; elsewhere (if, log, on commit) it sees all.";
const UNPADDED = "RFC 951 §3: a message is at least 300 bytes. dhcpd sends its answers to lease queries shorter.";

const MIN_SECS = "dhcpd.conf(5): min-secs may stand in any scope. dhcpd looks at it before it runs the host's statements.";

const CURRENT_FIRST =
  "RFC 2131 §4.3.1: the client's current address comes before a previous one. dhcpd keeps a client's leases in the order of when each was last granted, so that one which this client gave up may come before the one in use.";

const LONGER_FIRST =
  "RFC 2131 §4.3.1: the current address. Of two that a client has, the one that lasts longer; dhcpd takes the one that it wrote into its tables first, and another after a restart.";
const OTHERS_LEASES =
  "dhcpd.conf(5), one-lease-per-client: the client's other leases end. dhcpd also ends those of whoever had the address before, while they are in use.";

const BOOTP_BROADCAST =
  "RFC 1542 §4.1.2: with the broadcast flag the answer goes to the broadcast address of the link too. dhcpd sends a BOOTREPLY to the client's own.";

const OFFERED =
  "RFC 2131 §3.1(2): an address that is on offer to one client is not given to another machine that asks for it. dhcpd gives it, and the first client's REQUEST fails.";

const FRAGMENT = "RFC 791 §3.2: a first fragment is not a message. dhcpd takes it for one.";
const NOT_FOR_US = "RFC 1122 §2.3.1, IEEE 802.3: a frame to another station is not ours. dhcpd answers whatever its socket sees.";

const NAME_OF_DECLARATION =
  "dhcp-eval(5): host-decl-name is the name of the declaration that matches the client. When dhcpd answers an INFORM it does not know it.";

const OTHER_IDENTIFIER =
  "RFC 2131 §3.1: the machine that got the OFFER may take it. dhcpd refuses when it shows another identifier in REQUEST than in DISCOVER, on a lease that was made without any.";

/** Seeds of the random differential that differ on purpose; `random/main.ts` names the reason. */
export const KNOWN_SEEDS: ReadonlyMap<number, string> = new Map([
  [2024, CURRENT_FIRST],
  [2106, DECLINE],
  [2116, LONGER_FIRST],
  [2120, OTHERS_LEASES],
  [5000, DECLINE],
  [5009, CURRENT_FIRST],
  [5013, BOOTP_BROADCAST],
  [5018, OFFERED],
  [5019, OFFERED],
  [6103, OFFERED],
  [6111, OFFERED],
  [8001, NAME_OF_DECLARATION],
  [8010, INFINITE],
  [8065, DECLINE],
  [8067, BOOTP_BROADCAST],
  [8068, NAME_OF_DECLARATION],
  [8099, CURRENT_FIRST],
  [9051, OTHER_IDENTIFIER],
  [9055, DECLINE],
]);

const rows = (reason: string, group: string, name: string, field: string, ...steps: readonly number[]): KnownDifference[] =>
  steps.map((step) => ({ group, case: name, step, field, reason }));

export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  ...rows(MIN_SECS, "parameters of time and name", "min-secs of a host", "type", 0),
  ...["order", "option 201"].flatMap((field) =>
    rows(OWN_VARIABLES, "variables and events", "a variable set within a condition", field, 0, 1),
  ),
  ...["option 200", "option 201"].flatMap((field) =>
    rows(OWN_VARIABLES, "variables and events", "it is there at the next time", field, 0, 1, 2),
  ),
  ...rows(UNPADDED, "lease queries", "about an address in use", "length", 2),
  ...rows(UNPADDED, "lease queries", "about a released address", "length", 3),
  ...[
    "about an address never used",
    "about an address that is not ours",
    "by hardware",
    "by unknown hardware",
    "by identifier",
    "by unknown identifier",
    "without a list",
  ].flatMap((name) => rows(UNPADDED, "lease queries", name, "length", 0)),
  ...rows(UNPADDED, "names of the server", "lease queries about a client with leases in several networks", "length", 6),
  ...["options see the last value of a variable", "a function that sets"].flatMap((name) =>
    ["order", "option 15", "option 17"].flatMap((field) => rows(OWN_VARIABLES, "expressions", name, field, 0)),
  ),
  ...["order", "option 15", "option 40"].flatMap((field) => rows(OWN_VARIABLES, "expressions", "functions", field, 0)),
  ...["authoritative", "not authoritative"].flatMap((group) => [
    ...rows(OTHER_SERVER, group, "selecting another server", "type", 1),
    ...rows(OTHER_SERVER, group, LEASE_FILE, LEASE_FILE, 0),
  ]),
  ...rows(FRAGMENT, "frames", "a first fragment", "type", 0),
  ...rows(NOT_FOR_US, "frames", "to another machine's MAC address", "type", 0),
  ...rows(OP, "malformed", "op of a reply", "type", 0),
  ...rows(DECLINE, "decline", "decline by another client", "type", 3),
  ...rows(DECLINE, "decline", LEASE_FILE, LEASE_FILE, 0),
  ...["no time asked for", "infinity", "T1 and T2 on request"].flatMap((name) =>
    rows(INFINITE, "infinite leases", name, "option 51", 0, 1),
  ),
  ...rows(INFINITE, "hosts", "endless", "option 51", 0, 1),
  ...rows(INFINITE, "BOOTP after DHCP", "and DHCP again", "option 51", 1, 2),
  ...rows(OVERRIDE, "relay agents and subnets", "server identifier override (RFC 5107)", "option 54", 0),
  ...rows(OVERRIDE, "relay agents and subnets", "request to the overridden identifier", "option 54", 0, 1),
];
