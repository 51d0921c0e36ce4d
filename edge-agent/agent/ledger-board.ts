import type { StoreWrite } from "../leases/store-write.ts";
import { type Service, serviceAt } from "../ledger/serving-lease.ts";
import type { DatagramReceived } from "../server/event.ts";
import type { Ipv4Address } from "../values/ipv4.ts";
import type { Instant } from "../values/time.ts";
import type { AgentEffect } from "./effect.ts";
import type { Failover } from "./failover.ts";
import { type LedgerState, type SiteAgent, startSites } from "./ledger.ts";
import type { LedgerSetting } from "./ledger-setting.ts";

/** All sites in one event: as they are by now, and what came of it so far. Mutable, and gone after the event. */
export class SiteBoard {
  readonly ledger: LedgerState;
  readonly failover: Failover;
  readonly at: Instant;
  #sites: ReadonlyMap<string, SiteAgent>;
  /** {@link #sites} if any of them has changed. */
  #own: Map<string, SiteAgent> | undefined;
  /** Sites whose record is to be stored. */
  readonly dirty: string[] = [];
  readonly effects: AgentEffect[] = [];
  readonly writes: StoreWrite[] = [];
  /** Messages to be served again: the ledger has spoken. */
  readonly again: DatagramReceived[] = [];
  readonly refused: Ipv4Address[] = [];
  /** Addresses that were taken from the ledger: no news to it. Undefined: none. */
  merged: ReadonlySet<Ipv4Address> | undefined;
  /** New terms, if agent.json was read again. */
  settings: readonly LedgerSetting[] | undefined;
  /** Relationships to be ordered into PARTNER-DOWN. */
  readonly orders: string[] = [];

  constructor(ledger: LedgerState, failover: Failover, at: Instant) {
    this.ledger = ledger;
    this.failover = failover;
    this.at = at;
    this.#sites = ledger.sites ?? startSites(ledger.ports, failover.record, at.monotonic);
    if (ledger.sites === undefined) for (const [name, { unmet }] of this.#sites) if (unmet !== undefined) this.mark(name);
  }

  get sites(): ReadonlyMap<string, SiteAgent> {
    return this.#sites;
  }

  service(site: SiteAgent): Service {
    const { core, forced } = site;
    if (site.lost) return "none";
    const byLease = serviceAt(core.lease, this.at.monotonic, core.config.coldStart);
    const isUnbound = core.config.partnerIsForeign || forced !== undefined;
    return byLease !== "none" && isUnbound ? "full" : byLease;
  }
  stateOf(name: string): string {
    const endpoint = this.failover.relationships.get(name)?.endpoint;
    return endpoint === undefined ? "UNKNOWN" : endpoint.startupUntil === undefined ? endpoint.state : "STARTUP";
  }

  get wallMillis(): number {
    return (this.at.now + this.at.wallOffset) * 1000;
  }

  /** The site's record is to be stored. */
  mark(name: string): void {
    if (!this.dirty.includes(name)) this.dirty.push(name);
  }
  put(name: string, site: SiteAgent): void {
    if (this.#sites.get(name) === site) return;
    // most agents have one site, and this happens with each lease
    this.#own ??= this.#sites.size === 1 && this.#sites.has(name) ? new Map() : new Map(this.#sites);
    this.#own.set(name, site);
    this.#sites = this.#own;
  }
  /** Other sites altogether. */
  replace(sites: ReadonlyMap<string, SiteAgent>): void {
    this.#sites = sites;
    this.#own = undefined;
  }
  say(level: "info" | "warn", text: string): void {
    this.effects.push({ kind: "log", event: level === "info" ? "ledger" : "ledger-trouble", fields: { text } });
  }
}
