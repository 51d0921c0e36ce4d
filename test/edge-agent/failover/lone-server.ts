import { onFailoverEvent, onLeaseChanged, sendWaiting } from "../../../edge-agent/failover/step.ts";
import { BINDING_STATUS_CODES, SERVER_STATE_CODES } from "../../../edge-agent/failover/wire/codes.ts";
import { EMPTY_STREAM, takeFrames } from "../../../edge-agent/failover/wire/frame.ts";
import { decodeMessage, encodeMessage, type FailoverMessage } from "../../../edge-agent/failover/wire/message.ts";
import type { MessageType, Options } from "../../../edge-agent/failover/wire/options.ts";
import type { BindingStatus } from "../../../edge-agent/leases/binding-status.ts";
import type { Lease } from "../../../edge-agent/leases/lease.ts";
import type { Ipv4Address } from "../../../edge-agent/values/ipv4.ts";
import { epochSeconds, monotonicMillis, NO_TIME } from "../../../edge-agent/values/time.ts";
import { connectTerms } from "../../support/failover-peer.ts";
import { address, Node, peer } from "./pair.ts";

export const NOW = 1_795_000_000;
export const AT = { now: epochSeconds(NOW), monotonic: monotonicMillis(0), wallOffset: 0 };
export const ADDRESS = address("10.77.0.105");
export const CLIENT = Uint8Array.of(1, 2, 0, 0, 0x99, 0, 1);

/** One server in NORMAL with a dhcpd, whose every word is the test's. */
export class LoneServer {
  readonly node: Node;
  readonly said: FailoverMessage[] = [];
  #xid = 0;
  #rest = EMPTY_STREAM;
  #link = 1;
  readonly #role: "primary" | "secondary";

  /** In touch since long ago, or since now. */
  constructor(role: "primary" | "secondary", since: "long ago" | "now" = "long ago") {
    this.#role = role;
    this.node = new Node("ours", peer(role), 20);
    this.node.start(AT);
    this.#connect();
    this.node.live.endpoint.state = "COMMUNICATIONS-INTERRUPTED";
    this.node.live.endpoint.startupUntil = undefined;
    this.hears("STATE", { serverState: SERVER_STATE_CODES["COMMUNICATIONS-INTERRUPTED"], serverFlags: 0, startTimeOfState: NOW });
    this.hears("STATE", { serverState: SERVER_STATE_CODES.NORMAL, serverFlags: 0, startTimeOfState: NOW });
    if (since === "now") return;
    // it has said all that it had to say
    this.node.live.link.heardAt = monotonicMillis(AT.monotonic - 60_000);
    this.hears("CONTACT", {});
    // what sharing the addresses out has said is answered
    for (const { xid, options } of this.updates()) this.hears("BNDACK", { assignedIpAddress: options.assignedIpAddress! }, xid);
  }

  #connect(): void {
    this.node.turn(AT, (turn) =>
      onFailoverEvent(turn, this.node.live, { kind: "failover-link-opened", peer: "lab", link: this.#link, direction: "accepted" }),
    );
    const { mclt: _, hashBucketAssignment: __, tlsRequest: ___, ...reply } = connectTerms();
    this.hears(this.#role === "secondary" ? "CONNECT" : "CONNECTACK", this.#role === "secondary" ? connectTerms() : reply);
  }
  /** The connection ends, and there is another, on which the dhcpd says first in what state it is since when. */
  again(state: number, since: number): void {
    const link = this.#link++;
    this.node.turn(AT, (turn) =>
      onFailoverEvent(turn, this.node.live, { kind: "failover-link-closed", peer: "lab", link, reason: "reset" }),
    );
    this.node.effects.length = 0;
    this.#rest = EMPTY_STREAM;
    this.#connect();
    this.hears("STATE", { serverState: state, serverFlags: 1, startTimeOfState: since });
  }

  hears(type: MessageType, options: Options, xid = this.#xid++): void {
    const bytes = encodeMessage({ type, time: NOW, xid, options });
    this.node.turn(AT, (turn) => onFailoverEvent(turn, this.node.live, { kind: "failover-bytes", peer: "lab", link: this.#link, bytes }));
    this.collect();
  }
  /** Takes what was said up to here. */
  collect(): void {
    for (const effect of this.node.effects.splice(0)) {
      if (effect.kind !== "failover-send") continue;
      const taken = takeFrames(this.#rest, effect.bytes);
      this.#rest = taken.rest;
      for (const frame of taken.frames) {
        const message = decodeMessage(frame);
        if (message.ok) this.said.push(message.value);
      }
    }
  }
  hearsUpdate(status: BindingStatus, ends: number, cltt = NOW): FailoverMessage | undefined {
    const times = { leaseExpirationTime: ends, potentialExpirationTime: ends, startTimeOfState: NOW, clientLastTransactionTime: cltt };
    const client = status === "FREE" || status === "BACKUP" ? {} : { clientHardwareAddress: CLIENT };
    this.hears("BNDUPD", { assignedIpAddress: ADDRESS, bindingStatus: BINDING_STATUS_CODES[status], ...times, ...client });
    return this.said.findLast(({ type }) => type === "BNDACK");
  }
  /** The lease becomes something else here, and the partner is told. */
  changes(status: BindingStatus, ends: number, cltt = NOW): void {
    this.node.turn(AT, (turn) => {
      const lease: Lease = {
        ...turn.lease(ADDRESS),
        ...{ status, starts: AT.now, ends: epochSeconds(ends), cltt: epochSeconds(cltt), hardware: { htype: 1, bytes: CLIENT.slice(1) } },
        failover: { tstp: epochSeconds(ends), tsfp: NO_TIME, atsfp: NO_TIME, owed: true, rewindStatus: "FREE" },
      };
      turn.put(lease);
      onLeaseChanged(turn, this.node.live, lease);
      sendWaiting(turn, this.node.live);
    });
    this.hears("CONTACT", {});
  }
  /** Updates of the address, or of all. */
  updates(only?: Ipv4Address): readonly FailoverMessage[] {
    return this.said.filter(({ type, options }) => type === "BNDUPD" && (only === undefined || options.assignedIpAddress === only));
  }
  get told(): readonly (number | undefined)[] {
    return this.updates(ADDRESS).map(({ options }) => options.bindingStatus);
  }
  acknowledges(which: number): void {
    this.hears("BNDACK", { assignedIpAddress: ADDRESS }, this.updates(ADDRESS).at(which)?.xid ?? 0);
  }
}
