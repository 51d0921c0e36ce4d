import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { registerWrites } from "../../cloud/contract/switch-expressions.ts";
import { embeddedLedger } from "../../cloud/embedded/ledger.ts";
import { createEmbeddedTable } from "../../cloud/embedded/table.ts";
import type { AgentEffect } from "../../edge-agent/agent/effect.ts";
import type { AgentEvent } from "../../edge-agent/agent/event.ts";
import { type AgentState, createAgentState } from "../../edge-agent/agent/state.ts";
import { nextDeadline, step } from "../../edge-agent/agent/step.ts";
import { ledgerClient } from "../../edge-agent/rim/ledger-client.ts";
import { type LmdbStore, openLmdbStore } from "../../edge-agent/rim/lmdb-store.ts";
import { epochSeconds, type Instant, monotonicMillis } from "../../edge-agent/values/time.ts";
import { address, encode } from "../support/agent-bench.ts";
import { act, CONFIG } from "../support/ledger-samples.ts";
import { configOf } from "../support/load-config.ts";

/**
 * What a ledger that does not answer costs a server: processor time of the core and its store for an exchange (DISCOVER and REQUEST of
 * 2,000 clients in turn, each a renewal that is written, 20 exchanges a commit, no sockets), with and without a ledger in turn.
 * `node test/bench/ledger-outbox.ts [rounds of 500 exchanges] [events that wait at the start]`
 */
const ROUNDS = Number(process.argv[2] ?? 40);
const WAITING = Number(process.argv[3] ?? 0);
const CLIENTS = 2000;
const EXCHANGES = 500;
const BATCH = 20;
const START = 1_800_000_000;
const DAY = 86_400_000;
const CONF = `authoritative; default-lease-time 7200; max-lease-time 7200; ping-check false; dhcp-cache-threshold 0; ddns-update-style none;
failover peer "lab" { primary; address 10.78.0.2; port 647; peer address 10.78.0.3; peer port 647; max-response-delay 30;
  max-unacked-updates 10; load balance max seconds 3; mclt 3600; split 128; }
subnet 10.76.0.0 netmask 255.252.0.0 { pool { failover peer "lab"; range 10.77.0.0 10.77.31.255; } }`;
const site = "BENCH-1";

/** A primary alone by an operator's word, as real as can be without sockets. */
class Server {
  readonly #store: LmdbStore;
  #state: AgentState;
  #second = 0;
  #turn = 0;
  #answers = true;
  readonly #given = new Map<number, string>();
  readonly #call;

