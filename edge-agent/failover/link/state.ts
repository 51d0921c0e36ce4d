import type { MonotonicMillis } from "../../values/time.ts";
import type { LinkId } from "../event.ts";
import type { StreamRemainder } from "../wire/frame.ts";

/** One TCP connection with the partner. Mutable. */
export interface Connection {
  readonly id: LinkId;
  readonly direction: "dialled" | "accepted";
  phase: "connect-awaited" | "connectack-awaited" | "up";
  readonly openedAt: MonotonicMillis;
  lastSent: MonotonicMillis;
  lastReceived: MonotonicMillis;
  rest: StreamRemainder;
  /** xid of our next message that is no reply; each direction counts for itself (failover-12 §6.1). */
  nextXid: number;
}

/** All connections of a relationship; at most one is in use. Mutable. */
export interface Link {
  readonly connections: Map<LinkId, Connection>;
  up: Connection | undefined;
  dialling: boolean;
  dialAt: MonotonicMillis | undefined;
  /** What the partner announced; kept when a connection ends, as dhcpd does. */
  partnerMaxUnacked: number;
  /** The partner gives us up after that many seconds of silence. */
  partnerReceiveTimer: number;
  partnerVendorClass: string | undefined;
  /** Partner's clock minus ours at the last CONNECT or CONNECTACK; seconds. */
  skew: number | undefined;
  /** The bound on unacknowledged updates that we announce. */
  ownMaxUnacked: number;
  /** Why the partner or we refused the last attempt; undefined once a connection is up. */
  refusal: string | undefined;
  /** Our CONTACTs that asked for an answer, by xid, with the time of sending. */
  readonly asked: Map<number, MonotonicMillis>;
  /**
   * When the latest of our CONTACTs left that the partner has answered. No other answer counts: this one alone is withheld by a
   * partner that may not let us serve, and noted by one that did.
   */
  answeredAt: MonotonicMillis | undefined;
  /** Until then our first STATE of the connection in use waits for the partner's; undefined once it is sent. */
  stateHeldUntil: MonotonicMillis | undefined;
  /** When the partner last told us anything that we had asked for by UPDREQ or UPDREQALL, or when we asked. */
  toldAt: MonotonicMillis | undefined;
  /** When the first STATE of the connection in use came; of an earlier one if there is none. */
  heardAt: MonotonicMillis | undefined;
  /** The partner would not bear to hear of our state: the connection in use is ended instead. */
  unbearable: boolean;
  /** A stock partner in RECOVER has lost its lease file. */
  partnerForgot: boolean;
  /** Its last STATE had the STARTUP flag. */
  partnerStarting: boolean;
  /** On the connection in use a conflict of ours has given way to the partner's RECOVER already. */
  gaveWay: boolean;
  /** May we answer the partner's asking CONTACTs? An answer extends its right to serve. */
  answers: boolean;
  /** The latest epoch of the ledger that we know of, which goes with each answer, and that the partner has named in one; 0 for none. */
  ownEpoch: number;
  partnersEpoch: number;
  /** When we last answered one. */
  gaveAnswerAt: MonotonicMillis | undefined;
  /** Ask the partner for an answer at least that often, in milliseconds; undefined: only with the CONTACTs that are due anyway. */
  askEvery: number | undefined;
  /** When we last asked. */
  askedAt: MonotonicMillis | undefined;
  /** When the connection in use last raised our mark, or heard what the partner had of it; undefined before that. */
  markedAt: MonotonicMillis | undefined;
}

export const startLink = (ownMaxUnacked: number): Link => ({
  connections: new Map(),
  up: undefined,
  dialling: false,
  dialAt: 0 as MonotonicMillis,
  partnerMaxUnacked: 1,
  partnerReceiveTimer: 0,
  partnerVendorClass: undefined,
  skew: undefined,
  ownMaxUnacked,
  refusal: undefined,
  asked: new Map(),
  answeredAt: undefined,
  stateHeldUntil: undefined,
  toldAt: undefined,
  heardAt: undefined,
  unbearable: false,
  partnerForgot: false,
  partnerStarting: false,
  gaveWay: false,
  answers: true,
  ownEpoch: 0,
  partnersEpoch: 0,
  gaveAnswerAt: undefined,
  askEvery: undefined,
  askedAt: undefined,
  markedAt: undefined,
});

/** Seconds (dhcpd's) before a lost or refused connection is tried again. */
export const REDIAL_MILLIS = 5_000;
/** How long a connection may take to come up, and how long an accepted one may leave us without its CONNECT. */
export const SET_UP_MILLIS = 15_000;
export const CONNECT_MILLIS = 5_000;
/** How long our first STATE may wait for that of a stock partner, which sends its own at once. */
export const HOLD_STATE_MILLIS = 300;
export const HOLD_STATE_LONG_MILLIS = 3_000;
/** Clocks further apart than this many seconds are refused (dhcpd). */
export const LARGEST_SKEW = 60;
/** A stock partner that was asked for updates and has told nothing for so long has stopped telling. */
export const STALLED_MILLIS = 15_000;
/** How often our mark is raised: a disk that is put back is known for old if it is older than that. */
export const MARK_MILLIS = 30_000;
/** A smaller receive-timer makes dhcpd send CONTACTs without end. Seconds. */
export const SMALLEST_RECEIVE_TIMER = 3;

const later = (time: MonotonicMillis, millis: number): MonotonicMillis => (time + millis) as MonotonicMillis;

/** When a connection that is not up is given up. */
export function setUpDeadline(connection: Connection): MonotonicMillis {
  const short = connection.phase === "connect-awaited" && connection.direction === "accepted";
  return later(connection.openedAt, short ? CONNECT_MILLIS : SET_UP_MILLIS);
}
/** When the next CONTACT is due: a third of the partner's patience after our last message, at least a second (failover-12 §8.5). */
export function contactAt(link: Link, connection: Connection): MonotonicMillis {
  const quiet = later(connection.lastSent, Math.max(1, Math.floor(Math.max(SMALLEST_RECEIVE_TIMER, link.partnerReceiveTimer) / 3)) * 1000);
  const due = link.markedAt === undefined ? quiet : (Math.min(quiet, later(link.markedAt, MARK_MILLIS)) as MonotonicMillis);
  if (link.askEvery === undefined) return due;
  const asking = later(link.askedAt ?? connection.openedAt, link.askedAt === undefined ? 0 : link.askEvery);
  return Math.min(asking, due) as MonotonicMillis;
}
/** When silence ends the connection. */
export const silenceAt = (connection: Connection, receiveTimer: number): MonotonicMillis =>
  later(connection.lastReceived, receiveTimer * 1000);
