import {
  bootWrite,
  claimWrites,
  type Entry,
  type Fact,
  heartbeatWrite,
  mirrorWrites,
  type Sender,
} from "../../../cloud/contract/agent-expressions.ts";
import { type Item, put, update, type Write } from "../../../cloud/contract/expression.ts";
import type { Ledger } from "../../../cloud/contract/ledger.ts";
import {
  answerWrite,
  cancelWrites,
  certainlyOverMs,
  clearWrites,
  grantedWrite,
  partnerDownWrites,
  reconfigureWrites,
  registerWrites,
  requestWrites,
  takeoverWrites,
} from "../../../cloud/contract/switch-expressions.ts";
import { curKey, histKey, idempotencyKey, requestKey, type ServerName, srvKey } from "../../../cloud/contract/tables.ts";
import {
  act,
  apply,
  CONFIG,
  claimOf,
  fact,
  must,
  pulse,
  register,
  SITE,
  senderOf,
  serverOf,
  siteOf,
  T0,
} from "../../support/ledger-samples.ts";

/** One command and one state of the ledger: whether it must go in. */
export interface Scenario {
  readonly command: string;
  readonly title: string;
  readonly expected: "done" | "refused";
  /** Prepares the ledger and builds the command's writes. */
  readonly build: (ledger: Ledger) => Promise<readonly Write[]>;
}

const poke = async (ledger: Ledger, server: ServerName, set: Item) => must(await ledger.write(update(srvKey(SITE, server), { set })));
const booted = async (ledger: Ledger, server: ServerName): Promise<Sender> => {
  must(await ledger.write(bootWrite(await serverOf(ledger, server), `run-${server}`)));
  return senderOf(await serverOf(ledger, server));
};
/** Evidence of B that A's counter stood still for as long as needed. */
const evidence = async (ledger: Ledger, over: Item = {}) => {
  const a = await booted(ledger, "A");
  await booted(ledger, "B");
  must(await ledger.write(heartbeatWrite(a, pulse())));
  const { hb } = await serverOf(ledger, "A");
  await poke(ledger, "B", { oHb: hb, oMs: certainlyOverMs(60_000), pMs: certainlyOverMs(60_000), ...over });
  return siteOf(ledger);
};
const switched = async (ledger: Ledger, sole: ServerName = "B") => {
  await booted(ledger, "A");
  await booted(ledger, "B");
  must(await ledger.transact(partnerDownWrites(await siteOf(ledger), sole, "attested", act())));
  return siteOf(ledger);
};
const entry = (over: Fact): Entry => ({ fact: over, as: "current", history: true });
const mirrorOf = (sender: Sender, from: number, ...facts: Fact[]) => mirrorWrites(sender, from, facts.at(-1)!.seq, facts.map(entry));

/** Each starts from a site that is just registered. */
const scenario = (command: string, title: string, expected: Scenario["expected"], build: Scenario["build"]): Scenario => ({
  command,
  title,
  expected,
  build: async (ledger) => {
    await register(ledger);
    return build(ledger);
  },
});
/** Bends one row after the writes were built, as another writer would have. */
const bent =
  (server: ServerName, set: Item, build: Scenario["build"]): Scenario["build"] =>
  async (ledger) => {
    const writes = await build(ledger);
    await poke(ledger, server, set);
    return writes;
  };

const SAFE = T0 - 605_000;
const holding =
  (row: Partial<Fact>): Scenario["build"] =>
  async (ledger) => {
    const a = await booted(ledger, "A");
    must(await ledger.transact(mirrorOf(a, 0, fact(1, "m:1:aa", row))));
    return [];
  };
const claimAgainst =
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
const freeClaim: Scenario["build"] = async (ledger) => {
  await switched(ledger);
  return claimWrites(senderOf(await serverOf(ledger, "B")), [claimOf(0, "m:1:bb", { server: "B", epoch: 2 })], SAFE);
};
const mirrorAgainst =
  (row: Partial<Fact>, next: Partial<Fact> & { client?: string }): Scenario["build"] =>
  async (ledger) => {
    await holding(row)(ledger);
    const a = senderOf(await serverOf(ledger, "A"));
    return mirrorOf(a, 1, fact(2, next.client ?? "m:1:bb", next));
  };
