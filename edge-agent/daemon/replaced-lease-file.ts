import { existsSync } from "node:fs";
import type { AgentConfig } from "../config/agent-config.ts";
import type { LeaseFile } from "../leases/lease-file/types.ts";
import { type LmdbStore, setStoreAside } from "../rim/lmdb-store.ts";
import { sameBytes } from "../values/hardware-address.ts";
import type { FoundLeaseFile } from "./found-lease-file.ts";
import { IMPORTED, LEFT } from "./lease-file-notes.ts";
import { openStore, type StartContext } from "./start-agent.ts";

const isEmpty = ({ leases, endpoints, declarations }: LeaseFile): boolean =>
  leases.length === 0 && endpoints.length === 0 && declarations.length === 0;

/**
 * Opens the lease store. The file is dhcpd's database, so whoever empties or edits it while the server is down means the leases: where it
 * is not as the server left it, the store is set aside and made anew from the file. Not where partner or ledger agreed on those leases,
 * unless the file was emptied: then the server recovers as one that lost its disk. A store that `--state` names is not the file's own.
 */
export async function openStoreOfLeaseFile(context: StartContext, found: FoundLeaseFile): Promise<LmdbStore> {
  const { options, paths, config, log } = context;
  const store = openStore(context);
  if (options.stateDirectory !== undefined || store.record(IMPORTED) === undefined) return store;
  const left = store.record(LEFT);
  if (left === undefined ? !found.isEmpty : sameBytes(found.digest(), left)) return store;
  const file = found.content();
  const refused =
    left === undefined ? whyNotAfterCrash(store, paths.stateDirectory) : whyNot(file, config, paths.agentConfigs.some(existsSync));
  if (refused !== undefined) {
    if (refused !== "") log.line("warn", `${paths.leaseFile} ${refused}`);
    return store;
  }
  await store.close();
  const aside = setStoreAside(paths.stateDirectory);
  const taken = isEmpty(file)
    ? "was emptied while the server was down: it starts without leases"
    : "was changed while the server was down, and counts";
  log.line("warn", `${paths.leaseFile} ${taken}. What was known before is in ${aside}.`);
  return openStore(context);
}

/** Why a file that is not as it was left is not taken; undefined if it is. */
function whyNot(file: LeaseFile, config: AgentConfig, hasLedger: boolean): string | undefined {
  if (isEmpty(file) && file.problems.length === 0) return undefined;
  const [problem] = file.problems;
  if (problem !== undefined)
    return `was changed while the server was down, and is not sound (line ${problem.line}: ${problem.message}): leases stay as they were.`;
  if (config.failoverPeers.length > 0 || hasLedger)
    return "was changed while the server was down: of a server with a partner or a ledger only failover states are taken from it. Empty it to start without leases.";
  return undefined;
}

/** An empty file may be what a power cut left of it. */
function whyNotAfterCrash(store: LmdbStore, stateDirectory: string): string {
  const [any] = store.view.all();
  if (any === undefined) return "";
  return `is empty, and the server did not end in good order: leases are as they were. To start without any, stop it and remove ${stateDirectory}/leases.mdb.`;
}
