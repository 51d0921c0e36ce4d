import { parseArgs } from "node:util";
import { drawLedger } from "./ledger/swarm.ts";
import { Prng } from "./prng.ts";
import { type Swarm, swarm } from "./swarm.ts";
import { Violation, World } from "./world.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    trace: { type: "boolean", default: false },
    from: { type: "string", default: "1" },
    count: { type: "string", default: "200" },
    hours: { type: "string" },
    operator: { type: "string" },
    ledger: { type: "string" },
    "stop-at": { type: "string", default: "20" },
  },
});

const print = (line: string): boolean => process.stdout.write(`${line}\n`);

/** What the command line changes in a seed's world. */
function changesTo(seed: number): Partial<Swarm> {
  const rash = values.operator === "rash" ? ({ operator: "rash", pair: true } as const) : {};
  if (values.ledger === undefined) return rash;
  if (values.ledger === "never") return { ...rash, ledger: undefined };
  const drawn = drawLedger(new Prng(seed, 40));
  return { ...rash, pair: true, ledger: values.ledger === "lying" ? { ...drawn, operators: "lying" } : drawn };
}

/** Runs one seed; gives what went wrong. */
async function runSeed(seed: number, trace: boolean): Promise<string | undefined> {
  const settings = swarm(seed, changesTo(seed));
  if (trace) print(JSON.stringify(settings));
  try {
    await new World(settings, trace ? print : undefined).run();
    return undefined;
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    return error.message;
  }
}

if (values.seed !== undefined) {
  const failure = await runSeed(Number(values.seed), values.trace);
  print(failure ?? `seed ${values.seed} is clean`);
  process.exitCode = failure === undefined ? 0 : 1;
} else {
  const started = Date.now();
  const until = values.hours === undefined ? undefined : started + Number(values.hours) * 3_600_000;
  const from = Number(values.from);
  const failures: string[] = [];
  let seed = from;
  for (; until === undefined ? seed < from + Number(values.count) : Date.now() < until; seed += 1) {
    const failure = await runSeed(seed, false);
    if (failure === undefined) continue;
    failures.push(failure);
    print(failure);
    if (failures.length >= Number(values["stop-at"])) break;
  }
  print(`${seed - from} seeds from ${from} in ${Math.round((Date.now() - started) / 1000)} s: ${failures.length} failed`);
  process.exitCode = failures.length === 0 ? 0 : 1;
}
