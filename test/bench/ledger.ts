import { readdirSync, readFileSync } from "node:fs";
import { BatchWriteCommand, DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { mirror } from "../../cloud/contract/agent-calls.ts";
import { type Fact, mirrorWrites, ordOf, type Sender } from "../../cloud/contract/agent-expressions.ts";
import { getHolder } from "../../cloud/handlers/get-holder.ts";
import { createLog } from "../../cloud/log.ts";
import { start } from "../support/api.ts";
import { localClient, openDynamoLocal } from "../support/dynamo.ts";
import { prng } from "../support/ledger-random.ts";
import { CONFIG, register, senderOf, serverOf, T0 } from "../support/ledger-samples.ts";

/** Speed of the ledger on DynamoDB Local: `node test/bench/ledger.ts [sites] [events a site]`. First the table is filled with that history (by
 *  BatchWriteItem, the rows being those that the mirror would write); then agents of four further sites hand events in, one agent alone and
 *  four at once; then "who had this address at this time" is asked of the filled sites. A million rows are `1000 1000`. */
const SITES = Number(process.argv[2] ?? 20);
const EVENTS = Number(process.argv[3] ?? 500);
const MIRRORED = 2000;
const opened = await openDynamoLocal();
const { ledger } = opened;
const client = localClient(opened.endpoint);
const documents = DynamoDBDocumentClient.from(client);
const random = prng(1);
const say = (text: string) => process.stdout.write(`${text}\n`);

/** An hour's lease every minute, over 200 addresses: each is renewed after 200 minutes, so most grants find the former over. */
function factsOf(count: number): readonly Fact[] {
  return Array.from({ length: count }, (_, index): Fact => {
    const ts = T0 + index * 60_000;
    const last = (index % 200).toString(16).padStart(2, "0");
    const times = { ts, expires: ts + 28_800_000, potential: ts + 43_200_000, ord: ordOf(1, ts, 0, "A"), epoch: 1 };
    return { seq: index + 1, address: `0a0000${last}`, status: "ACTIVE", client: `m:1:0200000000${last}`, ...times };
  });
}
async function senderFor(site: string): Promise<Sender> {
  await register(ledger, site, { ...CONFIG, serials: { A: [], B: [] } });
  await start(ledger, "A", {}, site);
  return senderOf(await serverOf(ledger, "A", site));
}

async function fill(site: string): Promise<void> {
  const sender = await senderFor(site);
  const entries = factsOf(EVENTS).map((fact) => ({ fact, as: "current" as const, history: true }));
  const rows = mirrorWrites(sender, 0, EVENTS, entries).flatMap((write) => (write.kind === "put" ? [write.item] : []));
  for (let from = 0; from < rows.length; from += 25) {
    const puts = rows.slice(from, from + 25).map((Item) => ({ PutRequest: { Item: { ...Item } } }));
    await documents.send(new BatchWriteCommand({ RequestItems: { ledger: puts } }));
  }
}

/** Hands `MIRRORED` events of a fresh site in; events a second. */
async function drain(site: string): Promise<number> {
  const sender = await senderFor(site);
  const facts = factsOf(MIRRORED);
  const startedAt = performance.now();
  for (let from = 0; from < facts.length; ) {
    const answer = await mirror(ledger, sender, from, facts.slice(from, from + 49));
    if (answer.kind !== "mirrored") throw new Error(JSON.stringify(answer));
    from = answer.upTo;
  }
  return (MIRRORED * 1000) / (performance.now() - startedAt);
}

/** Processor time of this process and of DynamoDB Local so far, milliseconds. */
function processorMillis(): number {
  const { user, system } = process.cpuUsage();
  const children = readdirSync("/proc").flatMap((pid) => {
    const stat = /^\d+$/.test(pid) ? statOf(pid) : undefined;
    return stat !== undefined && Number(stat[1]) === process.pid ? [(Number(stat[11]) + Number(stat[12])) * 10] : [];
  });
  return (user + system) / 1000 + children.reduce((sum, millis) => sum + millis, 0);
}
function statOf(pid: string): readonly string[] | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ");
  } catch {
    return undefined;
  }
}

/** Asks 300 times about the first `sites` sites. */
async function askHolders(sites: number): Promise<void> {
  const deps = { ledger, now: () => T0 + EVENTS * 60_000, newId: () => "0", cursorKey: "bench", log: createLog("error") };
  const times: number[] = [];
  for (let question = 0; question < 300; question++) {
    const ip = `10.0.0.${Math.floor(random() * Math.min(200, EVENTS))}`;
    const at = new Date(T0 + random() * EVENTS * 60_000).toISOString();
    const startedAt = performance.now();
    await getHolder(deps, {
      params: { site: `SITE-${Math.floor(random() * sites)}`, ip },
      query: { at },
      body: undefined,
      caller: { kind: "operator", who: "bench", scopes: new Set() },
      idempotencyKey: undefined,
    });
    times.push(performance.now() - startedAt);
  }
  times.sort((left, right) => left - right);
  const share = (part: number) => Math.round((times[Math.floor((times.length - 1) * part)] ?? 0) * 10) / 10;
  say(`holder at a time, ${sites * EVENTS} events in the table: median ${share(0.5)} ms, 99 % ${share(0.99)} ms, worst ${share(1)} ms`);
}

let filled = 0;
for (const goal of [0.01, 0.1, 1].map((part) => Math.ceil(SITES * part))) {
  const startedAt = performance.now();
  for (; filled < goal; filled += 4) await Promise.all([0, 1, 2, 3].map((more) => fill(`SITE-${filled + more}`)));
  say(`filled: ${filled} sites (${Math.round((performance.now() - startedAt) / 1000)} s)`);
  await askHolders(filled);
}
await drain("WARM-UP");
const before = processorMillis();
const alone = await drain("M-1");
const cost = (processorMillis() - before) / MIRRORED;
say(
  `mirror, one agent: ${Math.round(alone)} events/s, ${cost.toFixed(2)} ms of processor time an event, agent and DynamoDB Local together`,
);
const atOnce = performance.now();
await Promise.all(["M-2", "M-3", "M-4", "M-5"].map(drain));
say(`mirror, four agents at once: ${Math.round((4 * MIRRORED * 1000) / (performance.now() - atOnce))} events/s together`);
client.destroy();
await opened.close();
process.exit(0);
