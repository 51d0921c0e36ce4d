import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { Lab } from "../../support/netns.ts";
import { explain } from "../random/run.ts";
import { shrink } from "../random/shrink.ts";
import { PublishedDifferential, withoutFailover } from "./run.ts";

/*
 * Configurations as people wrote them, and clients that fit them, to dhcpd and the agent side by side. Needs root and dhcpd.
 *   node test/interop/published/main.ts FILE-OR-DIRECTORY… [--seeds FROM-TO] [--messages N] [--shrink]
 */
const value = (name: string, otherwise: string): string => {
  const at = process.argv.indexOf(name);
  return at < 0 ? otherwise : (process.argv[at + 1] ?? otherwise);
};
const [from = 1, to = from] = value("--seeds", "1").split("-").map(Number);
const messages = Number(value("--messages", "40"));
const paths = process.argv
  .slice(2)
  .filter((one, at, all) => !one.startsWith("--") && !["--seeds", "--messages"].includes(all[at - 1] ?? ""));
const files = paths.flatMap((path) =>
  statSync(path).isDirectory()
    ? readdirSync(path)
        .filter((name) => /\.conf$/.test(name))
        .sort()
        .map((name) => join(path, name))
    : [path],
);

const lab = new Lab("published");
const both = new PublishedDifferential(lab);
try {
  for (const file of files) {
    const text = readFileSync(file, "utf8");
    const texts = /^[^#\n]*failover\s+peer/m.test(text) ? [text, withoutFailover(text)] : [text];
    for (const [at, one] of texts.entries())
      for (let seed = from; seed <= to; seed += 1) {
        const title = `${file}${at === 1 ? " without failover" : ""} seed ${seed}`;
        const outcome = await both.draw(one, seed, messages);
        if (outcome.kind === "alike") console.log(`${title}: alike, ${outcome.replies} replies to ${outcome.messages} messages`);
        else if (outcome.kind === "passed over") console.log(`${title}: passed over, ${outcome.why.slice(-600)}`);
        else console.log(explain(title, process.argv.includes("--shrink") ? await shrink(both, outcome.finding) : outcome.finding));
        if (outcome.kind === "passed over") break;
      }
  }
} finally {
  await lab.close();
  both.close();
}
