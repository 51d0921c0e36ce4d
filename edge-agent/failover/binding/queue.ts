import type { BindingStatus } from "../../leases/binding-status.ts";
import type { Ipv4Address } from "../../values/ipv4.ts";
import type { EpochSeconds } from "../../values/time.ts";

/** A BNDUPD that the partner has not answered. */
export interface Unacked {
  readonly xid: number;
  /** What it said, for duels (failover-12 §7.1.3) and for the horizon that its acknowledgement agrees to. */
  readonly status: BindingStatus;
  readonly cltt: EpochSeconds;
  readonly potentialExpiry: EpochSeconds;
  /** The transfer it belongs to; 0 for none. */
  readonly transfer: number;
  /** What it says has changed since: when it is answered, the address is told again. */
  readonly isVoid: boolean;
}

/**
 * Addresses to tell the partner of, first in first out, and those told but not acknowledged. The durable truth is the
 * `owed` mark in each lease; this is rebuilt from it at start. An address is in at most one of the three places.
 */
export interface UpdateQueue {
  /** Address → transfer it belongs to (0 for none); a Map keeps the order of arrival. */
  readonly waiting: Map<Ipv4Address, number>;
  readonly unacked: Map<Ipv4Address, Unacked>;
  /** The last update of each address on this connection that was not answered, even one that was voided since: the partner may act on it. */
  readonly flying: Map<Ipv4Address, Unacked>;
  /** Updates that gave way to the partner's and were not answered yet: a partner that sends on without waiting may still take them. */
  readonly overruled: Map<Ipv4Address, Unacked>;
  /** Rejected by the partner: told again when it changes, on entering NORMAL, or when the partner asks. */
  readonly refused: Set<Ipv4Address>;
  /** Waiting or unacked updates that the running transfer still needs. */
  transferLeft: number;
}

/** An UPDREQ or UPDREQALL of the partner's in progress. Mutable. */
export interface Transfer {
  /** Marks its updates in the queue; never 0. */
  readonly id: number;
  /** Of the request; UPDDONE carries it. */
  readonly xid: number;
  /** UPDREQALL. */
  readonly everything: boolean;
  /** UPDREQALL: how far the walk through the pools has come; undefined when all is queued. */
  cursor: { pool: number; range: number; next: number } | undefined;
}

export const emptyQueue = (): UpdateQueue => ({
  waiting: new Map(),
  unacked: new Map(),
  flying: new Map(),
  overruled: new Map(),
  refused: new Set(),
  transferLeft: 0,
});

/**
 * Queues `address`; once is enough, since what it says is read when it is sent. While an update of it is unanswered it waits for
 * the answer: two that cross are then the same two for both servers, and both let the same one stand.
 */
export function queueUpdate(queue: UpdateQueue, address: Ipv4Address, transfer = 0): void {
  queue.refused.delete(address);
  const flying = queue.unacked.get(address);
  const known = queue.waiting.get(address);
  const had = known ?? flying?.transfer ?? 0;
  const mark = transfer === 0 ? had : transfer;
  if (mark !== 0 && mark !== had) queue.transferLeft += 1;
  if (flying !== undefined) queue.unacked.set(address, { ...flying, transfer: mark, isVoid: true });
  else if (known !== mark) queue.waiting.set(address, mark);
}

/** An update that was void is answered: what has become of the address is told next. */
export function tellAgain(queue: UpdateQueue, address: Ipv4Address): void {
  const update = queue.unacked.get(address);
  queue.unacked.delete(address);
  queue.flying.delete(address);
  if (update !== undefined) queue.waiting.set(address, update.transfer);
}

/** The state in which they were sent is over: whatever the partner makes of them, it is told again. */
export function voidUnacked(queue: UpdateQueue): void {
  for (const [address, update] of queue.unacked) queue.unacked.set(address, { ...update, isVoid: true });
}

/** Drops whatever is known of `address`: the partner has just told us of it. */
export function forgetUpdate(queue: UpdateQueue, address: Ipv4Address): void {
  const mark = queue.waiting.get(address) ?? queue.unacked.get(address)?.transfer ?? 0;
  queue.waiting.delete(address);
  queue.unacked.delete(address);
  queue.flying.delete(address);
  queue.refused.delete(address);
  if (mark !== 0) queue.transferLeft -= 1;
}

/** Unanswered updates go back to the head of the queue: the connection or the state they belonged to is over. */
export function requeueUnacked(queue: UpdateQueue): void {
  if (queue.unacked.size === 0) return;
  const later = [...queue.waiting];
  queue.waiting.clear();
  for (const [address, { transfer }] of queue.unacked) queue.waiting.set(address, transfer);
  for (const [address, transfer] of later) queue.waiting.set(address, transfer);
  queue.unacked.clear();
}

/** Everything waiting or unanswered belongs to `transfer` from now on. */
export function markForTransfer(queue: UpdateQueue, transfer: number): void {
  for (const address of queue.waiting.keys()) queue.waiting.set(address, transfer);
  for (const [address, update] of queue.unacked) queue.unacked.set(address, { ...update, transfer });
  queue.transferLeft = queue.waiting.size + queue.unacked.size;
}

/** No transfer is running any more. */
export function endTransfer(queue: UpdateQueue): void {
  queue.transferLeft = 0;
  for (const [address, mark] of queue.waiting) if (mark !== 0) queue.waiting.set(address, 0);
  for (const [address, update] of queue.unacked) if (update.transfer !== 0) queue.unacked.set(address, { ...update, transfer: 0 });
}
