export type Program = "tandem" | "dhcpd";
export type Role = "primary" | "secondary";

export interface PairOptions {
  readonly primary: Program;
  readonly secondary: Program;
  readonly mclt?: number;
  readonly maxResponseDelay?: number;
  readonly maxUnacked?: number;
  /** Default and longest lease; 120 unless told. */
  readonly leaseSeconds?: number;
  /** Statements within both `failover peer` declarations. */
  readonly extra?: string;
  /** What is started as the agent, if not the agent itself. */
  readonly agent?: (role: Role) => string;
  /** Statements within one of them. */
  readonly only?: Partial<Readonly<Record<Role, string>>>;
  /** `split` or `hba`, for the primary; `split 128;` unless told. */
  readonly buckets?: string;
  /** The primary serves by itself: `failover` is in neither configuration. */
  readonly alone?: boolean;
  /** Lease files to start with. */
  readonly leases?: Partial<Readonly<Record<Role, string>>>;
  /** Statements outside. */
  readonly global?: string;
  /** Names of further relationships between the two, each with twenty addresses of its own: 10.77.101.100 and on, 10.77.102.100 and on. */
  readonly more?: readonly string[];
  /** Statements within the pool. */
  readonly pool?: string;
  /** Seconds by which a server's clock is ahead. */
  readonly ahead?: Partial<Readonly<Record<Role, number>>>;
  /** The pool's range in 10.77.0.0/16; twenty addresses unless told. */
  readonly range?: string;
  /** Only when speed is measured: nobody looks at the clients' link, and nothing is judged at the end. */
  readonly unwatched?: boolean;
}

/** The servers' addresses on the failover link. */
export const ADDRESS = { primary: "10.78.0.2", secondary: "10.78.0.3" } as const;
/** The servers' addresses on the clients' network. */
export const CLIENT_SIDE = { primary: "10.77.0.2", secondary: "10.77.0.3" } as const;

const relationship = (name: string, role: Role, options: PairOptions): string => {
  const other = role === "primary" ? "secondary" : "primary";
  const primaryOnly = role === "primary" ? `mclt ${options.mclt ?? 20}; ${options.buckets ?? "split 128;"}` : "";
  return `failover peer "${name}" { ${role}; address ${ADDRESS[role]}; port 647; peer address ${ADDRESS[other]}; peer port 647;
  max-response-delay ${options.maxResponseDelay ?? 30}; max-unacked-updates ${options.maxUnacked ?? 10}; load balance max seconds 3; ${primaryOnly} ${options.extra ?? ""}
  ${options.only?.[role] ?? ""} }
`;
};

/** A server's dhcpd.conf. */
export function configuration(role: Role, options: PairOptions): string {
  const more = options.more ?? [];
  const conf = `authoritative; default-lease-time ${options.leaseSeconds ?? 120}; max-lease-time ${options.leaseSeconds ?? 120}; min-lease-time 5; ping-check false;
dhcp-cache-threshold 0; ddns-update-style none; ${options.global ?? ""}
omapi-port 7911; key k { algorithm hmac-md5; secret bGFiLXNlY3JldC1rZXktMDE=; } omapi-key k;
${["lab", ...more].map((name) => relationship(name, role, options)).join("")}subnet 10.77.0.0 netmask 255.255.0.0 { option routers 10.77.0.1;
  pool { failover peer "lab"; ${options.pool ?? ""} range ${options.range ?? "10.77.0.100 10.77.0.119"}; }
  ${more.map((name, index) => `pool { failover peer "${name}"; range 10.77.${101 + index}.100 10.77.${101 + index}.119; }`).join("\n  ")} }
`;
  return options.alone === true ? withoutPartner(conf) : conf;
}

/** The same server without a partner. */
const withoutPartner = (conf: string): string =>
  conf.replace(/^failover peer[\s\S]*?^subnet/m, "subnet").replace('failover peer "lab"; ', "");
