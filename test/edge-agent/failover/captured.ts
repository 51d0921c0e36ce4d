import { readFileSync } from "node:fs";
import { join } from "node:path";

/** One happening on the failover link of two real dhcpd: P is the primary, S the secondary. */
export interface Captured {
  readonly at: number;
  readonly sender: "P" | "S";
  readonly connection: string;
  readonly what: "open" | "close" | Uint8Array;
}

/** A capture of test/fixtures/failover, in order. */
export function captured(name: string): readonly Captured[] {
  const text = readFileSync(join(import.meta.dirname, "../../fixtures/failover", `${name}.hex`), "utf8");
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

export const CAPTURES = [
  "01-first-start",
  "03-new-clients-and-renewals",
  "04-release",
  "05-expiry",
  "09-peer-killed-and-back",
  "11b-partner-down-recover-wait",
  "12-lease-file-lost-secondary",
  "16-conflict-both-partner-down",
  "22-dueling-updates",
] as const;
