import { Lab } from "../../support/netns.ts";
import { explain, RandomDifferential } from "./run.ts";
import { shrink } from "./shrink.ts";

/*
 * Random configurations and messages to dhcpd and the agent side by side. Needs root and dhcpd.
 *   node test/interop/random/main.ts FROM [TO] [--shrink]
 */
const numbers = process.argv.slice(2).filter((argument) => /^\d+$/.test(argument));
const [from = 1, to = from] = numbers.map(Number);
const lab = new Lab("random");
try {
  const both = new RandomDifferential(lab);
  for (let seed = from; seed <= to; seed += 1) {
    const finding = await both.seed(seed);
    if (!finding) console.log(`seed ${seed}: alike`);
    else console.log(explain(`seed ${seed}`, process.argv.includes("--shrink") ? await shrink(both, finding) : finding));
  }
} finally {
  await lab.close();
}
