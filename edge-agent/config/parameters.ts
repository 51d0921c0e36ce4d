/** What a parameter's value is, once evaluated. Times are seconds; 0xffffffff is "infinite". */
export type ParameterKind = "number" | "flag" | "text" | "address" | "address6" | "enumeration" | "space";

export interface ParameterRow {
  readonly kind: ParameterKind;
  /** "accepted-no-effect" parameters say so once, as an info diagnostic. */
  readonly effect: "supported" | "accepted-no-effect";
}

const supported = (kind: ParameterKind): ParameterRow => ({ kind, effect: "supported" });
const ignored = (kind: ParameterKind): ParameterRow => ({ kind, effect: "accepted-no-effect" });

/**
 * dhcpd's parameters by the name of their statement; `Statement.name` has these names. Each may stand in any scope and inside
 * `if` and `switch`. Numbers and flags have a number as value (flags: 0 false or deny, 1 true or allow, 2 ignore), the others
 * bytes, unless the file gives an expression with "=". `server-identifier X` is the same as `option dhcp-server-identifier X` and
 * so is an option statement; `authoritative` belongs to the scope; `vendor-option-space` has its own statement.
 */
export const PARAMETERS: ReadonlyMap<string, ParameterRow> = new Map([
  ["default-lease-time", supported("number")],
  ["max-lease-time", supported("number")],
  ["min-lease-time", supported("number")],
  ["dynamic-bootp-lease-cutoff", supported("number")],
  ["dynamic-bootp-lease-length", supported("number")],
  ["boot-unknown-clients", supported("flag")],
  ["dynamic-bootp", supported("flag")],
  ["allow-bootp", supported("flag")],
  ["allow-booting", supported("flag")],
  ["one-lease-per-client", supported("flag")],
  ["get-lease-hostnames", supported("flag")],
  ["use-host-decl-names", supported("flag")],
  ["use-lease-addr-for-default-route", supported("flag")],
  ["min-secs", supported("number")],
  ["filename", supported("text")],
  ["server-name", supported("text")],
  ["next-server", supported("address")],
  ["authoritative", supported("flag")],
  ["vendor-option-space", supported("space")],
  ["always-reply-rfc1048", supported("flag")],
  ["site-option-space", supported("space")],
  ["always-broadcast", supported("flag")],
  ["ddns-domainname", supported("text")],
  ["ddns-hostname", supported("text")],
  ["ddns-rev-domainname", supported("text")],
  ["lease-file-name", supported("text")],
  ["pid-file-name", supported("text")],
  ["duplicates", supported("flag")],
  ["declines", supported("flag")],
  ["ddns-updates", supported("flag")],
  ["omapi-port", supported("number")],
  ["local-port", supported("number")],
  ["limited-broadcast-address", supported("address")],
  ["remote-port", supported("number")],
  ["local-address", supported("address")],
  ["omapi-key", supported("text")],
  ["stash-agent-options", supported("flag")],
  ["ddns-ttl", supported("number")],
  ["ddns-update-style", supported("enumeration")],
  ["client-updates", supported("flag")],
  ["update-optimization", supported("flag")],
  ["ping-check", supported("flag")],
  ["update-static-leases", supported("flag")],
  ["log-facility", supported("enumeration")],
  ["do-forward-updates", supported("flag")],
  ["ping-timeout", supported("number")],
  ["infinite-is-reserved", supported("flag")],
  ["update-conflict-detection", supported("flag")],
  ["leasequery", supported("flag")],
  ["adaptive-lease-time-threshold", supported("number")],
  ["do-reverse-updates", supported("flag")],
  ["fqdn-reply", supported("flag")],
  ["preferred-lifetime", ignored("number")],
  ["dhcpv6-lease-file-name", ignored("text")],
  ["dhcpv6-pid-file-name", ignored("text")],
  ["limit-addrs-per-ia", ignored("number")],
  ["limit-prefs-per-ia", ignored("number")],
  ["delayed-ack", supported("number")],
  ["max-ack-delay", supported("number")],
  ["dhcp-cache-threshold", supported("number")],
  ["dont-use-fsync", ignored("flag")],
  ["ddns-local-address4", supported("address")],
  ["ddns-local-address6", ignored("address6")],
  ["ignore-client-uids", supported("flag")],
  ["log-threshold-low", supported("number")],
  ["log-threshold-high", supported("number")],
  ["echo-client-id", supported("flag")],
  ["server-id-check", supported("flag")],
  ["prefix-length-mode", ignored("enumeration")],
  ["dhcpv6-set-tee-times", ignored("flag")],
  ["abandon-lease-time", supported("number")],
  ["check-secs-byte-order", supported("flag")],
  ["ddns-dual-stack-mixed-mode", supported("flag")],
  ["ddns-guard-id-must-match", supported("flag")],
  ["ddns-other-guard-is-dynamic", supported("flag")],
  ["release-on-roam", ignored("flag")],
  ["local-address6", ignored("address6")],
  ["bind-local-address6", ignored("flag")],
  ["ping-cltt-secs", supported("number")],
  ["ping-timeout-ms", supported("number")],
  // "octal" or "hex"; "default" or "local": how the lease file is written.
  ["lease-id-format", supported("text")],
  ["db-time-format", supported("text")],
]);

/** `allow`, `deny` and `ignore` take these words; each is a parameter under its own name. */
export const ALLOW_DENY_PARAMETERS: ReadonlyMap<string, string> = new Map([
  ["bootp", "allow-bootp"],
  ["booting", "allow-booting"],
  ["dynamic-bootp", "dynamic-bootp"],
  ["unknown-clients", "boot-unknown-clients"],
  ["duplicates", "duplicates"],
  ["declines", "declines"],
  ["client-updates", "client-updates"],
  ["leasequery", "leasequery"],
]);
