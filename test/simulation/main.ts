import { commandLine, refuse } from "../support/command-line.ts";
import { AIMS, type Aim, week } from "./draw.ts";
import { explore } from "./exhaustive/report.ts";
import { ROOTS } from "./exhaustive/roots.ts";
import { complaintOf, settingsOf, type Wishes } from "./run.ts";

const HELP = `npm run sim -- [options]       two servers' own code, clients, ledger and operator in virtual time; each seed is a world of its own

  --seed N                this world; --trace prints what happens in it
  --seeds A..B            these worlds, one line a chunk; or --from N (default 1) and --count N (default 1000)
  --hours H               as many worlds as H hours hold, from --from on
  --chunk N               how many worlds a line stands for (default 1000)
  --stop-at N             ends when so many have failed (default 20)
  --aim AIM               every world is aimed: ${AIMS.join(" ")}
  --operator rash         one who declares living partners down
  --ledger HOW            always: every pair has one; lying: and its operators lie; restored: and it is restored from copies; never
  --frozen                virtual machines are stopped with all their clocks, which is outside what docs/safety.md assumes
  --week                  how long a week of a pair with fifty clients takes

  --exhaustive            every sequence of moves in the smallest worlds, instead of chance
  --depth N               how many moves (default 5)
  --addresses N           how many addresses (default 2)
  --root TEXT             only from situations whose name has this in it: ${Object.keys(ROOTS).join("; ")}
  --heal N                one world in N is healed and must come right (default 50)
  --most N                stops each search after so many transitions
`;
const NAME = "npm run sim";

const { values } = commandLine({
  name: NAME,
  help: HELP,
  numbers: ["seed", "from", "count", "chunk", "hours", "depth", "addresses", "heal", "most", "stop-at"],
  options: {
    seed: { type: "string" },
    trace: { type: "boolean", default: false },
    seeds: { type: "string" },
    from: { type: "string", default: "1" },
    count: { type: "string", default: "1000" },
    chunk: { type: "string", default: "1000" },
    hours: { type: "string" },
    aim: { type: "string" },
    operator: { type: "string" },
    ledger: { type: "string" },
    frozen: { type: "boolean", default: false },
    week: { type: "boolean", default: false },
    exhaustive: { type: "boolean", default: false },
    depth: { type: "string", default: "5" },
    addresses: { type: "string", default: "2" },
    root: { type: "string", default: "" },
    heal: { type: "string", default: "50" },
    most: { type: "string" },
    "stop-at": { type: "string", default: "20" },
  },
});

const print = (line: string): boolean => process.stdout.write(`${line}\n`);
const wishes: Wishes = {
  aim: AIMS.find((aim): aim is Aim => aim === values.aim),
  operator: values.operator,
  ledger: values.ledger,
  frozen: values.frozen,
};
if (values.aim !== undefined && wishes.aim === undefined) refuse(NAME, `--aim is one of ${AIMS.join(", ")}`);
if (values.operator !== undefined && values.operator !== "rash") refuse(NAME, "--operator knows only rash");
if (values.ledger !== undefined && !["always", "lying", "restored", "never"].includes(values.ledger))
  refuse(NAME, "--ledger is always, lying, restored or never");
if (values.seeds !== undefined && !/^\d+\.\.\d+$/.test(values.seeds)) refuse(NAME, "--seeds is FIRST..LAST");
if (!Object.keys(ROOTS).some((name) => name.includes(values.root))) refuse(NAME, `--root knows ${Object.keys(ROOTS).join("; ")}`);
const cpuSeconds = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

/** One seed, with its trace if that is wanted. */
async function one(seed: number): Promise<boolean> {
  const settings = settingsOf(seed, wishes);
  if (values.trace) print(JSON.stringify(settings));
  const failure = await complaintOf(settings, values.trace ? print : undefined);
  print(failure ?? `seed ${seed} is clean`);
  return failure === undefined;
}

/** Seeds in a row, a line for each chunk; ends early when enough have failed. */
async function many(): Promise<boolean> {
  const [first, last] = values.seeds?.split("..").map(Number) ?? [];
  const from = first ?? Number(values.from);
  const end = values.hours !== undefined ? Number.POSITIVE_INFINITY : last === undefined ? from + Number(values.count) : last + 1;
  const until = values.hours === undefined ? Number.POSITIVE_INFINITY : Date.now() + Number(values.hours) * 3_600_000;
  const failures: number[] = [];
  const chunk = Number(values.chunk);
  let chunkFrom = from;
  let cpu = cpuSeconds();
  const report = (to: number): void => {
    const failed = failures.filter((seed) => seed >= chunkFrom).length;
    print(
      `seeds ${chunkFrom}..${to}: ${to - chunkFrom + 1 - failed} clean, ${failed} failed, ${Math.round(cpuSeconds() - cpu)} s of one core`,
    );
    chunkFrom = to + 1;
    cpu = cpuSeconds();
  };
  let seed = from;
  for (; seed < end && Date.now() < until && failures.length < Number(values["stop-at"]); seed += 1) {
    const failure = await complaintOf(settingsOf(seed, wishes));
    if (failure !== undefined) {
      failures.push(seed);
      print(failure);
    }
    if (seed + 1 - chunkFrom >= chunk) report(seed);
  }
  if (seed > chunkFrom) report(seed - 1);
  print(`seeds ${from}..${seed - 1}: ${failures.length === 0 ? "all clean" : `failed: ${failures.join(" ")}`}`);
  return failures.length === 0;
}

/** How much virtual time a second of one core carries. */
async function throughput(): Promise<boolean> {
  const settings = week(Number(values.from));
  const before = cpuSeconds();
  const failure = await complaintOf(settings);
  const spent = cpuSeconds() - before;
  if (failure !== undefined) print(failure);
  const days = settings.faultSeconds / 86_400;
  print(
    `${days} days of a pair with ${settings.clients} clients: ${spent.toFixed(1)} s of one core; a week in ${((spent * 7) / days).toFixed(1)} s`,
  );
  return failure === undefined;
}

/** Every sequence of moves up to a depth, in the smallest worlds. */
function exhaustively(): boolean {
  const [depth, addresses] = [Number(values.depth), Number(values.addresses)];
  return explore({ depth, addresses, root: values.root, healEvery: Number(values.heal), most: Number(values.most ?? Infinity) }, print);
}

async function chosen(): Promise<boolean> {
  if (values.exhaustive) return exhaustively();
  if (values.week) return throughput();
  return values.seed === undefined ? many() : one(Number(values.seed));
}

const isClean = await chosen();
process.exitCode = isClean ? 0 : 1;
