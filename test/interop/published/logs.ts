import { sleep } from "../../support/netns.ts";
import type { Difference } from "../../support/reply-difference.ts";
import type { World } from "../cases/two-worlds.ts";

const LOG_MS = 1500;

/** What a server has logged of its traffic, one text a line: times apart, and without what its surroundings say. */
function traffic(world: World): string[] {
  const text = world.server.log();
  const served = text
    .slice(text.search(/^Server starting service\./m))
    .split("\n")
    .slice(1);
  return served
    .map((line) =>
      line
        .replaceAll(/lease age \d+ \(secs\)/g, "lease age N (secs)")
        .replaceAll(/\(\d+ seconds?\)/g, "(N seconds)")
        .trimEnd(),
    )
    .filter((line) => line !== "" && !OTHER.test(line));
}

/** Lines of the server's own life: its files, its sockets, its partner, its name server. */
const OTHER =
  /^(Wrote|Unable to|DDNS|failover|peer|parent|No hosts file|Can't|Timeout|send_packet|icmp|{|execute: \S+ exit|execute: bad arg|execute_statement|Commit)/i;

/** Log lines that one server has and the other has not. */
export async function logDifferences(worlds: readonly [World, World]): Promise<Difference[]> {
  const end = performance.now() + LOG_MS;
  for (;;) {
    const [theirs, mine] = worlds.map(traffic) as [string[], string[]];
    const at = theirs.findIndex((line, index) => line !== mine[index]);
    if (at < 0 && theirs.length === mine.length) return [];
    if (performance.now() > end) {
      const from = at < 0 ? theirs.length : at;
      return [{ field: `log line ${from + 1}`, reference: around(theirs, from), ours: around(mine, from) }];
    }
    await sleep(50);
  }
}

const around = (lines: readonly string[], at: number): string => lines.slice(at, at + 3).join("\n      ");
