import { readdirSync, readFileSync } from "node:fs";
import type { Namespace, Running } from "../support/netns.ts";

/** Where perfdhcp runs, and as how many clients. */
export interface Clients {
  readonly namespace: Namespace;
  readonly device: string;
  readonly count: number;
}

const perfdhcp = ({ namespace, device }: Clients, seconds: number, ...words: string[]): string =>
  namespace.attempt(["perfdhcp", "-4", "-l", device, ...words], (seconds + 60) * 1000).output;

/** A steady load; how many exchanges were completed. */
export function exchange(clients: Clients, rate: number, seconds: number): number {
  const output = perfdhcp(clients, seconds, "-r", `${rate}`, "-R", `${clients.count}`, "-p", `${seconds}`);
  return Number([...output.matchAll(/^received packets: (\d+)/gm)][1]?.[1] ?? 0);
}

/** Some thousand exchanges, so that what a server compiles or caches at first is not what is measured. */
export function warmUp(clients: Clients, seconds: number): void {
  exchange(clients, 1000, seconds);
}

/**
 * A rate is sustained if both exchanges lose less than 1 % and at least 97 % of what was asked was reached. Asked a second time
 * before the answer is no: on a shared machine a moment's disturbance would otherwise end the search.
 */
function isSustained(clients: Clients, rate: number, seconds: number): boolean {
  return isReached(clients, rate, seconds) || isReached(clients, rate, seconds);
}

function isReached(clients: Clients, rate: number, seconds: number): boolean {
  const output = perfdhcp(clients, seconds, "-r", `${rate}`, "-R", `${clients.count}`, "-p", `${seconds}`);
  const reached = Number(/^Rate: ([\d.]+)/m.exec(output)?.[1] ?? 0);
  const drops = [...output.matchAll(/^drops ratio: ([\d.]+)/gm)].map(([, percent]) => Number(percent));
  return drops.length === 2 && drops.every((percent) => percent < 1) && reached >= 0.97 * rate;
}

/** Highest sustained rate of four-way exchanges a second, to within 6 %: doubled until it fails, then halved between. */
export function peakRate(clients: Clients, seconds: number): number {
  let low = 0;
  let high = 1000;
  while (high <= 64_000 && isSustained(clients, high, seconds)) {
    low = high;
    high *= 2;
  }
  for (let rate = 500; low === 0 && rate >= 25; rate = Math.floor(rate / 2)) {
    if (isSustained(clients, rate, seconds)) low = rate;
    else high = rate;
  }
  while (low > 0 && (high - low) * 100 > low * 6) {
    const rate = Math.floor((low + high) / 2);
    if (isSustained(clients, rate, seconds)) low = rate;
    else high = rate;
  }
  return low;
}

/** Milliseconds from REQUEST to ACK at a steady rate. */
export interface Latency {
  readonly median: number;
  readonly p99: number;
  readonly lost: number;
}

/** ACK latency at `rate` exchanges a second, from the times of each packet as perfdhcp lists them. */
export function ackLatency(clients: Clients, rate: number, seconds: number): Latency {
  const output = perfdhcp(clients, seconds, "-r", `${rate}`, "-R", `${clients.count}`, "-p", `${seconds}`, "-W", "1000000", "-x", "t");
  const acks = output.slice(output.indexOf("***Statistics for: REQUEST-ACK***"));
  const stamps = output.split("***Timestamps for packets: REQUEST-ACK***")[1] ?? "";
  // Seconds since the start; what never was answered is not listed here, but counted as lost.
  const pairs = [...stamps.matchAll(/^sent \/ received: ([\d.]+) \/ ([\d.]+)$/gm)];
  const times = pairs.map(([, sent, received]) => (Number(received) - Number(sent)) * 1000).sort((left, right) => left - right);
  if (times.length === 0) throw new Error(`perfdhcp listed no packets:\n${acks.slice(0, 1500)}`);
  const lost = Number(/^drops: (-?\d+)/m.exec(acks)?.[1] ?? Number.NaN);
  return { median: at(times, 0.5), p99: at(times, 0.99), lost };
}

const at = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;

/** Milliseconds until `clients` machines that start at once are all bound; they repeat themselves as RFC 2131 §4.1 asks. */
export function avalanche(clients: Clients): number {
  const output = perfdhcp(clients, 120, "--scenario", "avalanche", "-R", `${clients.count}`, "-b", "mac=02:77:00:00:00:00");
  const took = /^It took (\d+):(\d+):([\d.]+) to provision/m.exec(output);
  if (took === null) throw new Error(`perfdhcp says no time:\n${output.slice(-1500)}`);
  const [hours, minutes, seconds] = took.slice(1).map(Number) as [number, number, number];
  return ((hours * 60 + minutes) * 60 + seconds) * 1000;
}

/** Resident memory of the largest process of a session, in MiB. */
export function residentMebibytes(running: Running): number {
  const sizes = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => sizeIn(pid, running.pid));
  return Math.max(0, ...sizes);
}

function sizeIn(pid: string, session: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (Number(fields[3]) !== session) return 0;
    return Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024);
  } catch {
    return 0; // It ended while we looked.
  }
}

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
};

/** Processor time that the children of a process have used so far. Milliseconds. */
export function childrenMillis(parent: number): number {
  const times = readdirSync("/proc").map((pid) => {
    const stat = /^\d+$/.test(pid) ? statOf(pid) : undefined;
    return stat !== undefined && Number(stat[1]) === parent ? (Number(stat[11]) + Number(stat[12])) * 10 : 0;
  });
  return times.reduce((sum, millis) => sum + millis, 0);
}
function statOf(pid: string): readonly string[] | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ");
  } catch {
    return undefined; // It ended while we looked.
  }
}
