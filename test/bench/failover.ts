import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { FailoverSite, type PairOptions, type Program, type Role } from "../support/failover-site.ts";
import { eventually, type Namespace, sleep } from "../support/netns.ts";

/*
 * A pair of Tandems beside a pair of ISC dhcpds, in one run on one machine. Needs root, perfdhcp, dhcpd.
 *   node test/bench/failover.ts [transfer] [rate]
 * transfer: a server with an empty database fetches all leases of its partner (UPDREQALL).
 * rate: four-way exchanges a second that a pair sustains, and the processor time of one.
 */
const LEASES = Number(process.env["LEASES"] ?? 50_000);
const ROLES: readonly Role[] = ["primary", "secondary"];
const say = (text: string): void => console.log(text);

const addressOf = (index: number): string => `10.77.${1 + (index >>> 8)}.${index & 255}`;
const rangeOf = (size: number): string => `10.77.1.0 ${addressOf(size - 1)}`;
const stamp = (time: number): string => {
  const at = new Date(time * 1000).toISOString();
  return `${new Date(time * 1000).getUTCDay()} ${at.slice(0, 10).replaceAll("-", "/")} ${at.slice(11, 19)}`;
};

/** A primary's lease file: every address leased, its partner known to be down. */
function fullLeaseFile(): string {
  const now = Math.floor(Date.now() / 1000);
  const [starts, ends] = [stamp(now - 60), stamp(now + 7200)];
  const parts = [`failover peer "lab" state {\n  my state partner-down at ${starts};\n  partner state normal at ${starts};\n}\n`];
  for (let index = 0; index < LEASES; index += 1) {
    const mac = `02:00:${[24, 16, 8, 0].map((shift) => ((index >>> shift) & 255).toString(16).padStart(2, "0")).join(":")}`;
    parts.push(
      `lease ${addressOf(index)} {\n  starts ${starts};\n  ends ${ends};\n  tstp ${ends};\n  tsfp ${ends};\n  atsfp ${ends};\n  cltt ${starts};\n  binding state active;\n  next binding state expired;\n  hardware ethernet ${mac};\n}\n`,
    );
  }
  return parts.join("");
}

/** Seconds from the request for everything to its end. */
async function transfer(program: Program): Promise<number> {
  const site = new FailoverSite({
    unwatched: true,
    ...{ primary: program, secondary: program, mclt: 5, maxUnacked: 100, range: rangeOf(LEASES), leases: { primary: fullLeaseFile() } },
  });
  try {
    await site.start("primary");
    await sleep(1000);
    await site.start("secondary");
    const log = () => site.servers.secondary.log();
    await eventually(
      () => log().includes("Sent update request all"),
      60_000,
      () => log().slice(-2000),
    );
    const start = performance.now();
    await eventually(
      () => log().includes("peer update completed"),
      900_000,
      () => log().slice(-2000),
    );
    const seconds = (performance.now() - start) / 1000;
    for (const role of ROLES) await site.servers[role].stop("SIGTERM");
    const { messages } = await site.session();
    const moved = messages.get(3) ?? 0;
    if (moved < LEASES) throw new Error(`only ${moved} updates were seen`);
    return seconds;
  } finally {
    await site.close();
  }
}

interface Rate {
  readonly achieved: number;
  readonly sustained: boolean;
}
/** perfdhcp in the clients' namespace for some seconds; not to be waited for synchronously. */
async function perfdhcp(clients: Namespace, rate: number, seconds: number): Promise<Rate> {
  const argv = ["netns", "exec", clients.name, "perfdhcp", "-4", "-l", "eth0", "-r", String(rate), "-R", "6000", "-p", String(seconds)];
  const child = spawn("ip", argv);
  let output = "";
  child.stdout.on("data", (bytes) => {
    output += bytes;
  });
  await new Promise((resolve) => child.on("close", resolve));
  const achieved = Number(/^Rate: ([\d.]+)/m.exec(output)?.[1] ?? 0);
  const drops = [...output.matchAll(/drops ratio: ([\d.]+)/g)].map((match) => Number(match[1]));
  return { achieved, sustained: drops.length === 2 && drops.every((drop) => drop < 1) && achieved >= 0.97 * rate };
}

