import { randomUUID } from "node:crypto";
import type { LedgerPorts } from "../agent/ledger.ts";
import type { LedgerSetting } from "../agent/ledger-setting.ts";
import type { LedgerEffect, LedgerEvent } from "../agent/service-events.ts";
import type { AgentConfig } from "../config/agent-config.ts";
import type { LedgerAnswer, LedgerCall } from "../ledger/calls.ts";
import { type AgentFile, type AgentSite, readAgentFile } from "../rim/agent-file.ts";
import { readClientKey } from "../rim/client-key.ts";
import { clockDoubt } from "../rim/clock-sync.ts";
import { controlPlane } from "../rim/control-plane.ts";
import { discreet, refetching } from "../rim/credentials.ts";
import { freeDisk } from "../rim/free-disk.ts";
import { ledgerClient } from "../rim/ledger-client.ts";
import { bootMillis } from "../rim/linux-sockets.ts";
import { machineName } from "../rim/machine-name.ts";
import type { Store } from "../runtime/ports.ts";
import { err, ok, type Result } from "../values/result.ts";
import { monotonicMillis } from "../values/time.ts";
import { VERSION } from "../version.ts";
import { StartFailed } from "./start-failed.ts";

const CALL_MILLIS = 10_000;
const FAREWELL_MILLIS = 3_000;
const DAY_MILLIS = 86_400_000;

/** The agent's way to its ledger. */
export interface AgentLedger {
  readonly ports: LedgerPorts;
  perform(effect: LedgerEffect): void;
  /** Reads agent.json again, for sites of `config`; what to go on with, or why the former settings stay. */
  reread(config: AgentConfig): Promise<Result<readonly LedgerSetting[], string>>;
  /** Resolves when no call is under way, or after three seconds. */
  quiet(): Promise<void>;
}

/** The ledger as agent.json has it; undefined without one. Throws StartFailed. */
export async function openLedger(
  paths: readonly string[],
  config: AgentConfig,
  { store, folder }: { readonly store: Store; readonly folder: string },
  emit: (event: LedgerEvent) => void,
): Promise<AgentLedger | undefined> {
  const file = readAgentFile(paths);
  if (!file.ok) throw new StartFailed(file.error);
  if (file.value === undefined) return undefined;
  const settings = file.value.sites.map((site) => settingOf(site, config));
  let clients = await openClients(file.value, settings);
  const running = new Set<Promise<void>>();
  return {
    ports: {
      settings,
      boot: randomUUID(),
      host: machineName(),
      outbox: (lane, after, limit) => store.outbox(after, limit, lane),
      freeDisk: freeDisk(folder),
      clockDoubt: clockDoubt(file.value.ledger.clock),
    },
    perform: ({ relationship, call }) => {
      const client = clients.get(relationship);
      if (client === undefined) return;
      const under = withinTime(client, call).then((answer) => emit({ kind: "ledger-answer", relationship, answer }));
      const done = under.finally(() => running.delete(done));
      running.add(done);
    },
    reread: async (inForce) => {
      const again = readAgentFile(paths);
      if (!again.ok) return again;
      if (again.value === undefined) return err("agent.json is gone: start again to go on without a ledger");
      const { sites } = again.value;
      try {
        const next = sites.map((site) => settingOf(site, inForce));
        clients = await openClients(again.value, next);
        return ok(next);
      } catch (error) {
        return err(error instanceof Error ? error.message : String(error));
      }
    },
    quiet: async () => {
      let timer: NodeJS.Timeout | undefined;
      const tooLong = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, FAREWELL_MILLIS);
      });
      await Promise.race([Promise.all(running), tooLong]);
      clearTimeout(timer);
    },
  };
}

