import type { SiteAgent } from "../../../edge-agent/agent/ledger.ts";
import type { DhcpMessage } from "../../../edge-agent/dhcp/wire/message.ts";
import type { Relationship } from "../../../edge-agent/failover/relationship.ts";
import type { StoreWrite } from "../../../edge-agent/leases/store-write.ts";
import type { Client } from "../client.ts";
import type { Holding } from "../client-types.ts";
import { PEER_NAME } from "../config-text.ts";
import type { LedgerSide } from "../ledger/site.ts";
import { EPOCH_MILLIS, type Machine } from "../machine.ts";
import type { Swarm } from "../swarm.ts";

/** What a checker may look at: everything, from above. */
export interface Scene {
  readonly swarm: Swarm;
  readonly machines: readonly Machine[];
  readonly clients: readonly Client[];
  /** True milliseconds since the start. */
  readonly now: number;
  /** True milliseconds by which a lease may seem to overlap another: whole seconds, skew and drift of the servers' clocks. */
  readonly slack: number;
  /** A server declared the other down, and the two have not been NORMAL together since. */
  readonly partnerDown: boolean;
  /** When an operator last ordered what only a false word allows, and when all faults ended: true milliseconds; -Infinity for never. */
  readonly lastFalseWord: number;
  readonly healedAt: number;
  /** Undefined: no ledger. */
  readonly ledger: LedgerSide | undefined;
}

/** One thing that must always hold. Each method gives a complaint, or undefined. */
export interface Checker {
  readonly name: string;
  /** A client has taken (or extended) an address. */
  bound?(scene: Scene, client: Client, holding: Holding): string | undefined;
  /** A client has stopped using an address. */
  gone?(scene: Scene, client: Client, holding: Holding): undefined;
  /** Writes are on the disk of a machine. */
  durable?(scene: Scene, machine: Machine, writes: readonly StoreWrite[]): string | undefined;
  /** A DHCP answer leaves a machine. */
  answered?(scene: Scene, machine: Machine, answer: DhcpMessage): string | undefined;
  /** Bytes leave for the partner. */
  told?(scene: Scene, machine: Machine, bytes: Uint8Array): string | undefined;
  /** A server has something to say to its operator. */
  logged?(scene: Scene, machine: Machine, text: string): undefined;
  /** A write or a transaction is in the ledger's table. */
  ledgerChanged?(scene: Scene): string | undefined;
  /** A disk is about to be lost, with all that is on it, or what was written since it was copied. */
  diskLost?(scene: Scene, machine: Machine): undefined;
  /** The ledger was put back to what it was at `copiedAt`, true milliseconds. */
  ledgerRestored?(scene: Scene, copiedAt: number): undefined;
  /** All is over: faults have ended, and everything has come to rest. */
  atEnd?(scene: Scene): string | undefined;
  /** Every few seconds, while nothing is under way in the process. */
  atRest?(scene: Scene, machine: Machine): string | undefined;
}

export const relationshipOf = (machine: Machine): Relationship | undefined =>
  machine.process?.loop.state.failover.relationships.get(PEER_NAME);

/** What the ledger's part of a machine's process knows; undefined without ledger or process. */
export const siteOf = (machine: Machine): SiteAgent | undefined => machine.process?.loop.state.ledger.sites?.get(PEER_NAME);

export const otherThan = (scene: Scene, machine: Machine): Machine | undefined => scene.machines.find((each) => each !== machine);

/** True milliseconds of a lease time on this machine's disk, by its lease clock as it was when last looked at. */
export const trueTime = (machine: Machine, seconds: number): number => seconds * 1000 - EPOCH_MILLIS - machine.leaseClockAhead;
