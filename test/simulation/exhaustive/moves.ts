import { MESSAGE_TYPE } from "../../../edge-agent/dhcp/wire/option-codes.ts";
import { readEndpoint } from "../../../edge-agent/failover/endpoint/state.ts";
import { recoverWaitUntil } from "../../../edge-agent/failover/endpoint/step.ts";
import { takeableAt } from "../../../edge-agent/failover/lease-times.ts";
import { ownReceiveTimer } from "../../../edge-agent/failover/link/handshake.ts";
import { NEVER } from "../../../edge-agent/values/time.ts";
import { PEER_NAME } from "../config-text.ts";
import { SERVERS } from "../lan.ts";
import { EPOCH_MILLIS } from "../machine.ts";
import { offersOf } from "./fork.ts";
import type { Server } from "./server.ts";
import { other, type Side, type SmallClient, type SmallSite } from "./small-site.ts";

/** Something that can happen next. */
export interface Move {
  readonly name: string;
  readonly apply: (site: SmallSite) => void;
}
type Moves = Move[];

const SIDES = [0, 1] as const;
export const nameOf = (side: Side): string => (side === 0 ? "primary" : "secondary");

/** Everything that can happen next in this world. */
export function movesOf(site: SmallSite): readonly Move[] {
  const moves: Moves = [];
  for (const client of site.clients) clientMoves(site, client, moves);
  wireMoves(site, moves);
  // from when one that was declared down begins to come back until the two have spoken, the operator keeps all else away
  if (site.returning === undefined) for (const side of SIDES) serverMoves(site, side, moves);
  const next = nextMoment(site, true);
  if (next !== undefined) moves.push({ name: "time passes", apply: (each) => each.pass(next, true) });
  const late = site.underWay && site.returning === undefined ? nextMoment(site, false) : undefined;
  if (late !== undefined) moves.push({ name: "time passes, nothing arrives", apply: (each) => each.pass(late, false) });
  return moves;
}

function clientMoves(site: SmallSite, { number, offer, holding }: SmallClient, moves: Moves): void {
  const who = `client ${number}`;
  const client = (each: SmallSite): SmallClient => each.clients[number - 1]!;
  const isUp = (side: Side): boolean => site.servers[side].memory !== undefined;
  const add = (name: string, apply: (each: SmallSite, dies: boolean) => void): void => {
    moves.push({ name, apply: (each) => apply(each, false) });
    if (site.returning === undefined) moves.push({ name: `${name}, which dies of it`, apply: (each) => apply(each, true) });
  };
  if (offer !== undefined && isUp(offer.side)) {
    const { address, side } = offer;
    add(`${who} asks the ${nameOf(side)} for what it was offered`, (each, dies) => {
      const fields = { requested: address, server: SERVERS[side]! };
      const answer = each.ask(client(each), side, MESSAGE_TYPE.DHCPREQUEST, fields, dies);
      if (each.servers[other(side)].memory !== undefined) each.ask(client(each), other(side), MESSAGE_TYPE.DHCPREQUEST, fields);
      each.bind(client(each), answer);
    });
  }
  for (const side of SIDES.filter(isUp)) {
    if (holding === undefined) {
      const discover = (each: SmallSite): void =>
        each.offered(client(each), side, each.ask(client(each), side, MESSAGE_TYPE.DHCPDISCOVER, {}));
      moves.push({ name: `${who} asks the ${nameOf(side)} for an offer`, apply: discover });
      continue;
    }
    add(`${who} asks the ${nameOf(side)} to extend its lease`, (each, dies) =>
      each.bind(client(each), each.ask(client(each), side, MESSAGE_TYPE.DHCPREQUEST, { ciaddr: holding.address }, dies)),
    );
    if (holding.server !== SERVERS[side]) continue;
    add(`${who} gives its lease back to the ${nameOf(side)}`, (each, dies) => {
      each.ask(client(each), side, MESSAGE_TYPE.DHCPRELEASE, { ciaddr: holding.address, server: holding.server }, dies);
      each.change(number, { holding: undefined });
    });
    moves.push({
      name: `${who} declines what the ${nameOf(side)} gave it`,
      apply: (each) => {
        each.ask(client(each), side, MESSAGE_TYPE.DHCPDECLINE, { requested: holding.address, server: holding.server });
        each.change(number, { holding: undefined });
      },
    });
  }
}

