import { setTimeout as sleep } from "node:timers/promises";
import { encodeSiteRecord, isLostRecord, siteKey } from "../agent/ledger.ts";
import { restoredLease } from "../agent/restored-lease.ts";
import { endpointRecords } from "../failover/endpoint/state.ts";
import type { Lease } from "../leases/lease.ts";
import type { StoreWrite } from "../leases/store-write.ts";
import type { CaughtUp, LedgerAnswer, LedgerCall, ServerRow } from "../ledger/calls.ts";
import { safeWait } from "../ledger/lengths.ts";
import { incarnationIn } from "../ledger/restored.ts";
import type { Mode } from "../ledger/serving-lease.ts";
import { FIRST_CLAIM } from "../ledger/site-state.ts";
import { readAgentFile } from "../rim/agent-file.ts";
import { lockFile } from "../rim/folder-lock.ts";
import { openLmdbStore } from "../rim/lmdb-store.ts";
import { machineName } from "../rim/machine-name.ts";
import { formatIpv4, type Ipv4Address } from "../values/ipv4.ts";
import { err, ok, type Result } from "../values/result.ts";
import { type EpochSeconds, epochSeconds, NO_TIME, seconds } from "../values/time.ts";
import { openClients } from "./ledger.ts";

export interface RestoreOptions {
  readonly stateDirectory: string;
  readonly agentConfigs: readonly string[];
  readonly server: "A" | "B";
}
const TRIES = 4;
const PAUSE_MILLIS = 1000;
type Client = (call: LedgerCall) => Promise<LedgerAnswer>;

/**
 * Fills a lease store that lost its leases with all that the ledger knows, for a server that lost its disk while its partner is gone too. Gives
 * what to say. Never touches one that has them, nor one that a running agent has open.
 */
export async function restoreFromLedger(options: RestoreOptions): Promise<Result<string, string>> {
  const file = readAgentFile(options.agentConfigs);
  if (!file.ok) return file;
  if (file.value === undefined) return err(`no agent.json: ${options.agentConfigs.join(" or ")}`);
  const settings = file.value.sites.map((site) => ({
    relationship: site.relationship,
    site: site.site,
    server: site.server ?? options.server,
    autonomyMillis: site.autonomySeconds * 1000,
    coldStart: site.coldStart,
    foreign: site.partner === "isc",
  }));
  let clients: Awaited<ReturnType<typeof openClients>>;
  try {
    clients = await openClients(file.value, settings);
  } catch (error) {
    return err(error instanceof Error ? error.message : String(error));
  }
  const opened = openLmdbStore(options.stateDirectory, lockFile);
  if (!opened.ok) return opened;
  const store = opened.value;
  try {
    const isLost = settings.every(({ relationship }) => isLostRecord(store.record(siteKey(relationship))));
    for (const lease of isLost ? [] : store.view.all())
      return err(`the store has leases already, ${formatIpv4(lease.address)} among them: only one that lost them is restored`);
    const writes: StoreWrite[] = [];
    const said: string[] = [];
    const now = epochSeconds(Date.now() / 1000);
    for (const { relationship, site } of settings) {
      const client = clients.get(relationship);
      const known = client === undefined ? err("it is not configured") : await readSite(client);
      if (!known.ok) return err(`site ${site}: ${known.error}`);
      const restored = siteWrites(relationship, known.value, now, (address) => store.view.get(address));
      writes.push(...restored.writes);
      said.push(report(site, restored.leases, known.value, restored.allocatesFrom));
    }
    store.apply(writes);
    await store.commit();
    said.push(
      `Restored to ${options.stateDirectory}. Start the server; it recovers with its partner or, when that is gone, serves alone once`,
    );
    said.push("the ledger has granted it: `tandem partner-down --force --reason TEXT`, or the control plane's partner-down.");
    return ok(said.join("\n"));
  } finally {
    await store.close();
  }
}

interface KnownSite {
  readonly all: CaughtUp;
  readonly row: ServerRow & { readonly mode: Mode };
}

