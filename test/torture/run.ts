import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { wireFaults } from "../support/failover-verdict.ts";
import { sleep } from "../support/netns.ts";
import type { ClientTool } from "../support/real-clients.ts";
import { allCheckers, judge, type Violation } from "./checkers/all.ts";
import { ScriptedClients } from "./clients.ts";
import { type Entry, History } from "./history.ts";
import { Nemesis } from "./nemesis.ts";
import { Operator } from "./operator.ts";
import type { Plan } from "./plan.ts";
import { demandProgress } from "./progress.ts";
import { RealClients } from "./real-clients.ts";
import { TortureSite } from "./site.ts";

const TOOLS: readonly ClientTool[] = ["dhclient", "udhcpc"];
const SETTLE_SECONDS = 40;
/** The run goes on so long after a violation, so that its history shows what came of it. */
const AFTERMATH_MILLIS = 5000;

export interface Outcome {
  readonly violations: readonly Violation[];
  readonly entries: readonly Entry[];
}

/** One run: the pair comes up, faults for so many minutes, then none, and all must come right. After a violation what the servers said is kept beside the history. */
export async function torture(plan: Plan, historyFile: string): Promise<Outcome> {
  const checkers = allCheckers();
  const violations: Violation[] = [];
  const history = new History(historyFile, (entry) => violations.push(...judge(checkers, entry)));
  history.add({ kind: "run", plan, begun: history.begun });
  const site = await TortureSite.make(plan, history);
  const scripted = new ScriptedClients(site.pair, site.servers, plan, history);
  const real = new RealClients(site.pair, plan.realClients ? TOOLS : [], history);
  try {
    await Promise.all(site.servers.map((server) => server.start()));
    await normal(site);
    scripted.begin();
    real.begin();
    const operator = new Operator(site, plan);
    const nemesis = new Nemesis(site, plan, operator);
    nemesis.begin();
    const end = history.now + plan.minutes * 60_000;
    while (history.now < end && violations.length === 0) await sleep(250);
    if (violations.length > 0) {
      await sleep(AFTERMATH_MILLIS);
    } else {
      await nemesis.heal();
      scripted.settle();
      history.add({ kind: "healed" });
      await demandProgress(site, plan, scripted, real);
      const { faults, said } = await wireFaults(site.pair);
      history.add({ kind: "wire", faults, messages: said });
    }
    history.add({ kind: "done" });
  } finally {
    scripted.silence();
    await real.close();
    if (violations.length > 0) copyFileSync(join(site.pair.lab.directory, "failover.pcap"), `${historyFile}.pcap`);
    await site.close();
    history.close();
  }
  return { violations, entries: history.entries };
}

async function normal(site: TortureSite): Promise<void> {
  for (let second = 0; second < SETTLE_SECONDS; second += 1) {
    if (site.servers.every(({ state }) => state === "normal")) return;
    await sleep(1000);
  }
  throw new Error(`the pair does not come up: ${site.servers.map(({ role, state }) => `${role} is in ${state}`).join(", ")}`);
}
