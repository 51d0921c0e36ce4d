import { cpus, loadavg } from "node:os";
import { commandLine } from "../support/command-line.ts";
import { eventually, sleep } from "../support/netns.ts";
import { type Clients, exchange, median, peakRate } from "./measure.ts";
import { addressOf, BenchPair, type PairSetup, type Program } from "./pair.ts";

const PARTS = ["transfer", "rate", "cost", "ledger", "delay"] as const;
const HELP = `npm run bench:failover [-- [PART]... [--rounds N]]       (default: all parts, one round)

A pair of Tandems beside a pair of ISC dhcpds, in one run on one machine. Needs root, perfdhcp, dhcpd.
Each part takes its contenders in turn, round after round, and gives medians and their ratios.

  transfer                a server with an empty database fetches all leases of its partner (UPDREQALL)
  rate                    four-way exchanges a second that a pair sustains
  cost                    processor time of an exchange, at a rate that leaves the machine idle in between, of a pair and of a server alone
  ledger                  processor time of an exchange of a pair without a ledger, with one that does not answer, and with one on its loopback
  delay                   the rate again, with every byte between the partners late in each direction
  --rounds N              how often each is measured
`;
const LEASES = Number(process.env["LEASES"] ?? 50_000);
const DELAY = 200;
const ADDRESSES = 15_360;
const CLIENTS = 6000;
const COST_RATE = 1000;
const COST_SECONDS = 8;
const STEP_SECONDS = 3;
const { values, positionals: asked } = commandLine({
  name: "npm run bench:failover",
  help: HELP,
  words: PARTS,
  numbers: ["rounds"],
  options: { rounds: { type: "string", default: "1" } },
});
const ROUNDS = Number(values.rounds);
const does = (what: (typeof PARTS)[number]): boolean => asked.length === 0 || asked.includes(what);
const say = (text: string): void => console.log(text);

/** The primary's lease file: every address leased, its partner known to be down. */
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

function stamp(time: number): string {
  const at = new Date(time * 1000);
  return `${at.getUTCDay()} ${at.toISOString().slice(0, 10).replaceAll("-", "/")} ${at.toISOString().slice(11, 19)}`;
}

async function withPair<T>(setup: PairSetup, work: (pair: BenchPair) => Promise<T>): Promise<T> {
  const pair = new BenchPair(setup);
  try {
    return await work(pair);
  } finally {
    await pair.close();
  }
}

interface Transfer {
  /** From the request for everything to its end. */
  readonly seconds: number;
  /** Of both servers together. */
  readonly processor: number;
}

const transfer = (program: Program): Promise<Transfer> =>
  withPair({ program, addresses: LEASES, leases: fullLeaseFile() }, async (pair) => {
    const { primary, secondary } = pair.servers;
    await primary.start();
    await sleep(1000);
    await secondary.start();
    const said = (text: string) =>
      eventually(
        () => secondary.log().includes(text),
        900_000,
        () => `the secondary never said "${text}":\n${secondary.log().slice(-2000)}`,
      );
    await said("Sent update request all");
    const [start, before] = [performance.now(), pair.processorSeconds()];
    await said("peer update completed");
    const done = { seconds: (performance.now() - start) / 1000, processor: pair.processorSeconds() - before };
    for (const server of [secondary, primary]) await server.stop("SIGTERM");
    const moved = [...secondary.leases().values()].filter((record) => record.includes("\n  binding state active;")).length;
    if (moved < LEASES) throw new Error(`the secondary has only ${moved} leases`);
    return done;
  });

/** A pair that serves and is warm. */
const served = <T>(setup: Omit<PairSetup, "addresses">, work: (pair: BenchPair, clients: Clients) => T): Promise<T> =>
  withPair({ ...setup, addresses: ADDRESSES }, async (pair) => {
    await pair.start();
    const clients = { namespace: pair.clients, device: "eth0", count: CLIENTS };
    exchange(clients, setup.program === "tandem" ? COST_RATE : 300, 8);
    await sleep(1500);
    return work(pair, clients);
  });

const rate = (setup: Omit<PairSetup, "addresses">): Promise<number> => served(setup, (_, clients) => peakRate(clients, STEP_SECONDS));

