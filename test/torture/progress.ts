import { fieldDifferences } from "../support/lease-fields.ts";
import { sleep } from "../support/netns.ts";
import { slackOf } from "./checkers/checker.ts";
import { differences } from "./checkers/databases-equal.ts";
import type { ScriptedClients } from "./clients.ts";
import { longestMclt, type Plan } from "./plan.ts";
import type { RealClients } from "./real-clients.ts";
import type { TortureServer } from "./servers.ts";
import type { TortureSite } from "./site.ts";
import { ledgerSnapshot } from "./snapshot.ts";

/** Longest time for a new process to see that its partner is away, and for a packet's worth of other waits. */
const STARTUP_SECONDS = 25;

const SAME = ["starts", "ends", "atsfp", "binding state", "hardware", "uid"] as const;

/** After the faults: demands that all comes right, and puts what is then stored into the history. */
export async function demandProgress(site: TortureSite, plan: Plan, scripted: ScriptedClients, real: RealClients): Promise<void> {
  const { servers } = site;
  const recovery = STARTUP_SECONDS + plan.maxResponseDelay + 3 * longestMclt(plan) + plan.leaseSeconds;
  const service = plan.ledger ? 60 : 0;
  await demand(site, "both servers are normal", recovery + service, () =>
    servers
      .filter(({ running, state }) => !running || state !== "normal")
      .map(({ role, state, running }) => `${role} ${running ? `is in ${state}` : "does not run"}`)
      .join(", "),
  );
  await demand(site, "every client has an address", 60 + longestMclt(plan) + 2 * plan.leaseSeconds + service, () =>
    [...scripted.idle.map(({ name }) => name), ...real.idle].join(", "),
  );
  scripted.silence();
  await real.close();
  await demand(site, "the partners have told each other everything", 30 + plan.maxResponseDelay, () => owed(site));
  const settle = 30 + plan.maxResponseDelay;
  const [primary, secondary] = servers as [TortureServer, TortureServer];
  await demand(site, "both databases are equal", settle, async () =>
    differences(await site.database(primary), await site.database(secondary), slackOf(plan) / 1000 + 1).join(", "),
  );
  // wall clocks that were wrong are in the dates
  if (plan.faults.clockFar + plan.faults.clockStep === 0 && plan.skew.primary === plan.skew.secondary && !plan.rash)
    await demand(site, "both lease files say the same of every lease, field by field", settle, () =>
      fieldDifferences(site.pair.servers, SAME).found.join(", "),
    );
  for (const server of servers) {
    site.history.add({ kind: "database", who: server.role, leases: await site.database(server) });
    // A record of a time when the clock was wrong has the ends of that clock
    if (server.program === "dhcpd" || plan.faults.clockFar > 0 || plan.faults.clockStep > 0) continue;
    await demand(site, `the lease file of the ${server.role} says what its store says`, settle, async () =>
      differences(await site.database(server), server.leases(), 1).join(", "),
    );
  }
  if (site.ledger === undefined) return;
  await demand(site, "the ledger has everything", 60, () => backlog(site));
  site.history.add(await ledgerSnapshot(site.ledger));
}

async function owed(site: TortureSite): Promise<string> {
  const found: string[] = [];
  for (const server of site.servers) {
    if (server.program !== "tandem") continue;
    const [relationship] = (await site.status(server))?.relationships ?? [];
    if (relationship === undefined) found.push(`${server.role} does not answer`);
    else if (relationship.owed + relationship.unacked > 0)
      found.push(`${server.role} owes ${relationship.owed} and waits for ${relationship.unacked}`);
  }
  return found.join(", ");
}

async function backlog(site: TortureSite): Promise<string> {
  const found: string[] = [];
  for (const server of site.servers) {
    const status = await site.status(server);
    if (status?.ledger.backlog !== 0) found.push(`${server.role} has ${status?.ledger.backlog} events to hand in (${status?.ledger.mode})`);
  }
  return found.join(", ");
}

/** Waits until `missing` gives nothing; what it gives after `seconds` goes into the history as a demand that was not met. */
async function demand(site: TortureSite, what: string, seconds: number, missing: () => string | Promise<string>): Promise<void> {
  const begun = performance.now();
  const elapsed = () => (performance.now() - begun) / 1000;
  for (;;) {
    const detail = await missing();
    if (detail === "" || elapsed() > seconds) {
      site.history.add({ kind: "demand", what, met: detail === "", seconds: Math.round(elapsed()), detail: detail.slice(0, 2000) });
      return;
    }
    await sleep(1000);
  }
}