const freshMirror: Scenario["build"] = async (ledger) => mirrorOf(await booted(ledger, "A"), 0, fact(1, "m:1:aa"));
const freshBoot: Scenario["build"] = async (ledger) => [bootWrite(await serverOf(ledger, "A"), "run-1")];
const freshBeat: Scenario["build"] = async (ledger) => [heartbeatWrite(await booted(ledger, "A"), pulse())];
const lapsed: Scenario["build"] = async (ledger) => partnerDownWrites(await evidence(ledger), "B", "lapsed", act());
const attested: Scenario["build"] = async (ledger) => partnerDownWrites(await siteOf(ledger), "B", "attested", act());
const settledClear: Scenario["build"] = async (ledger) => {
  const read = await switched(ledger);
  await poke(ledger, "B", { fs: "NORMAL" });
  return clearWrites(read, "B", "settled", act());
};
const takeover: Scenario["build"] = async (ledger) => takeoverWrites(await switched(ledger), "A", act());
const poked =
  (row: Item & { pk: string; sk: string }, build: Scenario["build"]): Scenario["build"] =>
  async (ledger) => {
    const writes = await build(ledger);
    must(await ledger.write(put(row)));
    return writes;
  };
const ctl =
  (set: Item, build: Scenario["build"]): Scenario["build"] =>
  async (ledger) => {
    const writes = await build(ledger);
    must(await ledger.write(update({ pk: `S#${SITE}`, sk: "CTL" }, { set })));
    return writes;
  };
const eventThere =
  (build: Scenario["build"]): Scenario["build"] =>
  async (ledger) => {
    const writes = await build(ledger);
    const audit = writes.find((write) => write.kind === "put" && write.item["t"] === "E");
    if (audit?.kind !== "put") throw new Error("no audit record among the writes");
    must(await ledger.write(put({ ...audit.item, note: "an earlier record" })));
    return writes;
  };
const wished: Scenario["build"] = async (ledger) => {
  must(await ledger.transact(requestWrites((await siteOf(ledger)).ctl, "B", T0 + 3_600_000, act())));
  return cancelWrites((await siteOf(ledger)).ctl, T0, act());
};
const granting: Scenario["build"] = async (ledger) => {
  must(await ledger.transact(requestWrites((await siteOf(ledger)).ctl, "B", T0 + 3_600_000, act())));
  return [grantedWrite(SITE, T0, T0 + 1)];
};
const wish =
  (set: Item, build: Scenario["build"]): Scenario["build"] =>
  async (ledger) => {
    const writes = await build(ledger);
    must(await ledger.write(update(requestKey(SITE), { set })));
    return writes;
  };
const epAndMode = (command: string, server: ServerName, build: Scenario["build"], other = "DOWN"): Scenario[] => [
  scenario(command, `server ${server} has another epoch`, "refused", bent(server, { ep: 7 }, build)),
  scenario(command, `server ${server} has another mode`, "refused", bent(server, { mode: other }, build)),
];
const audited = (command: string, build: Scenario["build"]): Scenario =>
  scenario(command, "an audit record of this name is there: it is never overwritten", "refused", eventThere(build));
const BUSY_CURRENT = { ...curKey(SITE, "0a01000a"), v: 1, ord: "00000001.9999999999999.00000.B", st: "FREE", cid: "", exp: 0, pex: 0 };

