import { mirror } from "../../cloud/contract/agent-calls.ts";
import { ROUTE_NAMES, type RouteName } from "../../cloud/contract/api.ts";
import { type Key, keyOf, type Write } from "../../cloud/contract/expression.ts";
import type { Ledger } from "../../cloud/contract/ledger.ts";
import { audit } from "../../cloud/handlers/audit.ts";
import { sweep } from "../../cloud/handlers/sweep.ts";
import { type Api, beat, type Call, createApi, invoke, start, watch } from "./api.ts";
import { CONFIG, fact, SITE, senderOf, serverOf, T0 } from "./ledger-samples.ts";

/** What a function did to which place of the table, as `PutItem trail`; and its requests, each with all the keys that it named. */
export interface Deeds {
  readonly deeds: ReadonlySet<string>;
  readonly requests: readonly { readonly action: string; readonly keys: readonly string[]; readonly index: string | undefined }[];
}

/** Calls every route, the stream's consumer and the sweep so that each does all it ever does to the table, and tells what that was, by the
 *  function's name. */
export async function exercise(): Promise<ReadonlyMap<string, Deeds>> {
  const used = new Map<string, { deeds: Set<string>; requests: Deeds["requests"][number][] }>();
  const api = createApi();
  const depsOf = (name: string) => {
    const found = used.get(name) ?? { deeds: new Set<string>(), requests: [] };
    used.set(name, found);
    return { ...api.deps, ledger: recording(api.ledger, found) };
  };
  const call = async (name: RouteName, asked: Call = {}, status = 200) => {
    const answer = await invoke(depsOf(`routes.${name}`), name, asked);
    if (answer.status !== status) throw new Error(`${name}: ${answer.status} ${answer.text}`);
    return answer.body;
  };
  await registered(api, call);
  await looked(api, call);
  await switched(api, call);
  await failedOver(api, call, () => sweep(depsOf("sweep")));
  await restored(call);
  const rows = [...api.table.rows()];
  const late = rows.find((row) => row["late"] === 1);
  const record = rows.find((row) => row["t"] === "E");
  await audit(depsOf("audit"), [
    { id: "s-1", kind: "INSERT", before: undefined, after: late },
    { id: "s-2", kind: "REMOVE", before: record, after: undefined },
  ]);
  const missed = ROUTE_NAMES.filter((name) => !used.has(`routes.${name}`));
  if (missed.length > 0) throw new Error(`not called: ${missed.join(", ")}`);
  return used;
}

type Caller = (name: RouteName, asked?: Call, status?: number) => Promise<{ readonly [name: string]: never }>;
const path = { site: SITE };
const force = { attestation: "PARTNER IS POWERED OFF", reason: "pulled the plug" };

async function registered(api: Api, call: Caller): Promise<void> {
  await call("registerSite", { path, body: CONFIG });
  await call("configureSite", { path, body: { mcltMs: 600_000 } });
  await call("registerSite", { path: { site: "GONE-1" }, body: CONFIG });
  await call("decommissionSite", { path: { site: "GONE-1" }, body: { reason: "the branch closed" } });
  for (const server of ["A", "B"] as const) await start(api.ledger, server);
  const hand = async (server: "A" | "B", ...facts: Parameters<typeof mirror>[3][number][]) =>
    mirror(api.ledger, senderOf(await serverOf(api.ledger, server)), (await serverOf(api.ledger, server)).ack, facts);
  await hand("A", fact(1, "m:1:aa", { ts: T0 }));
  await hand("B", fact(1, "m:1:bb", { ts: T0 + 1000, server: "B" }));
  await hand("B", fact(2, "m:1:cc", { ts: T0 + 2000, server: "B", ord: "00000000.0" }));
}

async function looked(api: Api, call: Caller): Promise<void> {
  const ip = { site: SITE, ip: "10.1.0.10" };
  const period = { from: new Date(T0).toISOString(), to: new Date(T0 + 60_000).toISOString() };
  for (const name of ["getSite", "getHealth", "getUtilisation", "getPartnerDown", "listLeases", "listEvents"] as const)
    await call(name, { path });
  await call("listFleetEvents");
  await call("listSites", { query: { silent: "1", address: "10.1.0.10" } });
  await call("getHolder", { path: ip });
  await call("getAddressHistory", { path: ip });
  await call("getSiteHistory", { path, query: period });
  await call("getClientAddresses", { path: { site: SITE, client: "m:1:aa" }, query: period });
  await call("getClientEverywhere", { path: { client: "m:1:aa" }, query: period });
  await call("listConflicts", { query: { site: SITE, all: "1" } });
  const [open] = (await call("listConflicts"))["items"] as unknown as { id: string }[];
  await call("resolveConflict", { path: { site: SITE, id: open!.id }, body: { reason: "told the user" } });
  await beat(api.ledger, "A");
}

