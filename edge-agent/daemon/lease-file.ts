import type { AgentConfig } from "../config/agent-config.ts";
import { variableTypes } from "../config/variable-types.ts";
import type { LeaseFileStyle } from "../leases/lease-file/format.ts";
import { importLeaseFile, readEditedFailoverState } from "../leases/lease-file/import.ts";
import { decodeDeclaration, decodeEndpoint, encodeRecord, endpointKey, type RecordedDeclaration } from "../leases/lease-file/types.ts";
import type { StoreWrite } from "../leases/store-write.ts";
import type { LeaseClock } from "../rim/clock.ts";
import { LeaseFileWriter } from "../rim/lease-file-writer.ts";
import type { LmdbStore } from "../rim/lmdb-store.ts";
import { sameBytes } from "../values/hardware-address.ts";
import type { EpochSeconds } from "../values/time.ts";
import type { FoundLeaseFile } from "./found-lease-file.ts";
import { IMPORTED, LEFT, NO_NOTE } from "./lease-file-notes.ts";
import type { StartContext } from "./start-agent.ts";
import { StartFailed } from "./start-failed.ts";

/**
 * Takes over what dhcpd left in the lease file, if the store is new; then keeps the file behind the store. Also takes a
 * failover state that somebody edited into the file while the server was down, as dhcpd does.
 * `found` is let go of.
 */
export async function openLeaseFile(
  context: StartContext,
  found: FoundLeaseFile,
  store: LmdbStore,
  clock: LeaseClock,
): Promise<LeaseFileWriter> {
  const { paths, config } = context;
  const { now, wallOffset } = clock.instant();
  const stored = store.record(IMPORTED);
  const duid = stored?.length ? stored : (found.content().serverDuid ?? newServerDuid(now, wallOffset));
  store.apply(stored === undefined ? takeOver(context, found, store, wallOffset) : editedStates(context, found, store, wallOffset));
  store.apply([NO_NOTE, ...(stored === undefined ? [{ kind: "record", key: IMPORTED, value: duid } as const] : [])]);
  found.letGo();
  try {
    await store.commit();
  } catch (error) {
    throw new StartFailed(`Can't store leases in ${paths.stateDirectory}: ${(error as Error).message}`);
  }
  // addresses are given out in an order that goes by who had one before
  if (stored === undefined) store.layout(config.pools);
  return startWriter(context, store, clock, duid);
}

/** All that is in the file. */
function takeOver({ config, log }: StartContext, found: FoundLeaseFile, store: LmdbStore, wallOffset: number): readonly StoreWrite[] {
  const file = found.contentTelling(log.line);
  const inFailoverPool = (address: Parameters<typeof store.view.poolOf>[0]): boolean =>
    config.pools[store.view.poolOf(address) ?? -1]?.failoverPeer !== undefined;
  if (file.leases.length > 0) log.line("info", `Took over ${file.leases.length} leases from ${found.path}.`);
  return importLeaseFile(file, { inFailoverPool, wallOffset });
}

/** Only somebody who has a partner has states to edit, and there are none in a file that is as it was left. */
function editedStates({ config, log }: StartContext, found: FoundLeaseFile, store: LmdbStore, wallOffset: number): readonly StoreWrite[] {
  const left = store.record(LEFT);
  if (config.failoverPeers.length === 0 || (left !== undefined && sameBytes(left, found.digest()))) return [];
  const storedEndpoint = (name: string) => {
    const record = store.record(endpointKey(name));
    return record === undefined ? undefined : decodeEndpoint(record);
  };
  return readEditedFailoverState(found.contentTelling(log.line), storedEndpoint, wallOffset).map((endpoint) => {
    log.line("warn", `failover peer "${endpoint.name}": taking state ${endpoint.myState} as edited into ${found.path}`);
    return { kind: "record", key: endpointKey(endpoint.name), value: encodeRecord(endpoint) };
  });
}

async function startWriter(
  { paths, config, log }: StartContext,
  store: LmdbStore,
  clock: LeaseClock,
  duid: Uint8Array,
): Promise<LeaseFileWriter> {
  const style = leaseFileStyle(config);
  const writer = new LeaseFileWriter(paths.leaseFile, {
    leases: () => store.view.all(),
    records: () => ["failover/", "host/", "group/"].flatMap((prefix) => [...store.records(prefix)]),
    now: () => clock.instant().now,
    style: () => ({ ...style, wallOffset: clock.instant().wallOffset }),
    serverDuid: duid,
    trouble: (problem) =>
      log.line(
        problem === undefined ? "info" : "error",
        problem === undefined
          ? "The lease file is complete again."
          : `Can't write the lease file: ${problem}. Leases are safe in ${paths.stateDirectory}; the file follows when it can.`,
      ),
  });
  let count = 0;
  for (const _ of store.view.all()) count += 1;
  await writer.start();
  tellWritten(
    log,
    config,
    [...store.records("host/")].map((record) => decodeDeclaration(record)),
    count,
  );
  return writer;
}

/** What is in the lease file, in dhcpd's lines: those on classes and hosts only where there are any. No class is ever made at run time. */
export function tellWritten(
  log: StartContext["log"],
  config: AgentConfig,
  declarations: readonly (RecordedDeclaration | undefined)[],
  leases: number,
): void {
  const hosts = declarations.filter((each) => each?.kind === "host");
  if (config.classes.length > 0) log.line("info", "Wrote 0 class decls to leases file.");
  if (hosts.length > 0 || config.hosts.all.length > 0) {
    const deleted = hosts.filter((host) => host?.body === undefined).length;
    log.line("info", `Wrote ${deleted} deleted host decls to leases file.`);
    log.line("info", `Wrote ${hosts.length - deleted} new dynamic host decls to leases file.`);
  }
  log.line("info", `Wrote ${leases} leases to leases file.`);
}

/** A DUID of type LLT (RFC 8415 §11.2), with chance in place of a hardware address: lease files carry one. */
function newServerDuid(now: EpochSeconds, wallOffset: number): Uint8Array {
  const duid = crypto.getRandomValues(new Uint8Array(14));
  duid.set([0, 1, 0, 1]);
  new DataView(duid.buffer).setUint32(4, (now + wallOffset - 946_684_800) >>> 0);
  duid[8] = ((duid[8] ?? 0) & 0xfc) | 2; // a locally administered address
  return duid;
}

/** `db-time-format` and `lease-id-format` of the global scope, and what kinds of variables there are. */
function leaseFileStyle(config: AgentConfig): Omit<LeaseFileStyle, "wallOffset"> {
  const text = (name: string): string => {
    let found = "";
    for (const statement of config.global.statements) {
      if (statement.kind !== "parameter" || statement.name !== name) continue;
      if (statement.value.kind === "bytes") found = new TextDecoder().decode(statement.value.value);
    }
    return found;
  };
  const dates = text("db-time-format") === "local" ? "local" : "default";
  return { dates, ids: text("lease-id-format") === "hex" ? "hex" : "octal", variables: variableTypes(config) };
}
