import type { Checker } from "./checker.ts";
import { siteOf } from "./checker.ts";

/** Two calls to the control plane at 10 s each, what was before them in the queue, and a pause in between. */
const PATIENCE_MILLIS = 120_000;

/** Whoever waits for the ledger's word gets an answer or is forgotten: operators at a console, clients whose address is asked for. */
export function waitsEnd(): Checker {
  const asked = new Map<string, number>();
  return {
    name: "every wait ends",
    atRest(scene, machine) {
      const { ledger, now } = scene;
      const site = siteOf(machine);
      if (ledger === undefined || site === undefined || machine.diskFull) return undefined;
      const recent = (since: number): boolean => now - Math.max(since, machine.resumedAt, machine.diskFreeAt) < PATIENCE_MILLIS;
      for (const [id, { since, process }] of ledger.operator.waiting) {
        if (process !== machine.process) continue;
        if (!recent(since)) return `an operator waits at ${machine.name} since ${Math.round((now - since) / 1000)} s for request ${id}`;
      }
      for (const [address, { state, client }] of site.claims) {
        // a try that fails is bad luck, and another wait
        const key = `${machine.name} ${machine.starts} ${address} ${client} ${site.core.failures.data}`;
        if (state !== "asked") asked.delete(key);
        // nobody can answer while the ledger is out of reach: it is asked again when that is over
        else if (!asked.has(key) || !site.core.reachable) asked.set(key, now);
        else if (!recent(asked.get(key) ?? now) && site.core.standing.mode === "SOLE")
          return `${client} waits at ${machine.name} for the ledger's word on ${address}`;
      }
      for (const key of asked.keys()) {
        const [name, , address, , failures] = key.split(" ");
        const isOver = !site.claims.has(Number(address) as never) || Number(failures) !== site.core.failures.data;
        if (name === machine.name && isOver) asked.delete(key);
      }
      return undefined;
    },
  };
}
