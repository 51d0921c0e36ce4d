import type { ServerName } from "../../cloud/contract/tables.ts";
import type { Fault } from "../../cloud/embedded/ledger.ts";
import type { AgentEffect } from "../../edge-agent/agent/effect.ts";
import type { AgentState } from "../../edge-agent/agent/state.ts";
import type { ControlReply } from "../../edge-agent/control/protocol.ts";
import { decodeMessage } from "../../edge-agent/dhcp/wire/decode.ts";
import { formatIpv4, ipv4FromBytes } from "../../edge-agent/values/ipv4.ts";
import { type MemoryDisk, MemoryStore, memoryDisk } from "./memory-store.ts";

/** dhcpd.conf of one of the two. */
export const configText = (role: "primary" | "secondary", mclt: number, extra: string, lease: number): string => {
  const [own, other] = role === "primary" ? ["10.78.0.2", "10.78.0.3"] : ["10.78.0.3", "10.78.0.2"];
  return `authoritative; default-lease-time ${lease}; max-lease-time ${lease}; ping-check false; dhcp-cache-threshold 0; ddns-update-style none;
failover peer "lab" { ${role}; address ${own}; port 647; peer address ${other}; peer port 647; max-response-delay 30;
  max-unacked-updates 10; load balance max seconds 3; ${role === "primary" ? `mclt ${mclt}; split 128;` : ""} ${extra} }
subnet 10.77.0.0 netmask 255.255.255.0 { pool { failover peer "lab"; range 10.77.0.100 10.77.0.119; } }`;
};

/** What differs from site to site. */
export interface SiteOptions {
  readonly mclt?: number;
  readonly autonomyMillis?: number;
  readonly extra?: string;
  readonly mergeBacklog?: number;
  readonly leaseSeconds?: number;
}

/** One agent of the pair, whole but for sockets and disk. */
export class SiteServer {
  readonly server: ServerName;
  readonly role: "primary" | "secondary";
  disk: MemoryDisk = memoryDisk();
  store = new MemoryStore(this.disk);
  state: AgentState | undefined;
  /** Its way to the ledger. */
  fault: Fault = "none";
  readonly log: string[] = [];
  readonly effects: AgentEffect[] = [];
  readonly replies = new Map<number, ControlReply>();
  answers: { type: number; yiaddr: string; seconds: number }[] = [];
  boots = 0;

  constructor(server: ServerName) {
    this.server = server;
    this.role = server === "A" ? "primary" : "secondary";
  }
  get up(): boolean {
    return this.state !== undefined;
  }
  get site() {
    return this.state?.ledger.sites?.get("lab");
  }
  get mode() {
    return this.site?.core.standing.mode;
  }
  get endpoint() {
    return this.state?.failover.relationships.get("lab")?.endpoint;
  }
  get failoverState() {
    const endpoint = this.endpoint;
    return endpoint === undefined ? undefined : endpoint.startupUntil === undefined ? endpoint.state : "STARTUP";
  }
}

/** What a test looks at in an answer to a client. */
export function readAnswer(bytes: Uint8Array): { type: number; yiaddr: string; seconds: number } {
  const decoded = decodeMessage(bytes);
  if (!decoded.ok) throw new Error(decoded.error);
  const { options, yiaddr } = decoded.value;
  return { type: options.get(53)?.[0] ?? 0, yiaddr: formatIpv4(yiaddr), seconds: ipv4FromBytes(options.get(51) ?? new Uint8Array(4)) };
}

/** What the site is registered with. */
export const termsOf = (options: SiteOptions) => ({
  mcltMs: (options.mclt ?? 60) * 1000,
  maxLeaseMs: 600_000,
  autonomyMs: options.autonomyMillis ?? 60_000,
  names: { A: "a", B: "b" },
  pools: [],
  serials: { A: [], B: [] },
  foreign: "none" as const,
});