/** A site of agent.json beside the relationship that it is for. Throws StartFailed. */
function settingOf(site: AgentSite, config: AgentConfig): LedgerSetting {
  const peer = config.failoverPeers.find(({ name }) => name === site.relationship);
  if (peer === undefined) throw new StartFailed(noSuchPeer(site.relationship, config));
  return {
    relationship: site.relationship,
    site: site.site,
    server: site.server ?? (peer.role === "primary" ? "A" : "B"),
    autonomyMillis: site.autonomySeconds * 1000,
    coldStart: site.coldStart,
    writeBudget: site.writeUnitsPerSecond,
    foreign: site.partner === "isc",
  };
}

function noSuchPeer(relationship: string, { failoverPeers }: AgentConfig): string {
  const known = failoverPeers.length === 0 ? "it declares none" : `it declares ${failoverPeers.map(({ name }) => `"${name}"`).join(", ")}`;
  return `agent.json: there is no failover peer "${relationship}" in the configuration; ${known}`;
}

type Client = (call: LedgerCall) => Promise<LedgerAnswer>;

/** One client for each relationship. The AWS SDK is loaded only where there is a ledger. Throws StartFailed. */
export async function openClients(file: AgentFile, settings: readonly LedgerSetting[]): Promise<ReadonlyMap<string, Client>> {
  const { dynamoClient, dynamoLedger } = await import("../../cloud/adapters/dynamo-ledger.ts");
  const { table, region, endpoint, api, clientKeyFile } = file.ledger;
  const names = readClientKey(clientKeyFile);
  if (!names.ok) throw new StartFailed(`agent.json: ${names.error}`);
  const requestHandler = { connectionTimeout: 2000, requestTimeout: 4000, throwOnRequestTimeout: true };
  const open = (profile: string | undefined) => {
    const where = { ...(endpoint === undefined ? {} : { endpoint }), ...(profile === undefined ? {} : { profile }) };
    const client = dynamoClient({ region, requestHandler, ...where });
    const found = client.config.credentials;
    client.config.credentials = discreet(found);
    const isToRefetch = refetching();
    client.middlewareStack.add(
      (next) => async (call) => {
        try {
          return await next(call);
        } catch (error) {
          // the client keeps what it was given for as long as that says that it is good: it is told to ask again
          if (isToRefetch(error)) client.config.credentials = discreet(() => found({ forceRefresh: true }));
          throw error;
        }
      },
      { step: "initialize", name: "refetchCredentials" },
    );
    return { ledger: dynamoLedger(client, table), credentials: () => client.config.credentials() };
  };
  const opened = new Map<string | undefined, ReturnType<typeof open>>();
  const clients = new Map<string, Client>();
  for (const { relationship, site, server } of settings) {
    const { keepDays = 0, profile } = file.sites.find((each) => each.relationship === relationship) ?? {};
    const { ledger, credentials } = opened.get(profile) ?? open(profile);
    opened.set(profile, { ledger, credentials });
    const ask = api === undefined ? undefined : controlPlane({ api, region, site, server, credentials });
    const own = { site, server, version: VERSION, askControlPlane: ask, keepMillis: keepDays * DAY_MILLIS, names: names.value };
    clients.set(relationship, ledgerClient(ledger, { ...own, wallMillis: Date.now, monotonic: () => monotonicMillis(bootMillis()) }));
  }
  return clients;
}

/** A call that hangs is no answer; should it have been carried out, the next one finds that out. */
async function withinTime(client: Client, call: LedgerCall): Promise<LedgerAnswer> {
  const begunAt = monotonicMillis(bootMillis());
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<LedgerAnswer>((resolve) => {
    timer = setTimeout(() => {
      const result = { outcome: "unanswered", reason: `no answer within ${CALL_MILLIS / 1000} s` } as const;
      resolve({ op: call.op, begunAt, endedAt: monotonicMillis(bootMillis()), result } as LedgerAnswer);
    }, CALL_MILLIS);
  });
  try {
    return await Promise.race([client(call), tooLong]);
  } finally {
    clearTimeout(timer);
  }
}
