import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BatchWriteCommand, DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { mirror } from "../../cloud/contract/agent-calls.ts";
import { type Fact, mirrorWrites, ordOf, type Sender } from "../../cloud/contract/agent-expressions.ts";
import type { Item, Key } from "../../cloud/contract/expression.ts";
import type { Ledger } from "../../cloud/contract/ledger.ts";
import { registerWrites } from "../../cloud/contract/switch-expressions.ts";
import { getHolder } from "../../cloud/handlers/get-holder.ts";
import { createLog } from "../../cloud/log.ts";
import { start } from "../support/api.ts";
import { localClient, openDynamoLocal } from "../support/dynamo.ts";
import { DynamoFile } from "../support/dynamo-file.ts";
import { prng } from "../support/ledger-random.ts";
import { act, CONFIG, register, senderOf, serverOf, T0 } from "../support/ledger-samples.ts";
import { childrenMillis } from "./measure.ts";

/**
 * Speed of the ledger on DynamoDB Local: `node test/bench/ledger.ts [sites] [events a site]`. First a file is filled with that history, the
 * rows being those that the mirror would write, and "who had this address at this time" is asked. Then agents of further sites hand events
 * in on an empty table, one agent alone and four at once. A million rows are `1000 1000`.
 */
const SITES = Number(process.argv[2] ?? 20);
const EVENTS = Number(process.argv[3] ?? 500);
const MIRRORED = 2000;
const QUESTIONS = 300;
const random = prng(1);
const say = (text: string) => process.stdout.write(`${text}\n`);
const config = { ...CONFIG, serials: { A: [], B: [] } };

/** An hour's lease every minute, over 200 addresses: each is renewed after 200 minutes, so most grants find the former over. */
function factsOf(count: number): readonly Fact[] {
  return Array.from({ length: count }, (_, index): Fact => {
    const ts = T0 + index * 60_000;
    const last = (index % 200).toString(16).padStart(2, "0");
    const times = { ts, expires: ts + 28_800_000, potential: ts + 43_200_000, ord: ordOf(1, ts, 0, "A"), epoch: 1 };
    return { seq: index + 1, address: `0a0000${last}`, status: "ACTIVE", client: `m:1:0200000000${last}`, ...times };
  });
}
async function senderFor(ledger: Ledger, site: string): Promise<Sender> {
  await register(ledger, site, config);
  await start(ledger, "A", {}, site);
  return senderOf(await serverOf(ledger, "A", site));
}

/** All rows of a site with that much history: its own, and what the mirror put. */
function* rowsOf(site: string, sender: Sender): Generator<Item & Key> {
  const entries = factsOf(EVENTS).map((fact) => ({ fact, as: "current" as const, history: true }));
  const writes = [...registerWrites(site, config, act()), ...mirrorWrites({ ...sender, site }, 0, EVENTS, entries)];
  for (const write of writes) if (write.kind === "put") yield write.item;
}

/** A file with all sites; the first is written by DynamoDB Local itself, and shows that the others look the same. */
async function fill(folder: string): Promise<void> {
  const opened = await openDynamoLocal({ storedIn: folder });
  const client = localClient(opened.endpoint);
  const documents = DynamoDBDocumentClient.from(client);
  const sender = await senderFor(opened.ledger, "SITE-0");
  const rows = [...rowsOf("SITE-0", sender)].slice(4);
  for (let from = 0; from < rows.length; from += 25) {
    const puts = rows.slice(from, from + 25).map((Item) => ({ PutRequest: { Item: { ...Item } } }));
    await documents.send(new BatchWriteCommand({ RequestItems: { ledger: puts } }));
  }
  client.destroy();
  await opened.close();
  const file = new DynamoFile(folder, "ledger");
  const strange = rows.find((row) => !file.has(row));
  if (strange !== undefined) throw new Error(`DynamoDB Local keeps its rows in another way: ${JSON.stringify(strange)}`);
  for (let site = 1; site < SITES; site++) file.put(rowsOf(`SITE-${site}`, sender));
  file.close();
}