function wireMoves(site: SmallSite, moves: Moves): void {
  const mayFail = site.returning === undefined;
  if (site.cut) moves.push({ name: "the link is mended", apply: (each) => each.setCut(false) });
  else if (mayFail) moves.push({ name: "the link is cut", apply: (each) => each.setCut(true) });
  if (site.cut) return;
  for (const [index, wire] of site.wires.entries()) {
    for (const side of SIDES) {
      const frame = wire.towards[side][0];
      if (frame === undefined) continue;
      const name = `${frame.message?.type ?? "the end"} reaches the ${nameOf(side)}`;
      moves.push({ name, apply: (each) => each.deliver(index, side) });
      if (mayFail && frame.bytes !== undefined && wire.open[side])
        moves.push({ name: `${name}, which dies of it`, apply: (each) => each.deliver(index, side, true) });
    }
  }
  if (site.underWay) moves.push({ name: "everything arrives", apply: (each) => each.settle() });
  if (mayFail && site.wires.length > 0) moves.push({ name: "the connections are reset", apply: (each) => each.reset() });
}

function serverMoves(site: SmallSite, side: Side, moves: Moves): void {
  const server = site.servers[side];
  const partner = site.servers[other(side)];
  if (server.memory !== undefined) {
    moves.push({ name: `the ${nameOf(side)} dies`, apply: (each) => each.kill(side) });
    if (
      server.state === "COMMUNICATIONS-INTERRUPTED" &&
      partner.memory === undefined &&
      site.declaredDown === undefined &&
      !partner.lostDisk
    )
      moves.push({
        name: `the operator declares to the ${nameOf(side)} that its partner is down`,
        apply: (each) => {
          each.declaredDown = other(side);
          each.happens(side, { kind: "failover-command", peer: PEER_NAME, command: { verb: "partner-down" } });
        },
      });
    return;
  }
  if (site.declaredDown === side) {
    if (site.cut || partner.memory === undefined || partner.state === "STARTUP") return;
    const back = (each: SmallSite): void => {
      each.declaredDown = undefined;
      each.returning = side;
      each.start(side);
    };
    moves.push({ name: `the ${nameOf(side)} is let back`, apply: back });
    return;
  }
  moves.push({ name: `the ${nameOf(side)} starts`, apply: (each) => each.start(side) });
  if (mayLoseDisk(site, side)) {
    const lose = (each: SmallSite): void => each.own(side).loseDisk();
    moves.push({ name: `the disk of the ${nameOf(side)} is lost`, apply: lose });
  }
}

/** A disk may be lost, but not while the other server lacks what was on it. */
function mayLoseDisk(site: SmallSite, side: Side): boolean {
  const partner = site.servers[other(side)];
  const served = (state: string | undefined): boolean => state === "NORMAL" || state === "COMMUNICATIONS-INTERRUPTED";
  const own = readEndpoint(PEER_NAME, (key) => site.servers[side].records.get(key))?.state;
  return site.declaredDown === undefined && !partner.lostDisk && !site.servers[side].lostDisk && served(own) && served(partner.state);
}

/** The next moment at which something changes by itself: leases, waits, timers of states and of the link; CONTACTs are no change. */
export function nextMoment(site: SmallSite, delivering: boolean): number | undefined {
  const times: number[] = [];
  const at = (seconds: number): void => void times.push(seconds * 1000 - EPOCH_MILLIS);
  for (const { holding, offer } of site.clients) times.push(holding?.until ?? 0, offer?.until ?? 0);
  for (const side of SIDES) {
    const server = site.servers[side];
    for (const seconds of waitsOf(server)) at(seconds);
    const { relationship } = server;
    if (relationship === undefined) continue;
    const { link } = relationship;
    const isAlone = site.cut || !delivering || site.servers[other(side)].memory === undefined;
    if (link.up !== undefined && isAlone) times.push(link.up.lastReceived + ownReceiveTimer(relationship) * 1000);
    if (link.up === undefined && link.dialAt !== undefined && !isAlone) times.push(link.dialAt);
  }
  const later = times.filter((time) => time > site.now && Number.isFinite(time));
  return later.length === 0 ? undefined : Math.ceil(Math.min(...later));
}

/** Lease clock seconds at which this server has something to wait for. */
function waitsOf(server: Server): readonly number[] {
  const { relationship, memory } = server;
  const times: number[] = [];
  if (relationship === undefined || memory === undefined) return times;
  const { endpoint, balance, reclaim } = relationship;
  times.push(endpoint.startupUntil ?? 0, balance.nextRunAt ?? 0);
  if (endpoint.state === "RECOVER-WAIT") times.push(recoverWaitUntil(relationship));
  for (const lease of server.view.all()) {
    if (lease.status === "ACTIVE" || lease.status === "ABANDONED") times.push(lease.ends);
    if (endpoint.state === "PARTNER-DOWN") times.push(takeableAt(lease, endpoint.partnerLastAlive, endpoint.mclt));
  }
  if (endpoint.state === "PARTNER-DOWN") times.push(reclaim.first ?? 0, endpoint.partnerLastAlive + endpoint.mclt);
  for (const { until } of offersOf(memory.server.offers)) times.push(until);
  return times.filter((time) => time < NEVER);
}
