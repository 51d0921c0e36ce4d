import { CtlItem, SrvItem } from "../../../cloud/contract/items.ts";
import { partnerDownWrites, registerWrites, type SiteSnapshot } from "../../../cloud/contract/switch-expressions.ts";
import { ctlKey, type ServerName, srvKey } from "../../../cloud/contract/tables.ts";
import { embeddedLedger, type Fault } from "../../../cloud/embedded/ledger.ts";
import { createEmbeddedTable } from "../../../cloud/embedded/table.ts";
import type { BindingEvent } from "../../../edge-agent/ledger/binding-event.ts";
import type { OutboxEntry } from "../../../edge-agent/ledger/calls.ts";
import { serviceAt } from "../../../edge-agent/ledger/serving-lease.ts";
import { onLedgerAnswer } from "../../../edge-agent/ledger/site.ts";
import { nextCallAt, startCalls } from "../../../edge-agent/ledger/site-calls.ts";
import { type KnownStanding, newSite, type SiteState } from "../../../edge-agent/ledger/site-state.ts";
import type { SiteHappening } from "../../../edge-agent/ledger/site-step.ts";
import { ledgerClient } from "../../../edge-agent/rim/ledger-client.ts";
import { ipv4 } from "../../../edge-agent/values/ipv4.ts";
import { type MonotonicMillis, monotonicMillis } from "../../../edge-agent/values/time.ts";

export const SITE = "TEST-1";
export const AUTONOMY = 60_000;
export const WALL = 1_800_000_000_000;

/** The clock of all servers, what befalls the ledger's answers, and the ledger. */
export const rig: { now: MonotonicMillis; fault: Fault; ledger: ReturnType<typeof embeddedLedger> } = {
  now: monotonicMillis(0),
  fault: "none",
  ledger: embeddedLedger(createEmbeddedTable()),
};

/** A registered site in a new ledger; for `beforeEach`. */
export async function freshSite(): Promise<void> {
  rig.now = monotonicMillis(1000);
  rig.fault = "none";
  rig.ledger = embeddedLedger(createEmbeddedTable(), { fault: () => rig.fault });
  const cfg = {
    mcltMs: 60_000,
    maxLeaseMs: 3_600_000,
    autonomyMs: AUTONOMY,
    names: { A: "a", B: "b" },
    pools: [],
    serials: { A: [], B: [] },
    foreign: "none" as const,
  };
  const outcome = await rig.ledger.transact(registerWrites(SITE, cfg, { id: "r", at: 1, by: "test", note: "" }));
  if (outcome.kind !== "done") throw new Error(outcome.kind);
}

/** One server of the site with a virtual clock: runs its calls until nothing is due before `until`. */
export class Agent {
  state: SiteState;
  interrupted = false;
  outbox: OutboxEntry[] = [];
  readonly happenings: SiteHappening[] = [];
  readonly call;

  /** Calls other than these get no answer. */
  only: "boot" | "mirror" | undefined;

  constructor(server: ServerName, boot = `boot-${server}`, known?: KnownStanding) {
    const config = {
      site: SITE,
      server,
      leaseMillis: AUTONOMY,
      mcltMillis: 60_000,
      coldStart: "run-down" as const,
      writeBudget: 0,
      partnerIsForeign: false,
    };
    this.state = newSite(config, boot, known, rig.now);
    this.call = ledgerClient(rig.ledger, {
      site: SITE,
      server,
      keepMillis: 0,
      version: "test",
      wallMillis: () => WALL + rig.now,
      monotonic: () => rig.now,
      askControlPlane: undefined,
    });
  }

  get service() {
    return serviceAt(this.state.lease, rig.now, "run-down");
  }

  async turn() {
    const around = {
      failoverState: "NORMAL",
      interrupted: this.interrupted,
      outbox: { head: this.outbox.slice(0, 49), queued: this.outbox.length },
    };
    const started = startCalls(this.state, rig.now, around);
    this.state = started.state;
    const calls = [...started.calls];
    for (let call = calls.shift(); call !== undefined; call = calls.shift()) {
      const { only } = this;
      const isCut = only !== undefined && call.op !== only && call.op !== "read-self";
      if (isCut) rig.fault = "lost-request";
      const answer = await this.call(call);
      if (isCut) rig.fault = "none";
      const step = onLedgerAnswer(this.state, answer, around, () => 0);
      this.state = step.state;
      calls.push(...step.calls);
      this.happenings.push(...step.happenings);
      for (const happening of step.happenings) {
        if (happening.kind === "mirrored") this.outbox = this.outbox.filter(({ seq }) => seq > happening.upTo);
      }
    }
  }
}

export async function run(agents: readonly Agent[], millis: number) {
  const end = rig.now + millis;
  for (;;) {
    for (const agent of agents) await agent.turn();
    const due = agents.map((agent) => nextCallAt(agent.state, { interrupted: agent.interrupted, queued: agent.outbox.length }) ?? end);
    const next = Math.max(rig.now + 1, Math.min(...due));
    if (next > end) break;
    rig.now = monotonicMillis(next);
  }
  rig.now = monotonicMillis(end);
}

export async function snapshot(): Promise<SiteSnapshot> {
  const [ctl, A, B] = await Promise.all([
    rig.ledger.get(ctlKey(SITE)),
    rig.ledger.get(srvKey(SITE, "A")),
    rig.ledger.get(srvKey(SITE, "B")),
  ]);
  return { ctl: CtlItem.parse(ctl), servers: { A: SrvItem.parse(A), B: SrvItem.parse(B) } };
}
export const grant = async (sole: ServerName) =>
  (await rig.ledger.transact(partnerDownWrites(await snapshot(), sole, "lapsed", { id: `g${rig.now}`, at: WALL, by: "test", note: "" })))
    .kind;

export const event = (address: number, client: string, more: Partial<BindingEvent> = {}): BindingEvent => ({
  address: ipv4(address),
  status: "ACTIVE",
  client,
  ts: WALL + rig.now,
  expires: WALL + rig.now + 600_000,
  potential: WALL + rig.now + 900_000,
  epoch: 1,
  hostname: undefined,
  fromPartner: false,
  renewal: false,
  renewals: 1,
  lastTs: WALL + rig.now,
  ...more,
});