/** The highest sustained rate, to about 12 %. */
async function peak(clients: Namespace, start: number): Promise<number> {
  let low = 0;
  let high = 0;
  for (let rate = start; high === 0 && rate <= 32_000; rate *= 2) {
    if ((await perfdhcp(clients, rate, 3)).sustained) low = rate;
    else high = rate;
  }
  if (low === 0) {
    for (let rate = start / 2; low === 0 && rate > 20; rate = Math.floor(rate / 2)) {
      if ((await perfdhcp(clients, rate, 3)).sustained) low = rate;
      else high = rate;
    }
  }
  while (high - low > low * 0.12) {
    const rate = Math.floor((low + high) / 2);
    if ((await perfdhcp(clients, rate, 3)).sustained) low = rate;
    else high = rate;
  }
  return low;
}

/** Processor time in seconds that everything in a namespace's process tree that is called so has used. */
function processorSeconds(site: FailoverSite, role: Role): number {
  const directory = site.namespaces[role].directory;
  let ticks = 0;
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      if (!readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(`${directory}/server/dhcpd.conf`)) continue;
      const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
      ticks += Number(fields[11]) + Number(fields[12]);
    } catch {
      // it ended meanwhile
    }
  }
  return ticks / 100;
}

async function withPair<T>(options: PairOptions, work: (site: FailoverSite) => Promise<T>): Promise<T> {
  const site = new FailoverSite({ unwatched: true, maxUnacked: 100, mclt: 600, range: rangeOf(15_360), ...options });
  try {
    if (options.alone === true) await site.start("primary");
    else {
      await site.start();
      await site.bothNormal(120_000);
    }
    // perfdhcp wants an address of its own
    site.clients.ip("address add 10.77.0.9/16 dev eth0");
    await sleep(4000);
    return await work(site);
  } finally {
    await site.close();
  }
}

const COST_RATE = 500;
/** Processor seconds that one exchange costs all servers together. */
async function cost(site: FailoverSite, roles: readonly Role[]): Promise<number> {
  const used = () => roles.reduce((sum, role) => sum + processorSeconds(site, role), 0);
  await perfdhcp(site.clients, COST_RATE, 3);
  await sleep(1500);
  const before = used();
  await perfdhcp(site.clients, COST_RATE, 6);
  await sleep(1500);
  return (used() - before) / (COST_RATE * 6);
}

const asked = process.argv.slice(2);
const does = (what: string): boolean => asked.length === 0 || asked.includes(what);
if (does("transfer")) {
  const ours = await transfer("tandem");
  const theirs = await transfer("dhcpd");
  say(
    `UPDREQALL of ${LEASES} leases: Tandem pair ${ours.toFixed(1)} s, dhcpd pair ${theirs.toFixed(1)} s, ${(theirs / ours).toFixed(1)} times as fast`,
  );
}
if (does("rate")) {
  const tandem = { primary: "tandem", secondary: "tandem" } as const;
  const [ours, pairCost] = await withPair(tandem, async (site) => [await peak(site.clients, 2000), await cost(site, ROLES)] as const);
  say(`Tandem pair: ${ours} exchanges a second; ${(pairCost * 1e6).toFixed(0)} µs of processor time each, both servers together`);
  const alone = await withPair(
    { ...tandem, alone: true },
    async (site) => [await peak(site.clients, 2000), await cost(site, ["primary"])] as const,
  );
  say(
    `Tandem alone: ${alone[0]} a second; ${(alone[1] * 1e6).toFixed(0)} µs each; the pair takes ${((pairCost / alone[1] - 1) * 100).toFixed(0)} % more`,
  );
  const theirs = await withPair({ primary: "dhcpd", secondary: "dhcpd" }, (site) => peak(site.clients, 500));
  say(`dhcpd pair: ${theirs}; the Tandem pair does ${(ours / theirs).toFixed(1)} times as many`);
}
