import { claimSeq } from "../../cloud/contract/agent-calls.ts";
import { type Fact, ordOf, type Pulse, type Sender } from "../../cloud/contract/agent-expressions.ts";
import type { Write } from "../../cloud/contract/expression.ts";
import { CtlItem, type SiteConfig, type Srv, SrvItem } from "../../cloud/contract/items.ts";
import type { Ledger, WriteOutcome } from "../../cloud/contract/ledger.ts";
import { type Act, registerWrites, type SiteSnapshot } from "../../cloud/contract/switch-expressions.ts";
import { ctlKey, type ServerName, srvKey } from "../../cloud/contract/tables.ts";

/** A moment to count from: 2026-01-15T10:00:00Z. */
export const T0 = 1_768_471_200_000;
export const SITE = "LISBON-1";
export const CONFIG: SiteConfig = {
  mcltMs: 600_000,
  maxLeaseMs: 28_800_000,
  autonomyMs: 60_000,
  names: { A: "lis-a", B: "lis-b" },
  pools: [{ name: "office", from: "10.1.0.10", to: "10.1.0.209" }],
  serials: { A: ["0a"], B: ["0b"] },
  foreign: "none",
};
let acts = 0;
/** An act of the operator `ana`. */
export const act = (over: Partial<Act> = {}): Act => ({ id: `e${acts++}`, at: T0, by: "ana", note: "test", ...over });
/** The belief of a server that is in step with its item. */
export const senderOf = (server: Srv): Sender => ({
  site: server.site,
  server: server.srv,
  epoch: server.ep,
  mode: server.mode,
  boot: server.boot,
  at: T0,
  keepMs: 34_000_000_000,
});
export const pulse = (over: Partial<Pulse> = {}): Pulse => ({
  beat: 1,
  leaseMs: 60_000,
  partnerHb: -1,
  partnerStillMs: 0,
  peerLeaseAgoMs: 0,
  failoverState: "NORMAL",
  queued: 0,
  oldestQueuedAt: 0,
  clockSteps: [],
  version: "test",
  ...over,
});
/** An ACTIVE lease of `client` on `address`, one hour from `ts`. */
export function fact(seq: number, client: string, over: Partial<Fact> & { server?: ServerName } = {}): Fact {
  const { server = "A", ...rest } = over;
  const ts = rest.ts ?? T0 + seq * 1000;
  const epoch = rest.epoch ?? 1;
  return {
    seq,
    address: "0a01000a",
    status: "ACTIVE",
    client,
    ts,
    expires: ts + 3_600_000,
    potential: ts + 5_400_000,
    ord: ordOf(epoch, ts, 0, server),
    epoch,
    ...rest,
  };
}
export const claimOf = (n: number, client: string, over: Parameters<typeof fact>[2] = {}): Fact =>
  fact(claimSeq(n), client, { ts: T0 + n, ...over });

/** Registers `site`; throws if it cannot be. */
export async function register(ledger: Ledger, site = SITE, config = CONFIG): Promise<void> {
  must(await ledger.transact(registerWrites(site, config, act())));
}
export async function serverOf(ledger: Ledger, server: ServerName, site = SITE): Promise<Srv> {
  return SrvItem.parse(await ledger.get(srvKey(site, server)));
}
export async function siteOf(ledger: Ledger, site = SITE): Promise<SiteSnapshot> {
  return {
    ctl: CtlItem.parse(await ledger.get(ctlKey(site))),
    servers: { A: await serverOf(ledger, "A", site), B: await serverOf(ledger, "B", site) },
  };
}
/** The outcome must be a commit. */
export function must(outcome: WriteOutcome): WriteOutcome {
  if (outcome.kind !== "done") throw new Error(`not done: ${JSON.stringify(outcome)}`);
  return outcome;
}
/** `writes`, one write by the single-item call and several as a transaction. */
export const apply = (ledger: Ledger, writes: readonly Write[]): Promise<WriteOutcome> =>
  writes.length === 1 ? ledger.write(writes[0]!) : ledger.transact(writes);
