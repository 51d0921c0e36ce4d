import { existsSync, readFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { commandLine, refuse } from "../support/command-line.ts";
import { Lab } from "../support/netns.ts";
import { ackLatency, avalanche, type Latency, median, peakRate, residentMebibytes, warmUp } from "./measure.ts";
import { CONTENDERS, type Contender, layWire, slowFlush, startContender, type Wire } from "./servers.ts";

const HELP = `npm run bench [-- --quick] [--only NAME]... [--flush-ms N]

Exchange rate, ACK latency and avalanche of this server beside ISC dhcpd and Kea, measured in turn, round after round, on one
virtual cable, so that ratios hold although the machine's speed drifts. Needs root, perfdhcp, ip, ethtool. Prints each
measurement to standard error and a markdown table to standard output.

  --quick                 one short round instead of three
  --flush-ms N            as on a disk whose flush takes N ms longer than this one's (needs cc)
  --only NAME             only this one (may be repeated): ${CONTENDERS.map(({ name }) => name).join(", ")}
`;
const NAME = "npm run bench";
const STEADY_RATE = 500;
const CLIENTS = 50_000;
const AVALANCHE_CLIENTS = 1000;

interface Round {
  readonly rate: number;
  readonly memory: number;
  readonly latency: Latency;
  readonly avalanche: number;
}

const { values } = commandLine({
  name: NAME,
  help: HELP,
  options: {
    quick: { type: "boolean", default: false },
    "flush-ms": { type: "string", default: "0" },
    only: { type: "string", multiple: true, default: [] },
  },
});
const { quick: isQuick, only: wanted } = values;
const unknown = wanted.filter((name) => !CONTENDERS.some((contender) => contender.name === name));
if (unknown.length > 0) refuse(NAME, `--only knows ${CONTENDERS.map(({ name }) => name).join(", ")}; not "${unknown.join(", ")}"`);
const FLUSH_MILLIS = Number(values["flush-ms"]);
if (!(FLUSH_MILLIS >= 0 && FLUSH_MILLIS <= 1000))
  refuse(NAME, `--flush-ms is a number of milliseconds up to 1000; not "${values["flush-ms"]}"`);
const ROUNDS = isQuick ? 1 : 3;
const SECONDS = isQuick ? 2 : 4;
const WARM_UP_SECONDS = isQuick ? 5 : 10;
const LATENCY_SECONDS = isQuick ? 4 : 10;

await main();

async function main(): Promise<void> {
  const chosen = CONTENDERS.filter(({ name, program }) => (wanted.length === 0 || wanted.includes(name)) && isThere(program));
  const found = new Map<string, Round[]>(chosen.map(({ name }) => [name, []]));
  const before = loadavg()[0] ?? 0;
  const lab = new Lab("bench");
  try {
    const wire = layWire(lab);
    const environment = FLUSH_MILLIS === 0 ? {} : slowFlush(FLUSH_MILLIS, wire.server.directory);
    for (let round = 1; round <= ROUNDS; round += 1) {
      for (const contender of chosen) {
        const measured = await measure(contender, wire, environment);
        found.get(contender.name)?.push(measured);
        console.error(
          `round ${round}  ${contender.name}  ${measured.rate}/s  ${measured.memory} MiB  ${JSON.stringify(measured.latency)}  ${measured.avalanche} ms`,
        );
      }
    }
  } finally {
    await lab.close();
  }
  console.log(report(found, before));
}

function isThere(program: string): boolean {
  if (existsSync(program)) return true;
  console.error(`left out, not installed: ${program}`);
  return false;
}

/** Each figure from a server started afresh, so that none suffers from the leases of the one before; rate and latency when warm. */
async function measure(contender: Contender, wire: Wire, environment: Readonly<Record<string, string>>): Promise<Round> {
  const afresh = async <T>(work: () => T): Promise<T> => {
    const running = await startContender(contender, wire, environment);
    try {
      return work();
    } finally {
      memory = Math.max(memory, residentMebibytes(running));
      await running.stop();
    }
  };
  let memory = 0;
  const clients = { namespace: wire.client, device: "c0", count: CLIENTS };
  const rate = await afresh(() => {
    warmUp(clients, WARM_UP_SECONDS);
    return peakRate(clients, SECONDS);
  });
  const latency = await afresh(() => {
    warmUp(clients, WARM_UP_SECONDS);
    return ackLatency(clients, STEADY_RATE, LATENCY_SECONDS);
  });
  return { rate, latency, avalanche: await afresh(() => avalanche({ ...clients, count: AVALANCHE_CLIENTS })), memory };
}

function report(found: ReadonlyMap<string, readonly Round[]>, before: number): string {
  const rateOf = (rounds: readonly Round[]): number => median(rounds.map(({ rate }) => rate));
  const ours = rateOf(found.get("tandem") ?? []);
  const rows = [...found].map(([name, rounds]) => {
    const of = (pick: (round: Round) => number, digits: number): string => median(rounds.map(pick)).toFixed(digits);
    const rate = rateOf(rounds);
    return `| ${[
      name,
      rate,
      ours > 0 && rate > 0 ? (ours / rate).toFixed(2) : "-",
      of(({ latency }) => latency.median, 2),
      of(({ latency }) => latency.p99, 2),
      of(({ latency }) => latency.lost, 0),
      of((round) => round.avalanche, 0),
      of((round) => round.memory, 0),
    ].join(" | ")} |`;
  });
  const system = /^PRETTY_NAME="(.*)"$/m.exec(existsSync("/etc/os-release") ? readFileSync("/etc/os-release", "utf8") : "")?.[1];
  return [
    `${new Date().toISOString().slice(0, 16)}Z, ${cpus().length} × ${cpus()[0]?.model}, ${system}, Node ${process.versions.node}; ` +
      `load average ${before.toFixed(1)} before, ${(loadavg()[0] ?? 0).toFixed(1)} after; medians of ${ROUNDS} interleaved rounds of ${SECONDS} s${FLUSH_MILLIS === 0 ? "" : `; each flush takes ${FLUSH_MILLIS} ms longer than the disk's own`}.`,
    "",
    `| server | exchanges/s | tandem / it | ACK median at ${STEADY_RATE}/s, ms | ACK p99, ms | lost | ${AVALANCHE_CLIENTS} at once, ms | MiB |`,
    "|---|--:|--:|--:|--:|--:|--:|--:|",
    ...rows,
  ].join("\n");
}
