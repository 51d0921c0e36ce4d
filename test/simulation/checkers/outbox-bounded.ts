import { decodeEvent } from "../../../edge-agent/ledger/binding-event.ts";
import { queuedIn } from "../../../edge-agent/ledger/outbox.ts";
import { MAX_BATCH } from "../../../edge-agent/ledger/site-state.ts";
import { PEER_NAME } from "../config-text.ts";
import { type Checker, siteOf } from "./checker.ts";

/** However long the ledger is away, what waits for it grows by changes of hands only: renewals of one lease become one entry. */
export function outboxBounded(): Checker {
  /** By start of a process: what waited then, as far as it knew. How much of it is in the ledger already it hears later. */
  const inherited = new Map<string, number>();
  const acknowledged = new Map<string, number>();
  return {
    name: "the outbox grows by changes of hands only",
    atRest(scene, machine) {
      const site = siteOf(machine);
      const ledger = scene.ledger;
      if (site === undefined || ledger === undefined) return undefined;
      const { outbox, core } = site;
      if (core.claims.length > 1000) return `${machine.name} asks for ${core.claims.length} addresses at once`;
      if (outbox.ack > outbox.lastSeq || outbox.trimmed > outbox.ack) return `${machine.name} has trimmed what is not in the ledger`;
      const start = `${machine.name} ${machine.starts}`;
      // a ledger that was restored is sent again what it had: single renewals that it had got one by one
      const isSetBack = outbox.ack < (acknowledged.get(start) ?? 0);
      acknowledged.set(start, outbox.ack);
      if (!inherited.has(start) || isSetBack) inherited.set(start, queuedIn(outbox));
      const settled = ledger.swarm.mergeBacklog + 2 * MAX_BATCH + (inherited.get(start) ?? 0);
      if (queuedIn(outbox) <= settled) return undefined;
      // after the first of them every renewal finds the one before it, unless a restart has forgotten where that is
      const entries = machine.process?.store.outbox(outbox.ack + settled, Number.MAX_SAFE_INTEGER, PEER_NAME) ?? [];
      const renewals = entries.filter(({ value }) => decodeEvent(value)?.renewal === true).length;
      const changes = entries.length - renewals;
      const allowed = (changes + 2 * Math.min(150, scene.swarm.poolSize)) * (1 + machine.starts);
      return renewals <= allowed ? undefined : `${machine.name} keeps ${renewals} renewals beside ${changes} other changes`;
    },
  };
}
