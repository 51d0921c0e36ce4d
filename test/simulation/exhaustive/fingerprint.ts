import { readEndpoint } from "../../../edge-agent/failover/endpoint/state.ts";
import type { Lease } from "../../../edge-agent/leases/lease.ts";
import { PEER_NAME } from "../config-text.ts";
import { EPOCH_MILLIS } from "../machine.ts";
import { offersOf, waitingIn } from "./fork.ts";
import type { Server } from "./server.ts";
import type { Frame, SmallSite } from "./small-site.ts";

/** What is further past than this is simply past; seconds. */
const LONG_AGO = 900;

/**
 * Two worlds with the same fingerprint go on in the same way: times count from now, numbers of messages and connections from the last
 * one. Left out are the times of the last CONTACTs, and what only log lines show.
 */
export function fingerprint(site: SmallSite): number {
  const seconds = Math.floor((EPOCH_MILLIS + site.now) / 1000);
  const ago = (time: number): number => (time === 0 ? 0 : time >= 0xfffffff0 ? 9e9 : Math.max(-LONG_AGO, time - seconds) || 0.5);
  const left = (millis: number | undefined): number => (millis === undefined ? -1 : Math.ceil((millis - site.now) / 1000));
  const clients = site.clients.map(({ offer, holding }) => [
    offer?.address ?? 0,
    offer?.side ?? 0,
    left(offer?.until),
    holding?.address ?? 0,
    holding?.server ?? 0,
    left(holding?.until),
  ]);
  const numbers = site.servers.map((server) => [...(server.relationship?.link.connections.values() ?? [])]);
  const wires = site.wires.map((wire) => {
    const sent = ([0, 1] as const).map((side) => numbers[side]?.find(({ id }) => id === wire.ids[side])?.nextXid ?? 0);
    const towards = ([0, 1] as const).map((side) => wire.towards[side].map((frame) => frameText(frame, sent, side, ago)));
    return [wire.open, towards];
  });
  const servers = site.servers.map((server) =>
    serverText(
      server,
      ago,
      site.wires.map(({ ids }) => ids),
    ),
  );
  const flags = [site.cut, site.declaredDown, site.returning, site.partnerDown];
  return hash(JSON.stringify([flags, clients, wires, servers]));
}

type Ago = (time: number) => number;

/** BNDACK and the like carry the number of what they answer; all else has its own. */
const ANSWERS = new Set(["BNDACK", "UPDDONE", "POOLRESP"]);

function frameText({ message }: Frame, sent: readonly number[], side: 0 | 1, ago: Ago): unknown {
  if (message === undefined) return 0;
  const { type, xid, options, time } = message;
  const base = sent[ANSWERS.has(type) ? side : 1 - side] ?? 0;
  const { assignedIpAddress, bindingStatus, serverState, serverFlags, rejectReason, clientHardwareAddress } = options;
  const times = [options.leaseExpirationTime, options.potentialExpirationTime, options.clientLastTransactionTime, options.startTimeOfState];
  const rest = [assignedIpAddress, bindingStatus, serverState, serverFlags, rejectReason, clientHardwareAddress?.at(-1)];
  return [type, xid - base, ago(time), rest, times.map((each) => ago(each ?? 0))];
}

function serverText(server: Server, ago: Ago, links: readonly (readonly [number, number])[]): unknown {
  const leases = [...server.view.all()].map((lease) => leaseText(lease, ago));
  const common = [leases, server.lostDisk];
  const { relationship, memory } = server;
  if (relationship === undefined || memory === undefined) {
    const stored = readEndpoint(PEER_NAME, (key) => server.records.get(key));
    if (stored === undefined) return [common, 0];
    const { state, since, partner, partnerLastAlive, storeIntact, partnerIsTandem } = stored;
    return [common, state, ago(since), partner, ago(partnerLastAlive), storeIntact, partnerIsTandem];
  }
  const { endpoint, link, updates, transfer, balance } = relationship;
  const connections = [...link.connections.values()];
  const next = link.up?.nextXid ?? 0;
  const unacked = (all: typeof updates.unacked): unknown =>
    [...all].map(([address, { xid, status, cltt, potentialExpiry, transfer: mark, isVoid }]) => [
      address,
      [next - xid, status, ago(cltt), ago(potentialExpiry), mark !== 0, isVoid],
    ]);
  return [
    common,
    server.lazy.map(({ address }) => address),
    [endpoint.state, ago(endpoint.since), ago(endpoint.startupUntil ?? 0), endpoint.partner, endpoint.communicating],
    [ago(endpoint.partnerLastAlive), endpoint.requested?.type, endpoint.storeIntact, endpoint.partnerIsTandem],
    connections.map(({ id, phase }) => [links.findIndex((ids) => ids.includes(id)), phase, link.up?.id === id]),
    [link.dialling, link.dialAt !== undefined, link.partnerStarting],
    [
      [...updates.waiting].map(([address, mark]) => [address, mark !== 0]),
      unacked(updates.unacked),
      unacked(updates.flying),
      unacked(updates.overruled),
    ],
    [[...updates.refused], updates.transferLeft, transfer === undefined ? 0 : [transfer.cursor ?? 0]],
    [ago(balance.nextRunAt ?? 0), ago(balance.lastRunAt ?? 0), balance.unfinished],
    waitingIn(relationship.reclaim).map(({ address, at }) => [address, ago(at)]),
    offersOf(memory.server.offers).map(({ address, hardware, until }) => [address, hardware.bytes.at(-1), ago(until)]),
  ];
}

function leaseText(lease: Lease, ago: Ago): unknown {
  const { address, status, ends, cltt, hardware, failover } = lease;
  const times =
    failover === undefined ? 0 : [ago(failover.tstp), ago(failover.tsfp), ago(failover.atsfp), failover.owed, failover.rewindStatus];
  return [address, status, ago(ends), ago(cltt), hardware?.bytes.at(-1) ?? 0, times];
}

/** 53 bits of two FNV-like hashes: a collision among a million worlds is one in ten thousand. */
function hash(text: string): number {
  let low = 0x811c9dc5;
  let high = 0x9e3779b9;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ code, 0x85ebca6b) ^ (high >>> 15);
  }
  return ((high >>> 0) & 0x1f_ffff) * 0x1_0000_0000 + (low >>> 0);
}