/** Asks again while there is no answer: whoever restores has time. */
async function patiently(client: Client, call: LedgerCall): Promise<LedgerAnswer> {
  let answer = await client(call);
  for (let again = 1; again < TRIES && answer.result.outcome === "unanswered"; again += 1) {
    await sleep(PAUSE_MILLIS);
    answer = await client(call);
  }
  return answer;
}

async function readSite(client: Client): Promise<Result<KnownSite, string>> {
  const own = await patiently(client, { op: "read-self" });
  if (own.result.outcome === "unanswered") return err(`the ledger does not answer: ${reasonOf(own.result)}`);
  const current = await patiently(client, { op: "catch-up" });
  if (own.op !== "read-self" || own.result.outcome !== "read") return err(`the ledger does not answer: ${reasonOf(own.result)}`);
  if (own.result.row === undefined) return err("the ledger knows no such site");
  if (current.op !== "catch-up" || current.result.outcome !== "read") return err(`the ledger does not answer: ${reasonOf(current.result)}`);
  const { row } = own.result;
  const { mode } = row;
  if (mode === "RESTORED")
    return err("the ledger itself was restored, and who may serve this site is to be settled first (tandemctl settle)");
  return ok({ all: current.result, row: { ...row, mode } });
}

/** The leases, where this server stands in the ledger, and that failover has to recover. Whoever restores vouches for the former self having ended. */
function siteWrites(relationship: string, { all, row }: KnownSite, now: EpochSeconds, known: (address: Ipv4Address) => Lease | undefined) {
  const leases = all.rows.flatMap((each) => {
    const lease = restoredLease(each, 0, now);
    // what the partner still could tell is younger
    return lease === undefined || (known(lease.address)?.cltt ?? NO_TIME) > lease.cltt ? [] : [lease];
  });
  const allocatesFrom = epochSeconds(now + Math.ceil(safeWait(all.mcltMillis) / 1000));
  // its history goes on behind what the ledger has of it
  const standing = {
    epoch: row.epoch,
    mode: row.mode,
    nextClaim: FIRST_CLAIM,
    entered: 0,
    published: false,
    shift: row.ack,
    aligned: true,
  };
  const value = encodeSiteRecord({ ...standing, boots: [incarnationIn(row)], host: machineName(), allocatesFrom });
  const endpoint = {
    ...({ state: "RECOVER", since: now, partner: "UNKNOWN", partnerSince: NO_TIME, partnerLastAlive: now } as const),
    ...{
      mclt: seconds(Math.round(all.mcltMillis / 1000)),
      formerMclt: seconds(0),
      hba: undefined,
      partnerIsTandem: false,
      storeIntact: false,
      isOld: false,
    },
  };
  const writes: StoreWrite[] = [
    ...leases.map((lease) => ({ kind: "lease", lease }) as const),
    { kind: "record", key: siteKey(relationship), value },
    ...endpointRecords(relationship, endpoint).map(({ key, value: bytes }) => ({ kind: "record", key, value: bytes }) as const),
  ];
  return { writes, leases, allocatesFrom };
}

function report(site: string, leases: readonly Lease[], { all, row }: KnownSite, allocatesFrom: EpochSeconds): string {
  const counts = new Map<string, number>();
  for (const { status, reserved } of leases) {
    counts.set(status.toLowerCase(), (counts.get(status.toLowerCase()) ?? 0) + 1);
    if (reserved) counts.set("reserved", (counts.get("reserved") ?? 0) + 1);
  }
  const what = [...counts].map(([name, count]) => `${count} ${name}`).join(", ") || "none";
  const unread = all.rows.length - leases.length;
  const left = unread === 0 ? "" : ` ${unread} rows could not be read.`;
  const until = new Date(allocatesFrom * 1000).toISOString();
  return `Site ${site}, epoch ${row.epoch}, ${row.ack} events of this server: ${leases.length} addresses (${what}).${left} New leases from ${until} on.`;
}

const reasonOf = (result: object): string => ("reason" in result ? String(result.reason) : "refused");
