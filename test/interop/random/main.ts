import { Lab } from "../../support/netns.ts";
import { KNOWN_SEEDS } from "../cases/known-differences.ts";
import { explain, RandomDifferential } from "./run.ts";
import { shrink } from "./shrink.ts";

/*
 * Random configurations and messages to dhcpd and the agent side by side. Needs root and dhcpd.
 *   node test/interop/random/main.ts FROM [TO] [--options] [--shrink]
 * With --options the configurations set options of all kinds in all scopes; those that neither server starts on count as alike.
 */
const numbers = process.argv.slice(2).filter((argument) => /^\d+$/.test(argument));
const [from = 1, to = from] = numbers.map(Number);
const lab = new Lab("random");
try {
  const both = new RandomDifferential(lab);
  for (let seed = from; seed <= to; seed += 1) {
    const isOptions = process.argv.includes("--options");
    const finding = await (isOptions ? both.options(seed) : both.seed(seed));
    const reason = isOptions ? undefined : KNOWN_SEEDS.get(seed);
    if (!finding) console.log(`seed ${seed}: alike`);
    else if (reason !== undefined) console.log(`seed ${seed}: differs as it should: ${reason}`);
    else console.log(explain(`seed ${seed}`, process.argv.includes("--shrink") ? await shrink(both, finding) : finding));
  }
} finally {
  await lab.close();
}
