import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const DIRECTORY = join(import.meta.dirname, "../../fixtures/failover");

/** One happening on the failover link of two real dhcpd: P is the primary, S the secondary. */
export interface Captured {
  readonly at: number;
  readonly sender: "P" | "S";
  readonly connection: string;
  readonly what: "open" | "close" | Uint8Array;
}

/** A capture of test/fixtures/failover, in order. */
export function captured(name: string): readonly Captured[] {
  const text = readFileSync(join(DIRECTORY, `${name}.hex`), "utf8");
  return text
    .trimEnd()
    .split("\n")
    .map((line) => {
      const [at = "0", sender = "P", connection = "", what = ""] = line.split(" ");
      return {
        at: Number(at),
        sender: sender === "S" ? "S" : "P",
        connection,
        what: what === "open" || what === "close" ? what : Uint8Array.from(Buffer.from(what, "hex")),
      };
    });
}

/** Everything that was recorded between two dhcpd, by file name. In "25-connect-rejects" one of them is a script that errs on purpose. */
export const CAPTURES: readonly string[] = readdirSync(DIRECTORY)
  .filter((name) => name.endsWith(".hex"))
  .map((name) => name.slice(0, -".hex".length))
  .sort();
export const REFUSALS = ["23-name-mismatch", "25-connect-rejects"];
