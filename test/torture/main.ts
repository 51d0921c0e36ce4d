import { commandLine, refuse } from "../support/command-line.ts";
import { judgeAll, relevantLines, type Violation } from "./checkers/all.ts";
import { describe, type Entry, readHistory } from "./history.ts";
import { FAULT_KINDS, type FaultKind, type Plan, planOf } from "./plan.ts";
import { torture } from "./run.ts";
import { FAKE_TIME } from "./site.ts";

const HELP = `npm run torture -- [options]      two real servers, real networks, real clients, and everything that can go wrong (as root)

  --minutes N             how long faults last (default 3)
  --seed S                which faults, and what kind of site (default: by the clock)
  --runs N                so many runs, of successive seeds
  --partner PROGRAM       tandem (default), isc-primary, isc-secondary, or isc: the seed decides which
  --ledger                with the control plane on a desk
  --rash                  an operator who declares living partners down: that all heals is demanded then, not that no address is given twice
  --only KIND,KIND        these faults only: ${FAULT_KINDS.join(" ")}
  --scripted              scripted clients only, without dhclient and udhcpc
  --history FILE          where to write what happens (default /tmp/torture-SEED.ndjson)
  --check FILE            checks a history again
  --show FILE             prints a history
`;

const NAME = "npm run torture";

async function main(): Promise<number> {
  const { values } = commandLine({
    name: NAME,
    help: HELP,
    numbers: ["minutes", "seed", "runs"],
    options: {
      minutes: { type: "string", default: "3" },
      seed: { type: "string", default: String(Math.floor(Date.now() / 1000) % 1_000_000) },
      runs: { type: "string", default: "1" },
      partner: { type: "string", default: "tandem" },
      ledger: { type: "boolean", default: false },
      rash: { type: "boolean", default: false },
      only: { type: "string" },
      scripted: { type: "boolean", default: false },
      history: { type: "string" },
      check: { type: "string" },
      show: { type: "string" },
    },
  });
  if (values.show !== undefined) return say(readHistory(values.show).map(describe).join("\n"));
  if (values.check !== undefined) return report(values.check, readHistory(values.check), judgeAll(readHistory(values.check)));
  if (process.getuid?.() !== 0) refuse(NAME, "namespaces and mounts need root");
  if (!["tandem", "isc", "isc-primary", "isc-secondary"].includes(values.partner)) refuse(NAME, `--partner ${values.partner}?`);
  const only = values.only?.split(",") as FaultKind[] | undefined;
  for (const kind of only ?? []) if (!FAULT_KINDS.includes(kind)) refuse(NAME, `--only ${kind}?`);
  for (let run = 0; run < Number(values.runs); run += 1) {
    const plan = planOf({
      seed: Number(values.seed) + run,
      minutes: Number(values.minutes),
      partner: values.partner as "tandem",
      ledger: values.ledger,
      rash: values.rash,
      clocks: FAKE_TIME !== undefined,
      realClients: !values.scripted,
      ...(only === undefined ? {} : { only }),
    });
    const file = values.history ?? `/tmp/torture-${plan.seed}.ndjson`;
    say(introduction(plan));
    const { entries, violations } = await torture(plan, file);
    if (report(file, entries, violations) !== 0) return 1;
  }
  return 0;
}

function introduction(plan: Plan): string {
  const { primary, secondary } = plan.programs;
  const faults = FAULT_KINDS.filter((kind) => plan.faults[kind] > 0);
  const site = `${primary} and ${secondary}${plan.ledger ? " with the ledger" : ""}, ${plan.clients} clients, ${plan.poolSize} addresses`;
  const times = `leases of ${plan.leaseSeconds} s, MCLT ${plan.mclt} s`;
  return `seed ${plan.seed}, ${plan.minutes} min: ${site}, ${times}\n  faults: ${faults.join(" ")}`;
}

/** Prints what came of it; gives the exit status. */
function report(file: string, entries: readonly Entry[], violations: readonly Violation[]): number {
  const count = (test: (entry: Entry) => boolean): number => entries.filter(test).length;
  const faults = count(({ kind }) => kind === "fault");
  const leases = count(({ kind }) => kind === "bound");
  const starts = count(({ kind }) => kind === "started");
  const minutes = ((entries.at(-1)?.at ?? 0) / 60_000).toFixed(1);
  say(
    `  ${minutes} min: ${leases} leases granted or extended, ${faults} faults and orders, ${starts} starts of a server; history in ${file}`,
  );
  for (const entry of entries) if (entry.kind === "demand") say(describe(entry));
  const [first] = violations;
  if (first === undefined) return say("  clean");
  const [run] = entries;
  const seed = run?.kind === "run" ? run.plan.seed : "?";
  for (const { checker, complaint, at } of violations.slice(0, 5))
    say(`  VIOLATION, seed ${seed}, ${(at / 1000).toFixed(3)} s: ${checker}: ${complaint}`);
  for (const line of relevantLines(entries, first)) say(line);
  return 1;
}

function say(text: string): number {
  process.stdout.write(`${text}\n`);
  return 0;
}

// What was begun and does not end by itself ends here
process.exit(await main());
