import { mirror } from "../../cloud/contract/agent-calls.ts";
import { type Fact, ordOf } from "../../cloud/contract/agent-expressions.ts";
import { getHolder } from "../../cloud/handlers/get-holder.ts";
import { createLog } from "../../cloud/log.ts";
import { start } from "../support/api.ts";
import { openDynamoLocal } from "../support/dynamo.ts";
import { prng } from "../support/ledger-random.ts";
import { register, senderOf, serverOf, T0 } from "../support/ledger-samples.ts";

/** Speed of the ledger on DynamoDB Local: events mirrored a second, and how long "who had this address at this time" takes.
 *  `node test/bench/ledger.ts [sites] [events a site]`; a million rows are `1000 1000` (some twenty minutes to fill). */
const SITES = Number(process.argv[2] ?? 20);
const EVENTS = Number(process.argv[3] ?? 500);
const opened = await openDynamoLocal();
const { ledger } = opened;
const random = prng(1);
const siteName = (index: number) => `SITE-${index}`;
const addressOf = (index: number) => `0a0000${(index % 200).toString(16).padStart(2, "0")}`;

let millis = 0;
for (let site = 0; site < SITES; site++) {
  await register(ledger, siteName(site));
  await start(ledger, "A", {}, siteName(site));
  const sender = senderOf(await serverOf(ledger, "A", siteName(site)));
  const facts = Array.from({ length: EVENTS }, (_, index): Fact => {
    const ts = T0 + index * 60_000;
    return {
      seq: index + 1,
      address: addressOf(index),
      status: "ACTIVE",
      client: `m:1:0200000000${(index % 200).toString(16).padStart(2, "0")}`,
      ts,
      expires: ts + 28_800_000,
      potential: ts + 43_200_000,
      ord: ordOf(1, ts, 0, "A"),
      epoch: 1,
    };
  });
  const startedAt = performance.now();
  for (let from = 0; from < EVENTS; ) {
    const answer = await mirror(ledger, sender, from, facts.slice(from, from + 49));
    if (answer.kind !== "mirrored") throw new Error(JSON.stringify(answer));
    from = answer.upTo;
  }
  millis += performance.now() - startedAt;
}
const deps = { ledger, now: () => T0 + EVENTS * 60_000, newId: () => "0", cursorKey: "bench", log: createLog("error") };
const times: number[] = [];
for (let question = 0; question < 300; question++) {
  const ip = `10.0.0.${Math.floor(random() * 200)}`;
  const at = new Date(T0 + random() * EVENTS * 60_000).toISOString();
  const startedAt = performance.now();
  await getHolder(deps, {
    params: { site: siteName(Math.floor(random() * SITES)), ip },
    query: { at },
    body: undefined,
    caller: { kind: "operator", who: "bench", scopes: new Set() },
    idempotencyKey: undefined,
  });
  times.push(performance.now() - startedAt);
}
times.sort((left, right) => left - right);
const at = (share: number) => Math.round((times[Math.floor(times.length * share)] ?? 0) * 10) / 10;
process.stdout.write(`mirror: ${Math.round((SITES * EVENTS * 1000) / millis)} events/s, ${SITES * EVENTS} events\n`);
process.stdout.write(`holder at a time: median ${at(0.5)} ms, 99 % ${at(0.99)} ms, worst ${at(0.999)} ms\n`);
await opened.close();
process.exit(0);