/** Processor seconds of one exchange, all servers together. */
const cost = (setup: Omit<PairSetup, "addresses">): Promise<number> =>
  served(setup, (pair, clients) => {
    // of a pair each serves half, and V8 compiles by the count: some 10,000 for each
    exchange(clients, 2 * COST_RATE, COST_SECONDS);
    const before = pair.processorSeconds();
    const exchanges = exchange(clients, COST_RATE, COST_SECONDS);
    return (pair.processorSeconds() - before) / exchanges;
  });

/** Every contender in every round; the median of each. */
async function rounds<K extends string, T>(
  contenders: Readonly<Record<K, () => Promise<T>>>,
  figure: (value: T) => number,
): Promise<Record<K, number>> {
  const found = new Map<K, number[]>();
  for (let round = 1; round <= ROUNDS; round += 1) {
    for (const name of Object.keys(contenders) as K[]) {
      const value = await contenders[name]();
      found.set(name, [...(found.get(name) ?? []), figure(value)]);
      console.error(`round ${round}  ${name}  ${JSON.stringify(value)}  load ${loadavg()[0]?.toFixed(1)}`);
    }
  }
  return Object.fromEntries([...found].map(([name, values]) => [name, median(values)])) as Record<K, number>;
}

const percent = (part: number, whole: number): string => `${((part / whole - 1) * 100).toFixed(0)} %`;

say(
  `${new Date().toISOString().slice(0, 16)}Z, ${cpus().length} × ${cpus()[0]?.model}, load average ${loadavg()[0]?.toFixed(1)}; medians of ${ROUNDS} rounds`,
);
if (does("transfer")) {
  const taken = await rounds({ tandem: () => transfer("tandem"), dhcpd: () => transfer("dhcpd") }, ({ seconds }) => seconds);
  say(
    `UPDREQALL of ${LEASES} leases: Tandem pair ${taken.tandem.toFixed(2)} s, dhcpd pair ${taken.dhcpd.toFixed(2)} s: ${(taken.dhcpd / taken.tandem).toFixed(1)} times as fast`,
  );
}
if (does("cost")) {
  const micros = await rounds(
    { alone: () => cost({ program: "tandem", alone: true }), pair: () => cost({ program: "tandem" }) },
    (seconds) => seconds * 1e6,
  );
  say(
    `processor time of an exchange at ${COST_RATE}/s: alone ${micros.alone.toFixed(0)} µs, pair ${micros.pair.toFixed(0)} µs, both servers together: ${percent(micros.pair, micros.alone)} more`,
  );
}
if (does("ledger")) {
  // the SDK wants some
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: "bench", AWS_SECRET_ACCESS_KEY: "bench" });
  const micros = await rounds(
    {
      none: () => cost({ program: "tandem" }),
      unreachable: () => cost({ program: "tandem", ledger: "unreachable" }),
      reachable: () => cost({ program: "tandem", ledger: "reachable" }),
    },
    (seconds) => seconds * 1e6,
  );
  const { none, unreachable, reachable } = micros;
  say(
    `processor time of an exchange at ${COST_RATE}/s, both servers together: without a ledger ${none.toFixed(0)} µs; unreachable ${unreachable.toFixed(0)} µs: ${percent(unreachable, none)} more; reachable ${reachable.toFixed(0)} µs: ${percent(reachable, none)} more`,
  );
}
if (does("rate") || does("delay")) {
  const contenders: Record<string, () => Promise<number>> = { pair: () => rate({ program: "tandem" }) };
  if (does("delay")) contenders["far"] = () => rate({ program: "tandem", delay: DELAY });
  if (does("rate")) contenders["dhcpd"] = () => rate({ program: "dhcpd" });
  const { pair = 0, far = 0, dhcpd = 0 } = await rounds(contenders, (value) => value);
  if (does("rate")) say(`exchanges a second: Tandem pair ${pair}, dhcpd pair ${dhcpd}: ${(pair / dhcpd).toFixed(1)} times as many`);
  if (does("delay")) say(`with ${DELAY} ms of delay each way between the partners: ${far} a second: ${percent(far, pair)}`);
}