async function switched(api: Api, call: Caller): Promise<void> {
  let keys = 0;
  const key = () => ({ "Idempotency-Key": `key-${String(keys++).padStart(8, "0")}` });
  const agentB = { path: { site: SITE, server: "B" }, session: "0b" };
  const recovered = async () => void (await beat(api.ledger, "B", { failoverState: "NORMAL" }));
  await call("requestPartnerDown", { path, headers: key(), body: { survivor: "B", standing: true } }, 409);
  await call("cancelPartnerDown", { path });
  await watch(api.ledger, "B");
  await call("requestPartnerDown", { path, headers: key(), body: { survivor: "B" } });
  await call("getPartnerDown", { path });
  await recovered();
  await call("recoverSite", { path, headers: key(), body: {} });
  await watch(api.ledger, "B");
  await call("agentPartnerDown", { ...agentB, headers: key(), body: {} });
  await call("agentWord", {
    ...agentB,
    headers: key(),
    body: { operator: "console", reason: "unplugged", actedAt: "2026-01-15T10:00:00Z" },
  });
  await call("agentClear", { ...agentB, headers: key(), body: {} });
  await call("requestPartnerDown", { path, body: { survivor: "B", force } });
  await call("takeOver", { path, headers: key(), body: { survivor: "A", force } });
  await beat(api.ledger, "A", { failoverState: "NORMAL" });
  await call("recoverSite", { path, body: {} });
}

async function failedOver(api: Api, call: Caller, sweepOnce: () => Promise<unknown>): Promise<void> {
  const body = { sites: [SITE], survivor: "B", reason: "fire", waitMs: 600_000 };
  const started = async () => ({ id: String((await call("startFailover", { body }))["id"]) });
  const undone = async () => {
    await beat(api.ledger, "B", { failoverState: "NORMAL" });
    await call("recoverSite", { path, body: {} });
  };
  const first = await started();
  await call("getFailover", { path: first });
  await call("listFailovers");
  await watch(api.ledger, "B");
  await call("advanceFailover", { path: first });
  await undone();
  const second = await started();
  await call("stopFailover", { path: second, body: { reason: "not yet" } });
  await watch(api.ledger, "B");
  await call("resumeFailover", { path: second, body: { reason: "go on" } });
  await undone();
  await watch(api.ledger, "B");
  await started();
  await undone();
  // The sweep grants a standing request and drives a plan.
  await call("requestPartnerDown", { path, body: { survivor: "B", standing: true } }, 409);
  await watch(api.ledger, "B");
  await call("startFailover", { body: { ...body, sites: ["NOWHERE", SITE], atOnce: 1 } });
  await sweepOnce();
  for (const state of ["PARTNER-DOWN", "NORMAL"]) await beat(api.ledger, "B", { failoverState: state });
  await call("recoverSite", { path, body: {} });
  await call("requestPartnerDown", { path, body: { survivor: "B", standing: true } }, 409);
  await watch(api.ledger, "B");
  await sweepOnce();
}

async function restored(call: Caller): Promise<void> {
  await call("markRestored", { path, body: { generation: 1, reason: "the table was lost" } });
  await call("settleSite", { path, body: { word: { sole: "B", reason: "A burnt down" } } });
}

/** `ledger`, telling each call in the words of IAM. A transaction's parts are judged one by one, a batch's keys together. */
function recording(ledger: Ledger, told: { readonly deeds: Set<string>; readonly requests: Deeds["requests"][number][] }): Ledger {
  const ask = (action: string, keys: readonly string[], index?: string) => {
    if (keys.length === 0) return;
    told.requests.push({ action, keys, index });
    for (const key of keys) told.deeds.add(`${action} ${index ?? placeOf(key)}`);
  };
  const write = (one: Write) => ask(one.kind === "put" ? "PutItem" : "UpdateItem", [keyOf(one).pk]);
  const first = <T>(tell: () => void, then: () => T): T => {
    tell();
    return then();
  };
  const each = (keys: readonly Key[]) => () => {
    for (const { pk } of keys) ask("GetItem", [pk]);
  };
  const batch = (keys: readonly Key[]) => () =>
    ask(
      "BatchGetItem",
      keys.map(({ pk }) => pk),
    );
  return {
    get: (key) => first(each([key]), () => ledger.get(key)),
    snapshot: (keys) => first(each(keys), () => ledger.snapshot(keys)),
    getMany: (keys) => first(batch(keys), () => ledger.getMany(keys)),
    query: (query) =>
      first(
        () => ask("Query", [query.partition], query.index),
        () => ledger.query(query),
      ),
    write: (one) =>
      first(
        () => write(one),
        () => ledger.write(one),
      ),
    transact: (writes) =>
      first(
        () => writes.forEach(write),
        () => ledger.transact(writes),
      ),
  };
}

const PLACES: readonly (readonly [RegExp, string])[] = [
  [/^S#[^#]+$/, "control"],
  [/^S#[^#]+#V#[AB]$/, "servers"],
  [/^S#[^#]+#R$/, "request"],
  [/^S#[^#]+#L$/, "leases"],
  [/^S#[^#]+#H#[0-9a-f]+$/, "history"],
  [/^S#[^#]+#X$/, "conflicts"],
  [/^S#[^#]+#E$/, "trail"],
  [/^S#[^#]+#I$/, "answers"],
  [/^W#[0-9a-f-]+$/, "plans"],
];
function placeOf(pk: string): string {
  const found = PLACES.find(([pattern]) => pattern.test(pk));
  if (found === undefined) throw new Error(`no place is known for ${pk}`);
  return found[1];
}
