import { boot, claim, claimSeq, heartbeat, mirror, readServer } from "../../cloud/contract/agent-calls.ts";
import { type Fact, ordOf, type Sender } from "../../cloud/contract/agent-expressions.ts";
import { type Hist, HistItem, type Srv } from "../../cloud/contract/items.ts";
import { type Ledger, LedgerUnavailable, queryAll, type WriteOutcome } from "../../cloud/contract/ledger.ts";
import { clearWrites, partnerDownWrites } from "../../cloud/contract/switch-expressions.ts";
import { addressText, curKey, histPartition, pad, type ServerName } from "../../cloud/contract/tables.ts";
import { act, CONFIG, register, SITE, senderOf, serverOf, siteOf, T0 } from "./ledger-samples.ts";

/** A generator of numbers in [0, 1): the same for a seed, for ever (sfc32). */
export function prng(seed: number): () => number {
  let [a, b, c, d] = [seed | 0, 0x9e3779b9 | 0, 0x243f6a88 | 0, 1];
  const next = () => {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + t;
    return (t >>> 0) / 4_294_967_296;
  };
  for (let warm = 0; warm < 15; warm++) next();
  return next;
}

/** Loses answers, throttles, and lets delayed copies of a write arrive later, in front of any ledger. */
export function unreliable(ledger: Ledger, random: () => number): Ledger & { settle(): Promise<void> } {
  const delayed: (() => Promise<unknown>)[] = [];
  const write = async (send: () => Promise<WriteOutcome>): Promise<WriteOutcome> => {
    if (delayed.length > 0 && random() < 0.2) await delayed.shift()!();
    const dice = random();
    if (dice < 0.05) return { kind: "busy", cause: "throttled" };
    if (dice < 0.08) return { kind: "unknown", cause: "request lost" };
    if (dice < 0.11) {
      delayed.push(send);
      return { kind: "unknown", cause: "request delayed" };
    }
    const outcome = await send();
    return dice < 0.18 ? { kind: "unknown", cause: "answer lost" } : outcome;
  };
  const read = async <T>(send: () => Promise<T>): Promise<T> => {
    if (random() < 0.03) throw new LedgerUnavailable("no answer");
    return send();
  };
  return {
    get: (key) => read(() => ledger.get(key)),
    getMany: (keys) => read(() => ledger.getMany(keys)),
    snapshot: (keys) => read(() => ledger.snapshot(keys)),
    query: (query) => read(() => ledger.query(query)),
    write: (one) => write(() => ledger.write(one)),
    transact: (writes) => write(() => ledger.transact(writes)),
    settle: async () => {
      for (const send of delayed.splice(0)) await send();
    },
  };
}

const ADDRESSES = Array.from({ length: 60 }, (_, index) => `0a0100${(index + 16).toString(16).padStart(2, "0")}`);
const CLIENTS = Array.from({ length: 200 }, (_, index) => `m:1:02000000${index.toString(16).padStart(4, "0")}`);
const LEASE = 3_600_000;

/** One server as the ledger sees it: a durable outbox, a belief, and no manners: it gives addresses out that are not its own. */
export interface RandomAgent {
  readonly server: ServerName;
  readonly outbox: Fact[];
  readonly claimed: Fact[];
  sender: Sender | undefined;
  beats: number;
  clock: number;
  claims: number;
  boots: number;
}
export interface Outcome {
  readonly operations: number;
  readonly grants: number;
  readonly facts: number;
  readonly claimsGranted: number;
  readonly violations: readonly string[];
}