  constructor(folder: string, ledger: ReturnType<typeof embeddedLedger> | undefined) {
    const opened = openLmdbStore(folder, () => ({ ok: true, value: { release: () => undefined } }));
    if (!opened.ok) throw new Error(opened.error);
    this.#store = opened.value;
    const config = configOf(CONF);
    this.#store.layout(config.pools.map(({ id, ranges }) => ({ id, ranges })));
    const setting = {
      relationship: "lab",
      site,
      server: "A" as const,
      autonomyMillis: DAY,
      coldStart: "run-down" as const,
      foreign: false,
    };
    const outbox = (lane: string, after: number, limit: number) => this.#store.outbox(after, limit, lane);
    const ports = { settings: [setting], boot: "bench", outbox };
    const extras = { hmac: undefined, declarations: [], ...(ledger === undefined ? {} : { ledger: ports }) };
    const names = { hostName: "bench", serverPort: 67, clientPort: 68 };
    this.#state = createAgentState(config, names, this.#store.view, (key) => this.#store.record(key), extras);
    const wallMillis = () => (START + this.#second) * 1000;
    const options = { site, server: "A" as const, keepMillis: 0, version: "bench", wallMillis, monotonic: () => this.#at.monotonic };
    this.#call = ledger === undefined ? undefined : ledgerClient(ledger, { ...options, askControlPlane: undefined });
  }

  get #at(): Instant {
    return { now: epochSeconds(START + this.#second), monotonic: monotonicMillis(1_000_000 + this.#second * 1000), wallOffset: 0 };
  }
  #event(event: Omit<AgentEvent, "at">): readonly AgentEffect[] {
    const done = step(this.#state, { ...event, at: this.#at } as AgentEvent, this.#store.view);
    this.#state = done.state;
    this.#store.apply(done.writes);
    return done.effects;
  }
  async #settle(effects: readonly AgentEffect[]): Promise<void> {
    for (const effect of effects) {
      if (effect.kind === "failover-dial")
        await this.#settle(
          this.#event({ kind: "failover-dial-failed", peer: "lab", reason: "refused", local: false } as Omit<AgentEvent, "at">),
        );
      if (effect.kind !== "ledger-call" || this.#call === undefined) continue;
      const unanswered = {
        op: effect.call.op,
        begunAt: this.#at.monotonic,
        endedAt: this.#at.monotonic,
        result: { outcome: "unanswered", reason: "away" },
      };
      const answer = this.#answers ? await this.#call(effect.call) : unanswered;
      await this.#settle(this.#event({ kind: "ledger-answer", relationship: effect.relationship, answer } as Omit<AgentEvent, "at">));
    }
  }
  async #pass(seconds: number): Promise<void> {
    for (const end = this.#second + seconds; this.#second <= end; this.#second += 1) {
      for (let due = 0; due < 100 && (nextDeadline(this.#state, this.#store.view) ?? Infinity) <= this.#at.monotonic; due += 1)
        await this.#settle(this.#event({ kind: "tick" }));
    }
  }

  /** Until all clients have a lease: known to the ledger, then out of its reach, and alone. */
  async start(): Promise<void> {
    await this.#pass(60);
    this.#answers = false;
    const force = this.#call === undefined ? {} : { force: { reason: "bench" } };
    await this.#settle(
      this.#event({ kind: "control-request", id: 1, line: JSON.stringify({ verb: "partner-down", ...force }) } as Omit<AgentEvent, "at">),
    );
    await this.#pass(4000);
    for (let round = 0; round * EXCHANGES < CLIENTS; round += 1) await this.exchanges();
    if (this.#given.size !== CLIENTS) throw new Error(`${this.#given.size} of ${CLIENTS} clients have an address`);
    while (this.#call !== undefined && this.waiting < WAITING) await this.exchanges();
  }
  get waiting(): number {
    const outbox = this.#state.ledger.sites?.get("lab")?.outbox;
    return outbox === undefined ? 0 : outbox.lastSeq - outbox.ack;
  }

  #send(mac: number, type: number, requested?: string): string | undefined {
    const more = requested === undefined ? {} : { requested, serverId: "10.77.255.2" };
    const bytes = encode({ type, mac: mac & 0xff, secs: 10, ...more });
    // the last three octets of the hardware address: there are more clients than one octet counts
    bytes[32] = mac >> 8;
    const from = { interfaceName: "eth0", interfaceAddresses: [address("10.77.255.2")], source: 0, sourcePort: 68, target: 0xffffffff };
    const effects = this.#event({ kind: "datagram", ...from, bytes } as unknown as Omit<AgentEvent, "at">);
    const sent = effects.find(({ kind }) => kind === "send") as { readonly bytes: Uint8Array } | undefined;
    return sent?.bytes.subarray(16, 20).join(".");
  }

  /** Processor time of an exchange, microseconds. */
  async exchanges(): Promise<number> {
    const before = process.cpuUsage();
    for (let count = 0; count < EXCHANGES; count += 1) {
      const mac = this.#turn % CLIENTS;
      if (this.#turn % CLIENTS === 0) await this.#pass(2);
      this.#turn += 1;
      const offered = this.#send(mac, 1);
      const given = offered === undefined ? undefined : this.#send(mac, 3, offered);
      if (given !== undefined) this.#given.set(mac, given);
      if (count % BATCH === BATCH - 1) await this.#store.commit();
    }
    const { user, system } = process.cpuUsage(before);
    return (user + system) / EXCHANGES;
  }
}

const folder = mkdtempSync(join(tmpdir(), "tandem-bench-"));
try {
  const ledger = embeddedLedger(createEmbeddedTable());
  await ledger.transact(registerWrites(site, { ...CONFIG, autonomyMs: DAY, serials: { A: [], B: [] } }, act()));
  const [none, away] = [new Server(join(folder, "none"), undefined), new Server(join(folder, "away"), ledger)];
  for (const server of [none, away]) await server.start();
  const times = { none: [] as number[], away: [] as number[] };
  for (let round = 0; round < ROUNDS; round += 1) {
    times.none.push(await none.exchanges());
    times.away.push(await away.exchanges());
  }
  const said = Object.entries(times).map(([name, each]) => {
    const sorted = [...each].sort((left, right) => left - right);
    return `${name} ${sorted[0]?.toFixed(1)} (median ${sorted[Math.floor(sorted.length / 2)]?.toFixed(1)})`;
  });
  process.stdout.write(`µs an exchange: ${said.join(", ")}; ${away.waiting} events wait\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(0);
