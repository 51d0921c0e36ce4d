import type { StoreWrite } from "../leases/store-write.ts";
import { type Service, serviceAt } from "../ledger/serving-lease.ts";
import type { DatagramReceived } from "../server/event.ts";
import type { Ipv4Address } from "../values/ipv4.ts";
import type { Instant } from "../values/time.ts";
import type { AgentEffect } from "./effect.ts";
import type { Failover } from "./failover.ts";
import { type LedgerState, type SiteAgent, startSites } from "./ledger.ts";
import { type Recorder, recordChanges } from "./ledger-outbox.ts";
import type { LedgerSetting } from "./ledger-setting.ts";

/** All sites in one event: as they are by now, and what came of it so far. Mutable, and gone after the event. */
export class SiteBoard {
  readonly ledger: LedgerState;
  readonly failover: Failover;
  readonly at: Instant;
  readonly sites: Map<string, SiteAgent>;
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
    this.sites = new Map(ledger.sites ?? startSites(ledger.ports, failover.record, at.monotonic));
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

  recorder(site: SiteAgent): Recorder {
    return recordChanges(site, this);
  }

  /** The site's record is to be stored. */
  mark(name: string): void {
    if (!this.dirty.includes(name)) this.dirty.push(name);
  }
  put(name: string, site: SiteAgent): void {
    this.sites.set(name, site);
  }
  say(level: "info" | "warn", text: string): void {
    this.effects.push({ kind: "log", event: level === "info" ? "ledger" : "ledger-trouble", fields: { text } });
  }
}
