import { dynamoClient, dynamoLedger } from "../adapters/dynamo-ledger.ts";
import { boot, heartbeat, mirror, readServer } from "../contract/agent-calls.ts";
import { type Fact, MAX_ENTRIES, ordOf, type Sender } from "../contract/agent-expressions.ts";
import type { Srv } from "../contract/items.ts";
import type { Ledger } from "../contract/ledger.ts";
import { certainlyOverMs } from "../contract/switch-expressions.ts";
import { type ServerName, srvKey } from "../contract/tables.ts";
import type { Desk } from "./desk.ts";
import { deskCredentials } from "./principals.ts";

/** Sites of the sample, and their net. */
export const SAMPLE_SITES = [
  { site: "LISBON-1", names: { A: "lis-a", B: "lis-b" }, net: "10.1.0" },
  { site: "PORTO-2", names: { A: "opo-a", B: "opo-b" }, net: "10.2.0" },
] as const;
const HOUR = 3_600_000;
const AUTONOMY = 60_000;

/** Fills a desk with two sites, a day of leases in each, and servers A that have fallen silent, for trying the commands. What the agents would
 *  write is written by their own calls with their own credentials. */
export async function fillWithSample(desk: Desk): Promise<void> {
  for (const { site, names, net } of SAMPLE_SITES) {
    const config = { mcltMs: 600_000, maxLeaseMs: 8 * HOUR, autonomyMs: AUTONOMY, names, serials: { A: [], B: [] }, foreign: "none" };
    const pools = [{ name: "office", from: `${net}.10`, to: `${net}.209` }];
    const response = await fetch(`${desk.url}/v1/sites/${site}`, {
      method: "PUT",
      headers: { authorization: `Bearer ${await desk.token()}`, "content-type": "application/json" },
      body: JSON.stringify({ ...config, pools }),
    });
    if (!response.ok) throw new Error(`${site}: ${response.status} ${await response.text()}`);
    for (const server of ["A", "B"] as const) {
      const client = dynamoClient({ endpoint: desk.ledgerEndpoint, region: "local", credentials: deskCredentials(site, server) });
      await play(dynamoLedger(client, desk.tableName), site, server, net);
      client.destroy();
    }
  }
}

/** A server that starts, hands a day of leases in, and beats. B publishes how long A's counter has stood still: long enough. */
async function play(ledger: Ledger, site: string, server: ServerName, net: string): Promise<void> {
  const taken = await boot(ledger, must(await readServer(ledger, site, server)), `sample-${server}`);
  if (taken.kind !== "booted") throw new Error(`${site} ${server}: ${taken.kind}`);
  const now = Date.now();
  const sender = senderOf(taken.server, now);
  const facts = dayOf(server, net, now);
  for (let from = 0; from < facts.length; ) {
    const answer = await mirror(ledger, sender, from, facts.slice(from, from + MAX_ENTRIES));
    if (answer.kind !== "mirrored") throw new Error(`${site} ${server}: ${answer.kind}`);
    from = answer.upTo;
  }
  const partner = server === "B" ? Number((await ledger.get(srvKey(site, "A")))?.["hb"]) : -1;
  const still = server === "B" ? certainlyOverMs(AUTONOMY) : 0;
  const evidence = { partnerHb: partner, partnerStillMs: still, peerLeaseAgoMs: still };
  const failoverState = server === "B" ? "COMMUNICATIONS-INTERRUPTED" : "NORMAL";
  const queue = { queued: 0, oldestQueuedAt: 0, clockSteps: [] };
  await heartbeat(ledger, sender, { beat: 1, leaseMs: AUTONOMY, ...evidence, failoverState, ...queue, version: "sample" });
}

/** Twelve clients of a server, each with an address of its half, renewed every four hours; one leaves at noon. */
function dayOf(server: ServerName, net: string, now: number): readonly Fact[] {
  const facts: Omit<Fact, "seq" | "ord">[] = [];
  for (let turn = 0; turn < 6; turn++) {
    for (let index = 0; index < 12; index++) {
      if (index === 11 && turn > 3) continue;
      const ts = now - 24 * HOUR + turn * 4 * HOUR + index * 60_000;
      const last = index === 11 && turn === 3;
      const host = (server === "A" ? 10 : 110) + index;
      const [a = 0, b = 0, c = 0] = net.split(".").map(Number);
      facts.push({
        address: [a, b, c, host].map((octet) => octet.toString(16).padStart(2, "0")).join(""),
        status: last ? "RELEASED" : "ACTIVE",
        client: `m:1:0200000000${host.toString(16).padStart(2, "0")}`,
        ts,
        expires: last ? ts : ts + 8 * HOUR,
        potential: ts + 8 * HOUR,
        epoch: 1,
        host: `desk-${host}`,
      });
    }
  }
  return facts.map((fact, index) => ({ ...fact, seq: index + 1, ord: ordOf(1, fact.ts, index, server) }));
}

const senderOf = (row: Srv, at: number): Sender => ({
  site: row.site,
  server: row.srv,
  epoch: row.ep,
  mode: row.mode,
  boot: row.boot,
  at,
  keepMs: 400 * 24 * HOUR,
});

function must<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("the site is not there");
  return value;
}
