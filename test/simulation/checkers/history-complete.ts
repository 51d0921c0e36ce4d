import type { Hist } from "../../../cloud/contract/items.ts";
import { addressText } from "../../../cloud/contract/tables.ts";
import { clientName } from "../../../edge-agent/ledger/binding-event.ts";
import { queuedIn } from "../../../edge-agent/ledger/outbox.ts";
import type { Client } from "../client.ts";
import type { Holding } from "../client-types.ts";
import { SERVERS } from "../lan.ts";
import { EPOCH_MILLIS, type Machine } from "../machine.ts";
import { type Checker, type Scene, siteOf, trueTime } from "./checker.ts";
import { tableOf } from "./history-consistent.ts";

/** What a client was told. */
interface Seen {
  readonly address: string;
  readonly client: string;
  readonly server: Machine | undefined;
  readonly at: number;
  /** When it ends, as the client was told last: renewed for less than was left, it has less. */
  until: number;
}
/** Servers' clocks may be so far from true time, beside what the scene knows of. */
const CLOCKS_MILLIS = 12_000;
/** How long an answer to a client may take to be handed in when nothing fails. */
const UNDER_WAY_MILLIS = 5_000;
/** A client counts from its first request; the answer may be to a later one. */
const RETRIES_MILLIS = 60_000;

/** Once all is drained, the ledger has every binding that a client was given, in the order in which clients were given them. */
export function historyComplete(): Checker {
  let seen: Seen[] = [];
  /** By address and client: the end of what was given and lost with a disk. */
  const lost = new Map<string, number>();
  /** When a disk was last lost. */
  let lastLoss = Number.NEGATIVE_INFINITY;
  return {
    name: "the ledger's history is what clients saw",
    bound(scene, client, holding) {
      const latest = seenBy(scene, client, holding);
      for (const each of seen)
        if (each.until > latest.until && each.address === latest.address && each.client === latest.client) each.until = latest.until;
      seen.push(latest);
      return undefined;
    },
    diskLost(scene, machine) {
      const known = indexOf(scene);
      // also what no client has heard yet: the other server may answer the next time it asks
      for (const each of [...seen, ...givenBy(scene, machine)])
        if (!isKnown(scene, known, each)) lost.set(keyOf(each), Math.max(each.until, lost.get(keyOf(each)) ?? 0));
      seen = seen.filter((each) => isKnown(scene, known, each));
      lastLoss = scene.now;
      return undefined;
    },
    ledgerRestored(scene, copiedAt) {
      // handed in before its server's disk was lost, and gone with the ledger as well
      if (lastLoss < copiedAt) return undefined;
      const known = indexOf(scene);
      for (const each of seen.filter(({ at }) => at <= lastLoss))
        if (!isKnown(scene, known, each)) lost.set(keyOf(each), Math.max(each.until, lost.get(keyOf(each)) ?? 0));
      seen = seen.filter((each) => each.at > lastLoss || isKnown(scene, known, each));
      return undefined;
    },
    atEnd(scene) {
      const known = indexOf(scene);
      // the other server may answer for what was granted before, out of what it was told: that is no event of its own
      const wasLost = (each: Seen) => each.until <= (lost.get(keyOf(each)) ?? 0) + scene.slack + RETRIES_MILLIS;
      const missing = seen.find((each) => !isKnown(scene, known, each) && !wasLost(each) && !isUnderWay(scene, each));
      if (missing !== undefined) {
        return `${missing.client} got ${addressText(missing.address)} from ${missing.server?.name} at ${wall(missing.at)}, of which the ledger knows nothing`;
      }
      return disorder(
        seen.filter((each) => !isUnderWay(scene, each)),
        known,
      );
    },
  };
}

const keyOf = ({ address, client }: Seen): string => `${address} ${client}`;
const wall = (millis: number): number => EPOCH_MILLIS + Math.floor(millis);

/** The world ended just after the client was answered: the server is about to hand that in. */
function isUnderWay(scene: Scene, { server, at }: Seen): boolean {
  const site = server === undefined ? undefined : siteOf(server);
  return site !== undefined && queuedIn(site.outbox) > 0 && scene.now - at < UNDER_WAY_MILLIS;
}

function seenBy(scene: Scene, client: Client, holding: Holding): Seen {
  const hardware = { htype: 1, bytes: client.hardware };
  const clientId = client.options.sendsClientId ? Uint8Array.of(1, ...client.hardware) : undefined;
  return {
    address: holding.address.toString(16).padStart(8, "0"),
    client: clientName({ clientId, hardware }),
    server: scene.machines[SERVERS.indexOf(holding.server)],
    at: scene.now,
    until: holding.until,
  };
}

/** Leases that are on a machine's disk. */
const givenBy = (scene: Scene, machine: Machine): readonly Seen[] =>
  [...machine.disk.leases.values()].flatMap(({ address, status, clientId, hardware, ends }) =>
    status !== "ACTIVE" || hardware === undefined
      ? []
      : [
          {
            address: address.toString(16).padStart(8, "0"),
            client: clientName({ clientId, hardware }),
            server: machine,
            at: scene.now,
            until: trueTime(machine, ends),
          },
        ],
  );

/** ACTIVE rows by address and client. */
const indexOf = (scene: Scene): ReadonlyMap<string, readonly Hist[]> =>
  Map.groupBy(
    tableOf(scene).rows.filter(({ st }) => st === "ACTIVE"),
    ({ a, cid }) => `${a} ${cid}`,
  );

function isKnown(scene: Scene, known: ReadonlyMap<string, readonly Hist[]>, seen: Seen): boolean {
  const slack = scene.slack + CLOCKS_MILLIS;
  const rows = known.get(`${seen.address} ${seen.client}`) ?? [];
  const until = wall(Math.min(seen.until, 4e12)) - slack;
  // of merged renewals the last one's end counts, which may be sooner: that answer need not have reached the client
  return rows.some(({ ts, exp, lastTs }) => ts <= wall(seen.at) + slack && (exp >= until || (lastTs ?? ts) > wall(seen.at) + slack));
}

/** Where an address went from one client to another, the ledger has them in that order. */
function disorder(seen: readonly Seen[], known: ReadonlyMap<string, readonly Hist[]>): string | undefined {
  for (const [address, all] of Map.groupBy(seen, (each) => each.address)) {
    let before: Seen | undefined;
    for (const each of all) {
      if (before !== undefined && before.client !== each.client && each.at - before.at > 2 * CLOCKS_MILLIS) {
        const first = (known.get(`${address} ${before.client}`) ?? []).map(({ ord }) => ord).sort()[0] ?? "";
        const last =
          (known.get(`${address} ${each.client}`) ?? [])
            .map(({ ord }) => ord)
            .sort()
            .at(-1) ?? "";
        if (first >= last) return `${addressText(address)} went from ${before.client} to ${each.client}, the other way round in the ledger`;
      }
      before = each;
    }
  }
  return undefined;
}