/** Runs `operations` random operations of two agents with 200 clients, restarts and switches; then drains, and checks the whole ledger. */
export async function randomRun(base: Ledger, seed: number, operations: number): Promise<Outcome> {
  const random = prng(seed);
  const flaky = unreliable(base, random);
  await register(base);
  const agents = (["A", "B"] as const).map(
    (server): RandomAgent => ({ server, outbox: [], claimed: [], sender: undefined, beats: 0, clock: T0, claims: 0, boots: 0 }),
  );
  let grants = 0;
  const lane = async (agent: RandomAgent, count: number) => {
    for (let done = 0; done < count; done++) {
      const dice = random();
      try {
        if (agent.sender === undefined || dice < 0.005) await restart(flaky, agent);
        else if (dice < 0.62) serve(agent, random);
        else if (dice < 0.82) await handIn(flaky, agent, random);
        else if (dice < 0.9) await beat(flaky, agent);
        else await ask(flaky, agent, random);
      } catch (error) {
        if (!(error instanceof LedgerUnavailable)) throw error;
      }
    }
  };
  const operator = async (count: number) => {
    for (let done = 0; done < count; done++) {
      const read = await siteOf(base);
      if (read.servers.A.ep !== read.ctl.ep || read.servers.B.ep !== read.ctl.ep) continue;
      const sole = random() < 0.5 ? "A" : "B";
      const writes =
        read.ctl.state === "NORMAL" ? partnerDownWrites(read, sole, "attested", act()) : clearWrites(read, read.ctl.sole!, "agent", act());
      if ((await flaky.transact(writes)).kind === "done") grants++;
      for (let wait = 0; wait < 8; wait++) await base.get({ pk: "none", sk: "none" });
    }
  };
  const half = Math.floor((operations * 0.98) / 2);
  await Promise.all([lane(agents[0]!, half), lane(agents[1]!, half), operator(operations - 2 * half)]);
  await flaky.settle();
  for (const agent of agents) await drain(base, agent);
  const facts = agents.reduce((sum, agent) => sum + agent.outbox.length, 0);
  const claimsGranted = agents.reduce((sum, agent) => sum + agent.claimed.length, 0);
  return { operations, grants, facts, claimsGranted, violations: await violations(base, agents) };
}

async function restart(ledger: Ledger, agent: RandomAgent): Promise<void> {
  const read = await readServer(ledger, SITE, agent.server);
  const taken = await boot(ledger, read!, `${agent.server}-${agent.boots++}`);
  agent.sender = taken.kind === "booted" ? { ...senderOf(taken.server), keepMs: 0 } : undefined;
  agent.beats = 0;
}

/** A client gets, renews or gives back an address: the local commit, with its outbox entry. */
function serve(agent: RandomAgent, random: () => number): void {
  const own = random() < 0.85;
  const half = agent.server === "A" ? 0 : 30;
  const address = ADDRESSES[own ? half + Math.floor(random() * 30) : Math.floor(random() * 60)]!;
  const before = agent.outbox.findLast((fact) => fact.address === address);
  agent.clock += 1 + Math.floor(random() * 60_000);
  const ts = agent.clock;
  const busy = before !== undefined && before.status === "ACTIVE" && before.expires > ts;
  const epoch = agent.sender?.epoch ?? 1;
  const client = busy ? before.client : CLIENTS[Math.floor(random() * 200)]!;
  const release = busy && random() < 0.2;
  const fact = {
    address,
    client,
    ts,
    epoch,
    status: release ? ("RELEASED" as const) : ("ACTIVE" as const),
    expires: release ? ts : ts + LEASE,
    potential: ts + LEASE,
  };
  agent.outbox.push({ ...fact, seq: agent.outbox.length + 1, ord: ordOf(epoch, ts, 0, agent.server) });
}

async function handIn(ledger: Ledger, agent: RandomAgent, random: () => number, limit?: number): Promise<boolean> {
  const server = await readServer(ledger, SITE, agent.server);
  const from = server!.ack;
  const answer = await mirror(ledger, agent.sender!, from, agent.outbox.slice(from), limit ?? 1 + Math.floor(random() * 49));
  if (answer.kind === "fenced") adopt(agent, answer.server);
  return answer.kind === "mirrored";
}

async function beat(ledger: Ledger, agent: RandomAgent): Promise<void> {
  const pulse = {
    leaseMs: 60_000,
    partnerHb: -1,
    partnerStillMs: 0,
    peerLeaseAgoMs: 0,
    failoverState: "NORMAL",
    queued: 0,
    oldestQueuedAt: 0,
    clockSteps: [],
    version: "random",
  };
  const answer = await heartbeat(ledger, agent.sender!, { beat: ++agent.beats, ...pulse });
  if (answer.kind === "fenced") adopt(agent, answer.server);
}

