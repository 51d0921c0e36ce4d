import { NamesAtWork } from "../../../edge-agent/agent/names.ts";
import { createOmapi } from "../../../edge-agent/agent/omapi.ts";
import type { AgentState } from "../../../edge-agent/agent/state.ts";
import { Reclaim } from "../../../edge-agent/failover/binding/reclaim.ts";
import type { Relationship } from "../../../edge-agent/failover/relationship.ts";
import { Candidates } from "../../../edge-agent/leases/choose-address.ts";
import { type Offer, OfferTable } from "../../../edge-agent/server/offers.ts";

/**
 * A state of its own that does what `state` would do: tables that a step changes are copied. Left out is what the small worlds do not
 * have (probes, names, limits of classes, OMAPI), and addresses read ahead, which are read again.
 */
export function forkState(state: AgentState): AgentState {
  const { server, failover } = state;
  const relationships = new Map<string, Relationship>();
  for (const [name, relationship] of failover.relationships) relationships.set(name, forkRelationship(relationship));
  const offers = new OfferTable();
  for (const offer of offersOf(server.offers)) offers.add(offer, 0 as Offer["until"]);
  return {
    ...state,
    server: {
      ...server,
      offers,
      candidates: new Candidates(),
      thresholds: new Map(server.thresholds),
      ownAddresses: new Set(server.ownAddresses),
    },
    failover: { ...failover, relationships },
    names: new NamesAtWork(),
    omapi: createOmapi(undefined, []),
    progress: { ...state.progress },
  };
}

/** All offers of a table, the oldest first. */
export function offersOf(table: OfferTable): readonly Offer[] {
  const offers: Offer[] = [];
  table.retain((offer) => offers.push(offer) > 0);
  return offers;
}

function forkRelationship(relationship: Relationship): Relationship {
  const { link, transfer } = relationship;
  const connections = new Map([...link.connections].map(([id, connection]) => [id, { ...connection }]));
  return {
    ...forkFields(relationship),
    endpoint: { ...relationship.endpoint },
    link: { ...forkFields(link), connections, up: link.up === undefined ? undefined : connections.get(link.up.id) },
    updates: forkFields(relationship.updates),
    transfer:
      transfer === undefined ? undefined : { ...transfer, cursor: transfer.cursor === undefined ? undefined : { ...transfer.cursor } },
    reclaim: forkReclaim(relationship.reclaim),
    balance: { ...relationship.balance },
  };
}

/** A copy with maps and sets of its own; what they hold is never changed. */
function forkFields<T extends object>(fields: T): T {
  const copy = Object.entries(fields).map(([name, value]: [string, unknown]) => {
    if (value instanceof Map) return [name, new Map(value)];
    return [name, value instanceof Set ? new Set(value) : value];
  });
  return Object.fromEntries(copy) as T;
}

function forkReclaim(reclaim: Reclaim): Reclaim {
  const copy = new Reclaim();
  for (const { address, at } of waitingIn(reclaim)) copy.add(address, at);
  return copy;
}

/** What waits to come free, the earliest first; the heap is emptied and filled again. */
export function waitingIn(
  reclaim: Reclaim,
): readonly { readonly address: Parameters<Reclaim["add"]>[0]; readonly at: Parameters<Reclaim["add"]>[1] }[] {
  const waiting: { address: Parameters<Reclaim["add"]>[0]; at: Parameters<Reclaim["add"]>[1] }[] = [];
  for (let at = reclaim.first; at !== undefined; at = reclaim.first) {
    const address = reclaim.take(at);
    if (address === undefined) break;
    waiting.push({ address, at });
  }
  for (const { address, at } of waiting) reclaim.add(address, at);
  return waiting;
}
