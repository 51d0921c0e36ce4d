import type { OptionRow } from "./option-format.ts";

/** Relay agent sub-options (RFC 3046). */
export const AGENT_OPTIONS: readonly OptionRow[] = [
  [1, "circuit-id", "X"],
  [2, "remote-id", "X"],
  [3, "agent-id", "I"],
  [4, "DOCSIS-device-class", "L"],
  [5, "link-selection", "I"],
  [19, "relay-port", "Z"],
];

/** NetWare/IP sub-options of option 63 (RFC 2242). */
export const NWIP_OPTIONS: readonly OptionRow[] = [
  [1, "illegal-1", ""],
  [2, "illegal-2", ""],
  [3, "illegal-3", ""],
  [4, "illegal-4", ""],
  [5, "nsq-broadcast", "f"],
  [6, "preferred-dss", "IA"],
  [7, "nearest-nwip-server", "IA"],
  [8, "autoretries", "B"],
  [9, "autoretry-secs", "B"],
  [10, "nwip-1-1", "f"],
  [11, "primary-dss", "I"],
];

/** Client FQDN (option 81, RFC 4702), as dhcpd takes its fields apart. */
export const FQDN_OPTIONS: readonly OptionRow[] = [
  [1, "no-client-update", "f"],
  [2, "server-update", "f"],
  [3, "encoded", "f"],
  [4, "rcode1", "B"],
  [5, "rcode2", "B"],
  [6, "hostname", "t"],
  [7, "domainname", "t"],
  [8, "fqdn", "t"],
];

/** Enterprise numbers inside option 125 (RFC 3925). */
export const VENDOR_OPTIONS: readonly OptionRow[] = [[2495, "isc", "Eisc."]];

/** Enterprise numbers inside option 124 (RFC 3925). */
export const VENDOR_CLASS_OPTIONS: readonly OptionRow[] = [[2495, "isc", "X"]];

/** Enterprise 2495, ISC. */
export const ISC_OPTIONS: readonly OptionRow[] = [
  [1, "media", "t"],
  [2, "update-assist", "X"],
];

/** Enterprise numbers inside DHCPv6 option 17. */
export const VSIO_OPTIONS: readonly OptionRow[] = [[2495, "isc", "Eisc6."]];

/** Enterprise 2495 in DHCPv6. */
export const ISC6_OPTIONS: readonly OptionRow[] = [
  [1, "media", "t"],
  [2, "update-assist", "X"],
  [60000, "4o6-interface", "t"],
  [60001, "4o6-source-address", "6"],
];

/** dhcpd's own parameters, which it keeps as options of the space "server" (see parameters.ts). */
export const SERVER_OPTIONS: readonly OptionRow[] = [
  [1, "default-lease-time", "T"],
  [2, "max-lease-time", "T"],
  [3, "min-lease-time", "T"],
  [4, "dynamic-bootp-lease-cutoff", "T"],
  [5, "dynamic-bootp-lease-length", "L"],
  [6, "boot-unknown-clients", "f"],
  [7, "dynamic-bootp", "f"],
  [8, "allow-bootp", "f"],
  [9, "allow-booting", "f"],
  [10, "one-lease-per-client", "f"],
  [11, "get-lease-hostnames", "f"],
  [12, "use-host-decl-names", "f"],
  [13, "use-lease-addr-for-default-route", "f"],
  [14, "min-secs", "B"],
  [15, "filename", "t"],
  [16, "server-name", "t"],
  [17, "next-server", "I"],
  [18, "authoritative", "f"],
  [19, "vendor-option-space", "U"],
  [20, "always-reply-rfc1048", "f"],
  [21, "site-option-space", "X"],
  [22, "always-broadcast", "f"],
  [23, "ddns-domainname", "t"],
  [24, "ddns-hostname", "t"],
  [25, "ddns-rev-domainname", "t"],
  [26, "lease-file-name", "t"],
  [27, "pid-file-name", "t"],
  [28, "duplicates", "f"],
  [29, "declines", "f"],
  [30, "ddns-updates", "f"],
  [31, "omapi-port", "S"],
  [32, "local-port", "S"],
  [33, "limited-broadcast-address", "I"],
  [34, "remote-port", "S"],
  [35, "local-address", "I"],
  [36, "omapi-key", "k"],
  [37, "stash-agent-options", "f"],
  [38, "ddns-ttl", "T"],
  [39, "ddns-update-style", "Nddns-styles."],
  [40, "client-updates", "f"],
  [41, "update-optimization", "f"],
  [42, "ping-check", "f"],
  [43, "update-static-leases", "f"],
  [44, "log-facility", "Nsyslog-facilities."],
  [45, "do-forward-updates", "f"],
  [46, "ping-timeout", "T"],
  [47, "infinite-is-reserved", "f"],
  [48, "update-conflict-detection", "f"],
  [49, "leasequery", "f"],
  [50, "adaptive-lease-time-threshold", "B"],
  [51, "do-reverse-updates", "f"],
  [52, "fqdn-reply", "f"],
  [53, "preferred-lifetime", "T"],
  [54, "dhcpv6-lease-file-name", "t"],
  [55, "dhcpv6-pid-file-name", "t"],
  [56, "limit-addrs-per-ia", "L"],
  [57, "limit-prefs-per-ia", "L"],
  [58, "delayed-ack", "S"],
  [59, "max-ack-delay", "L"],
  [78, "dhcp-cache-threshold", "B"],
  [79, "dont-use-fsync", "f"],
  [80, "ddns-local-address4", "I"],
  [81, "ddns-local-address6", "6"],
  [82, "ignore-client-uids", "f"],
  [83, "log-threshold-low", "B"],
  [84, "log-threshold-high", "B"],
  [85, "echo-client-id", "f"],
  [86, "server-id-check", "f"],
  [87, "prefix-length-mode", "Nprefix_length_modes."],
  [88, "dhcpv6-set-tee-times", "f"],
  [89, "abandon-lease-time", "T"],
  [92, "check-secs-byte-order", "f"],
  [93, "ddns-dual-stack-mixed-mode", "f"],
  [94, "ddns-guard-id-must-match", "f"],
  [95, "ddns-other-guard-is-dynamic", "f"],
  [96, "release-on-roam", "f"],
  [97, "local-address6", "6"],
  [98, "bind-local-address6", "f"],
  [99, "ping-cltt-secs", "T"],
  [100, "ping-timeout-ms", "T"],
];