/** Claims one to four addresses at once, whoever has them, and repeats it until the outcome is known. */
async function ask(ledger: Ledger, agent: RandomAgent, random: () => number): Promise<void> {
  const sender = agent.sender!;
  const wanted = new Set(Array.from({ length: 1 + Math.floor(random() * 4) }, () => ADDRESSES[Math.floor(random() * 60)]!));
  const facts = [...wanted].map((address): Fact => {
    agent.clock += 1 + Math.floor(random() * 1000);
    const ts = agent.clock;
    const times = { ts, expires: ts + LEASE, potential: ts + LEASE, ord: ordOf(sender.epoch, ts, 0, agent.server), epoch: sender.epoch };
    const client = CLIENTS[Math.floor(random() * 200)]!;
    return { seq: claimSeq(agent.claims++), address, client, status: "ACTIVE", ...times };
  });
  const earliest = Math.min(...facts.map(({ ts }) => ts));
  for (let attempt = 0; attempt < 20; attempt++) {
    const answer = await claim(ledger, sender, facts, earliest - CONFIG.mcltMs - 5000);
    if (answer.kind === "repeat") continue;
    if (answer.kind === "fenced") adopt(agent, answer.server);
    else agent.claimed.push(...facts.filter((_, index) => answer.claims[index]?.kind === "granted"));
    return;
  }
}

function adopt(agent: RandomAgent, server: Srv): void {
  const sameRun = server.boot === agent.sender?.boot;
  agent.sender = sameRun ? { ...senderOf(server), keepMs: 0 } : undefined;
}

async function drain(ledger: Ledger, agent: RandomAgent): Promise<void> {
  await restart(ledger, agent);
  for (let round = 0; round < 10_000 && (await serverOf(ledger, agent.server)).ack < agent.outbox.length; round++)
    await handIn(ledger, agent, () => 0, 49);
}

/** What the ledger must never show (design §3.5, I5 to I8). */
async function violations(ledger: Ledger, agents: readonly RandomAgent[]): Promise<readonly string[]> {
  const found: string[] = [];
  const rows = new Map<string, readonly Hist[]>();
  for (const address of ADDRESSES) {
    const items = await queryAll(ledger, { partition: histPartition(SITE, address), consistent: true });
    rows.set(
      address,
      items.map((item) => HistItem.parse(item)),
    );
  }
  for (const [address, history] of rows) {
    const plain = history
      .filter((row) => row.late === undefined && row.cf === undefined)
      .sort((left, right) => (left.ord < right.ord ? -1 : 1));
    plain.forEach((row, index) => {
      const before = plain[index - 1];
      const overlap = before !== undefined && before.st === "ACTIVE" && before.cid !== row.cid && before.exp > row.ts;
      // A claim may follow a lease that ran out in time its client could still have renewed: then the safe moment had passed it.
      if (overlap) found.push(`two holders of ${addressText(address)}: ${before.cid} until ${before.exp}, ${row.cid} from ${row.ts}`);
    });
    const current = await ledger.get(curKey(SITE, address));
    if (current?.["ord"] !== plain.at(-1)?.ord) found.push(`the current row of ${addressText(address)} is not the last of its history`);
  }
  const all = [...rows.values()].flat();
  for (const { server, outbox, claimed } of agents) {
    const mine = all.filter((row) => row.srv === server);
    const seqs = mine
      .filter((row) => row.claim === undefined)
      .map((row) => row.seq)
      .sort((left, right) => left - right);
    if (seqs.length !== outbox.length || seqs.some((seq, index) => seq !== index + 1))
      found.push(`the history of ${server} has ${seqs.length} of ${outbox.length} events, or a gap`);
    for (const fact of claimed)
      if (!mine.some((row) => row.seq === fact.seq && row.claim === 1))
        found.push(`claim ${pad(fact.seq, 12)} of ${server} is not in the history`);
    const ack = (await serverOf(ledger, server)).ack;
    if (ack !== outbox.length) found.push(`the cursor of ${server} stands at ${ack} of ${outbox.length}`);
  }
  return found;
}
