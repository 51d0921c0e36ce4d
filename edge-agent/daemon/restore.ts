import { mergedLease } from "../agent/ledger-catch-up.ts";
import type { StoreWrite } from "../leases/store-write.ts";
import { readAgentFile } from "../rim/agent-file.ts";
import { lockFile } from "../rim/folder-lock.ts";
import { openLmdbStore } from "../rim/lmdb-store.ts";
import { formatIpv4 } from "../values/ipv4.ts";
import { err, ok, type Result } from "../values/result.ts";
import { epochSeconds } from "../values/time.ts";
import { openClients } from "./ledger.ts";

export interface RestoreOptions {
  readonly stateDirectory: string;
  readonly agentConfigs: readonly string[];
  readonly server: "A" | "B";
}

/** Longest MCLT there is any sense in: a lease that ended longer ago is nobody's any more. Seconds. */
const LONGEST_MCLT = 86_400;

/**
 * Fills an empty lease store from the current rows of the ledger, for a server that lost its disk while its partner is gone too. Gives
 * what to say. Never touches a store that has leases, nor one that a running agent has open.
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
  const clients = await openClients(file.value, settings);
  const opened = openLmdbStore(options.stateDirectory, lockFile);
  if (!opened.ok) return opened;
  const store = opened.value;
  try {
    for (const lease of store.view.all())
      return err(`the store has leases already, ${formatIpv4(lease.address)} among them: only an empty one is restored`);
    const writes: StoreWrite[] = [];
    const now = epochSeconds(Date.now() / 1000);
    for (const client of clients.values()) {
      const answer = await client({ op: "catch-up" });
      if (answer.op !== "catch-up" || answer.result.outcome !== "read")
        return err(`the ledger does not answer: ${reasonOf(answer.result)}`);
      for (const row of answer.result.rows) {
        const lease = mergedLease(undefined, row, 0, LONGEST_MCLT, now);
        if (lease !== undefined) writes.push({ kind: "lease", lease });
      }
    }
    store.apply(writes);
    await store.commit();
    return ok(`${writes.length} leases restored from the ledger to ${options.stateDirectory}; start the server, and have it serve alone`);
  } finally {
    await store.close();
  }
}

const reasonOf = (result: object): string => ("reason" in result ? String(result.reason) : "refused");