export const SCENARIOS: readonly Scenario[] = [
  { command: "register", title: "a new site", expected: "done", build: async () => registerWrites(SITE, CONFIG, 1, act()) },
  ...[{ pk: `S#${SITE}`, sk: "CTL" }, srvKey(SITE, "A"), srvKey(SITE, "B")].map(
    (key): Scenario => ({
      command: "register",
      title: `${key.pk} is there`,
      expected: "refused",
      build: async (ledger) => {
        must(await ledger.write(put({ ...key })));
        return registerWrites(SITE, CONFIG, 1, act());
      },
    }),
  ),
  {
    command: "register",
    title: "its audit record is there",
    expected: "refused",
    build: eventThere(async () => registerWrites(SITE, CONFIG, 1, act())),
  },
  scenario("reconfigure", "as read", "done", async (ledger) => reconfigureWrites((await siteOf(ledger)).ctl, CONFIG, act())),
  scenario(
    "reconfigure",
    "the epoch moved on",
    "refused",
    ctl({ ep: 2 }, async (ledger) => reconfigureWrites((await siteOf(ledger)).ctl, CONFIG, act())),
  ),
  audited("reconfigure", async (ledger) => reconfigureWrites((await siteOf(ledger)).ctl, CONFIG, act())),

  scenario("boot", "as read", "done", freshBoot),
  scenario("boot", "another process was quicker", "refused", bent("A", { boot: "other" }, freshBoot)),
  ...epAndMode("boot", "A", freshBoot),

  scenario("heartbeat", "as believed", "done", freshBeat),
  scenario("heartbeat", "another incarnation runs", "refused", bent("A", { boot: "other" }, freshBeat)),
  scenario("heartbeat", "a later beat overtook it", "refused", bent("A", { bn: 1 }, freshBeat)),
  ...epAndMode("heartbeat", "A", freshBeat),

  scenario("mirror", "an address nobody had", "done", freshMirror),
  scenario("mirror", "another incarnation runs", "refused", bent("A", { boot: "other" }, freshMirror)),
  scenario("mirror", "the cursor moved on", "refused", bent("A", { ack: 1 }, freshMirror)),
  ...epAndMode("mirror", "A", freshMirror),
  scenario("mirror", "a renewal of the same client", "done", mirrorAgainst({}, { client: "m:1:aa" })),
  scenario("mirror", "another client while the lease runs", "refused", mirrorAgainst({}, {})),
  scenario("mirror", "another client after a release", "done", mirrorAgainst({ status: "RELEASED" }, {})),
  scenario("mirror", "another client after the lease ended", "done", mirrorAgainst({}, { ts: T0 + 1000 + 3_600_000 })),
  scenario("mirror", "an older event of the same client", "refused", mirrorAgainst({ ts: T0 + 9000 }, { client: "m:1:aa", ts: T0 + 8000 })),
  scenario("mirror", "its history row is there", "refused", poked({ ...histKey(SITE, "0a01000a", T0 + 1000, "A", 1) }, freshMirror)),

  scenario("claim", "an address nobody had", "done", freeClaim),
  scenario("claim", "another incarnation runs", "refused", bent("B", { boot: "other" }, freeClaim)),
  ...epAndMode("claim", "B", freeClaim, "PAIR"),
  scenario(
    "claim",
    "repeated: its history row is there",
    "refused",
    poked({ ...histKey(SITE, "0a01000a", T0, "B", 1_000_000_000) }, freeClaim),
  ),
  scenario("claim", "a newer event is there", "refused", poked({ ...BUSY_CURRENT, ord: "00000009" }, freeClaim)),
  scenario("claim", "the same client holds it", "done", claimAgainst({}, { client: "m:1:aa" })),
  scenario("claim", "another client holds it", "refused", claimAgainst({})),
  scenario("claim", "released", "done", claimAgainst({ status: "RELEASED" })),
  scenario("claim", "abandoned, though long over", "refused", claimAgainst({ status: "ABANDONED", potential: SAFE - 1 })),
  scenario("claim", "active, but over long before the safe moment", "done", claimAgainst({ potential: SAFE - 1 })),
  scenario("claim", "active, and over only at the safe moment", "refused", claimAgainst({ potential: SAFE })),

  scenario("partner-down lapsed", "evidence complete", "done", lapsed),
  scenario("partner-down lapsed", "the epoch moved on", "refused", ctl({ ep: 2 }, lapsed)),
  scenario("partner-down lapsed", "the site is not NORMAL", "refused", ctl({ state: "DECOMMISSIONED" }, lapsed)),
  ...epAndMode("partner-down lapsed", "A", lapsed),
  ...epAndMode("partner-down lapsed", "B", lapsed),
  scenario("partner-down lapsed", "the partner beat a moment ago", "refused", async (ledger) => {
    const writes = await lapsed(ledger);
    must(await ledger.write(heartbeatWrite(senderOf(await serverOf(ledger, "A")), pulse({ beat: 2 }))));
    return writes;
  }),
  scenario("partner-down lapsed", "the survivor restarted", "refused", bent("B", { boot: "other" }, lapsed)),
  scenario("partner-down lapsed", "the evidence is about an older counter", "refused", bent("B", { oHb: 0 }, lapsed)),
  scenario("partner-down lapsed", "the counter did not stand still long enough", "refused", bent("B", { oMs: 62_999 }, lapsed)),
  scenario("partner-down lapsed", "the peer lease may still run", "refused", bent("B", { pMs: 31_999 }, lapsed)),
  audited("partner-down lapsed", lapsed),

  scenario("partner-down attested", "no evidence at all", "done", attested),
  scenario("partner-down attested", "the epoch moved on", "refused", ctl({ ep: 2 }, attested)),
  scenario("partner-down attested", "the site is not NORMAL", "refused", ctl({ state: "DECOMMISSIONED" }, attested)),
  scenario("partner-down attested", "the survivor restarted", "refused", bent("B", { boot: "other" }, attested)),
  ...epAndMode("partner-down attested", "A", attested),
  ...epAndMode("partner-down attested", "B", attested),
  audited("partner-down attested", attested),

  scenario("clear", "the sole server reports NORMAL", "done", settledClear),
  scenario("clear", "it is still in PARTNER-DOWN", "refused", bent("B", { fs: "PARTNER-DOWN" }, settledClear)),
  scenario("clear", "the epoch moved on", "refused", ctl({ ep: 7 }, settledClear)),
  scenario("clear", "the site is NORMAL", "refused", ctl({ state: "NORMAL" }, settledClear)),
  scenario("clear", "another server is sole", "refused", ctl({ sole: "A" }, settledClear)),
  scenario("clear", "another server is down", "refused", ctl({ down: "B" }, settledClear)),
  ...epAndMode("clear", "A", settledClear, "PAIR"),
  ...epAndMode("clear", "B", settledClear, "PAIR"),
  audited("clear", settledClear),

  scenario("takeover", "the sole server died too", "done", takeover),
  scenario("takeover", "the epoch moved on", "refused", ctl({ ep: 7 }, takeover)),
  scenario("takeover", "the site is NORMAL", "refused", ctl({ state: "NORMAL" }, takeover)),
  scenario("takeover", "another server is sole", "refused", ctl({ sole: "A" }, takeover)),
  ...epAndMode("takeover", "A", takeover, "PAIR"),
  ...epAndMode("takeover", "B", takeover, "PAIR"),
  audited("takeover", takeover),

  scenario("request", "a standing wish", "done", async (ledger) => requestWrites((await siteOf(ledger)).ctl, "B", T0 + 1, act())),
  audited("request", async (ledger) => requestWrites((await siteOf(ledger)).ctl, "B", T0 + 1, act())),
  scenario("cancel", "the wish as read", "done", wished),
  scenario("cancel", "another wish", "refused", wish({ at: 5 }, wished)),
  scenario("cancel", "withdrawn before", "refused", wish({ cancelled: 5 }, wished)),
  scenario("cancel", "granted before", "refused", wish({ granted: 5 }, wished)),
  audited("cancel", wished),
  scenario("grant of a wish", "the wish as read", "done", granting),
  scenario("grant of a wish", "another wish", "refused", wish({ at: 5 }, granting)),
  scenario("grant of a wish", "withdrawn before", "refused", wish({ cancelled: 5 }, granting)),
  scenario("grant of a wish", "granted before", "refused", wish({ granted: 5 }, granting)),
  scenario("answer", "the first", "done", async () => [answerWrite(SITE, "k1", "h", 200, "{}", T0)]),
  scenario(
    "answer",
    "given before",
    "refused",
    poked({ ...idempotencyKey(SITE, "k1") }, async () => [answerWrite(SITE, "k1", "h", 200, "{}", T0)]),
  ),
];

/** What `scenario` comes to on `ledger` with its writes passed through `mutate`. */
export async function outcomeOf(
  found: Scenario,
  ledger: Ledger,
  mutate: (writes: readonly Write[]) => readonly Write[] = (writes) => writes,
): Promise<string> {
  return (await apply(ledger, mutate(await found.build(ledger)))).kind;
}
