import {
  bootWrite,
  claimWrites,
  type Entry,
  type Fact,
  heartbeatWrite,
  mirrorWrites,
  type Sender,
} from "../../../../cloud/contract/agent-expressions.ts";
import { type Item, put, update, type Write } from "../../../../cloud/contract/expression.ts";
import type { Ledger } from "../../../../cloud/contract/ledger.ts";
import {
  cancelWrites,
  certainlyOverMs,
  clearWrites,
  grantedWrite,
  partnerDownWrites,
  requestWrites,
  takeoverWrites,
} from "../../../../cloud/contract/switch-expressions.ts";
import { curKey, requestKey, type ServerName, srvKey } from "../../../../cloud/contract/tables.ts";
import { act, apply, claimOf, fact, must, pulse, register, SITE, senderOf, serverOf, siteOf, T0 } from "../../../support/ledger-samples.ts";

/** One command and one state of the ledger: whether it must go in. */
export interface Scenario {
  readonly command: string;
  readonly title: string;
  readonly expected: "done" | "refused";
  /** Prepares the ledger and builds the command's writes. */
  readonly build: (ledger: Ledger) => Promise<readonly Write[]>;
}

export const poke = async (ledger: Ledger, server: ServerName, set: Item) =>
  must(await ledger.write(update(srvKey(SITE, server), { set })));
export const booted = async (ledger: Ledger, server: ServerName): Promise<Sender> => {
  must(await ledger.write(bootWrite(await serverOf(ledger, server), `run-${server}`)));
  return senderOf(await serverOf(ledger, server));
};
/** Evidence of B that A's counter stood still for as long as needed. */
export const evidence = async (ledger: Ledger, over: Item = {}) => {
  const a = await booted(ledger, "A");
  await booted(ledger, "B");
  must(await ledger.write(heartbeatWrite(a, pulse())));
  const { hb } = await serverOf(ledger, "A");
  await poke(ledger, "B", { oHb: hb, oMs: certainlyOverMs(60_000), pMs: certainlyOverMs(60_000), ...over });
  return siteOf(ledger);
};
export const switched = async (ledger: Ledger, sole: ServerName = "B") => {
  await booted(ledger, "A");
  await booted(ledger, "B");
  must(await ledger.transact(partnerDownWrites(await siteOf(ledger), sole, "attested", act())));
  return siteOf(ledger);
};
export const entry = (over: Fact): Entry => ({ fact: over, as: "current", history: true });
export const mirrorOf = (sender: Sender, from: number, ...facts: Fact[]) => mirrorWrites(sender, from, facts.at(-1)!.seq, facts.map(entry));

/** Each starts from a site that is just registered. */
export const scenario = (command: string, title: string, expected: Scenario["expected"], build: Scenario["build"]): Scenario => ({
  command,
  title,
  expected,
  build: async (ledger) => {
    await register(ledger);
    return build(ledger);
  },
});
/** Bends one row after the writes were built, as another writer would have. */
export const bent =
  (server: ServerName, set: Item, build: Scenario["build"]): Scenario["build"] =>
  async (ledger) => {
    const writes = await build(ledger);
    await poke(ledger, server, set);
    return writes;
  };

export const SAFE = T0 - 605_000;
export const holding =
  (row: Partial<Fact>): Scenario["build"] =>
  async (ledger) => {
    const a = await booted(ledger, "A");
    must(await ledger.transact(mirrorOf(a, 0, fact(1, "m:1:aa", row))));
    return [];
  };
export const claimAgainst =
  (row: Partial<Fact>, over: Partial<Fact> = {}): Scenario["build"] =>
  async (ledger) => {
    await holding(row)(ledger);
    await switched(ledger);
    return claimWrites(
      senderOf(await serverOf(ledger, "B")),
      [claimOf(0, "m:1:bb", { server: "B", epoch: 2, ts: T0 + 60_000, ...over })],
      SAFE,
    );
  };