/** Asks, and says how long it took and how many rows of history were read for each answer. */
async function askHolders(ledger: Ledger): Promise<void> {
  let read = 0;
  const counting: Ledger = {
    ...ledger,
    query: async (query) => {
      const page = await ledger.query(query);
      if (query.filter !== undefined && page.items.length > 0) throw new Error("there are no conflicts in this history");
      read += page.items.length;
      return page;
    },
  };
  const deps = { ledger: counting, now: () => T0 + EVENTS * 60_000, newId: () => "0", cursorKey: "bench", log: createLog("error") };
  const times: number[] = [];
  let mostRead = 0;
  for (let question = -30; question < QUESTIONS; question++) {
    const which = Math.floor(random() * Math.min(200, EVENTS));
    // not before the address was first given out
    const at = T0 + which * 60_000 + random() * (EVENTS - which) * 60_000;
    const before = read;
    const startedAt = performance.now();
    const answer = await getHolder(deps, {
      params: { site: `SITE-${Math.floor(random() * SITES)}`, ip: `10.0.0.${which}` },
      query: { at: new Date(at).toISOString() },
      body: undefined,
      caller: { kind: "operator", who: "bench", scopes: new Set() },
      idempotencyKey: undefined,
    });
    const took = performance.now() - startedAt;
    const said = JSON.stringify(answer);
    if (!said.includes(`m:1:0200000000${which.toString(16).padStart(2, "0")}`)) throw new Error(`a wrong answer: ${said}`);
    // the first are not counted: what is compiled then is not the question's
    if (question < 0) continue;
    times.push(took);
    mostRead = Math.max(mostRead, read - before);
  }
  times.sort((left, right) => left - right);
  const share = (part: number) => Math.round((times[Math.floor((times.length - 1) * part)] ?? 0) * 10) / 10;
  const size = `${SITES * EVENTS} events of ${SITES} sites`;
  say(`holder at a time, ${size}: median ${share(0.5)} ms, 99 % ${share(0.99)} ms, worst ${share(1)} ms; at most ${mostRead} events read`);
}

/** Hands `MIRRORED` events of a fresh site in; events a second. */
async function drain(ledger: Ledger, site: string): Promise<number> {
  const sender = await senderFor(ledger, site);
  const facts = factsOf(MIRRORED);
  const startedAt = performance.now();
  for (let from = 0; from < facts.length; ) {
    const answer = await mirror(ledger, sender, from, facts.slice(from, from + 49));
    if (answer.kind !== "mirrored") throw new Error(JSON.stringify(answer));
    from = answer.upTo;
  }
  return (MIRRORED * 1000) / (performance.now() - startedAt);
}

/** Processor time of this process, and of DynamoDB Local, so far. Milliseconds. */
function processorMillis(): readonly [own: number, theirs: number] {
  const { user, system } = process.cpuUsage();
  return [(user + system) / 1000, childrenMillis(process.pid)];
}

async function history(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "tandem-bench-"));
  try {
    const startedAt = performance.now();
    await fill(folder);
    say(`filled: ${SITES * EVENTS} events of ${SITES} sites in ${Math.round((performance.now() - startedAt) / 1000)} s`);
    const opened = await openDynamoLocal({ storedIn: folder });
    await askHolders(opened.ledger);
    await opened.close();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function speed(): Promise<void> {
  const opened = await openDynamoLocal({ isLongRun: true });
  // the JVM compiles what it does often
  for (let round = 0; round < 6; round++) await drain(opened.ledger, `WARM-UP-${round}`);
  const before = processorMillis();
  const alone = await drain(opened.ledger, "M-1");
  const [own, theirs] = processorMillis().map((after, index) => (after - (before[index] ?? 0)) / MIRRORED);
  const cost = `${theirs?.toFixed(2)} ms of processor time an event in DynamoDB Local, ${own?.toFixed(2)} ms in the agent`;
  say(`mirror, one agent: ${Math.round(alone)} events/s; ${cost}`);
  const atOnce = performance.now();
  await Promise.all(["M-2", "M-3", "M-4", "M-5"].map((site) => drain(opened.ledger, site)));
  say(`mirror, four agents at once: ${Math.round((4 * MIRRORED * 1000) / (performance.now() - atOnce))} events/s together`);
  await opened.close();
}

await history();
await speed();
process.exit(0);