export const freeClaim: Scenario["build"] = async (ledger) => {
  await switched(ledger);
  return claimWrites(senderOf(await serverOf(ledger, "B")), [claimOf(0, "m:1:bb", { server: "B", epoch: 2 })], SAFE);
};
export const mirrorAgainst =
  (row: Partial<Fact>, next: Partial<Fact> & { client?: string }): Scenario["build"] =>
  async (ledger) => {
    await holding(row)(ledger);
    const a = senderOf(await serverOf(ledger, "A"));
    return mirrorOf(a, 1, fact(2, next.client ?? "m:1:bb", next));
  };
export const freshMirror: Scenario["build"] = async (ledger) => mirrorOf(await booted(ledger, "A"), 0, fact(1, "m:1:aa"));
export const freshBoot: Scenario["build"] = async (ledger) => [bootWrite(await serverOf(ledger, "A"), "run-1")];
export const freshBeat: Scenario["build"] = async (ledger) => [heartbeatWrite(await booted(ledger, "A"), pulse())];
export const lapsed: Scenario["build"] = async (ledger) => partnerDownWrites(await evidence(ledger), "B", "lapsed", act());
export const attested: Scenario["build"] = async (ledger) => partnerDownWrites(await siteOf(ledger), "B", "attested", act());
export const settledClear: Scenario["build"] = async (ledger) => {
  const read = await switched(ledger);
  await poke(ledger, "B", { fs: "NORMAL" });
  return clearWrites(read, "B", "settled", act());
};
export const takeover: Scenario["build"] = async (ledger) => takeoverWrites(await switched(ledger), "A", act());
export const poked =
  (row: Item & { pk: string; sk: string }, build: Scenario["build"]): Scenario["build"] =>
  async (ledger) => {
    const writes = await build(ledger);
    must(await ledger.write(put(row)));
    return writes;
  };
export const ctl =
  (set: Item, build: Scenario["build"]): Scenario["build"] =>
  async (ledger) => {
    const writes = await build(ledger);
    must(await ledger.write(update({ pk: `S#${SITE}`, sk: "CTL" }, { set })));
    return writes;
  };
export const eventThere =
  (build: Scenario["build"]): Scenario["build"] =>
  async (ledger) => {
    const writes = await build(ledger);
    const audit = writes.find((write) => write.kind === "put" && write.item["t"] === "E");
    if (audit?.kind !== "put") throw new Error("no audit record among the writes");
    must(await ledger.write(put({ ...audit.item, note: "an earlier record" })));
    return writes;
  };
export const wished: Scenario["build"] = async (ledger) => {
  must(await ledger.transact(requestWrites((await siteOf(ledger)).ctl, "B", T0 + 3_600_000, act())));
  return cancelWrites((await siteOf(ledger)).ctl, T0, act());
};
export const granting: Scenario["build"] = async (ledger) => {
  must(await ledger.transact(requestWrites((await siteOf(ledger)).ctl, "B", T0 + 3_600_000, act())));
  return [grantedWrite(SITE, T0, T0 + 1)];
};
export const wish =
  (set: Item, build: Scenario["build"]): Scenario["build"] =>
  async (ledger) => {
    const writes = await build(ledger);
    must(await ledger.write(update(requestKey(SITE), { set })));
    return writes;
  };
export const epAndMode = (command: string, server: ServerName, build: Scenario["build"], other = "DOWN"): Scenario[] => [
  scenario(command, `server ${server} has another epoch`, "refused", bent(server, { ep: 7 }, build)),
  scenario(command, `server ${server} has another mode`, "refused", bent(server, { mode: other }, build)),
];
export const audited = (command: string, build: Scenario["build"]): Scenario =>
  scenario(command, "an audit record of this name is there: it is never overwritten", "refused", eventThere(build));
export const BUSY_CURRENT = {
  ...curKey(SITE, "0a01000a"),
  v: 1,
  ord: "00000001.9999999999999.00000.B",
  st: "FREE",
  cid: "",
  exp: 0,
  pex: 0,
};

/** What `scenario` comes to on `ledger` with its writes passed through `mutate`. */
export async function outcomeOf(
  found: Scenario,
  ledger: Ledger,
  mutate: (writes: readonly Write[]) => readonly Write[] = (writes) => writes,
): Promise<string> {
  return (await apply(ledger, mutate(await found.build(ledger)))).kind;
}
