import { heartbeatWrite } from "../../../../cloud/contract/agent-expressions.ts";
import { put } from "../../../../cloud/contract/expression.ts";
import {
  answerWrite,
  decommissionWrites,
  reconfigureWrites,
  registerWrites,
  requestWrites,
} from "../../../../cloud/contract/switch-expressions.ts";
import { idempotencyKey, srvKey } from "../../../../cloud/contract/tables.ts";
import { act, CONFIG, must, pulse, SITE, senderOf, serverOf, siteOf, T0 } from "../../../support/ledger-samples.ts";
import {
  attested,
  audited,
  bent,
  ctl,
  epAndMode,
  eventThere,
  granting,
  lapsed,
  poked,
  type Scenario,
  scenario,
  settledClear,
  takeover,
  wish,
  wished,
} from "./prepare.ts";

const decommission: Scenario["build"] = async (ledger) => decommissionWrites((await siteOf(ledger)).ctl, act());

/** What the control plane writes to a site: registration, switches, standing wishes, answers. */
export const SWITCH_SCENARIOS: readonly Scenario[] = [
  { command: "register", title: "a new site", expected: "done", build: async () => registerWrites(SITE, CONFIG, act()) },
  ...[{ pk: `S#${SITE}`, sk: "CTL" }, srvKey(SITE, "A"), srvKey(SITE, "B")].map(
    (key): Scenario => ({
      command: "register",
      title: `${key.pk} is there`,
      expected: "refused",
      build: async (ledger) => {
        must(await ledger.write(put({ ...key })));
        return registerWrites(SITE, CONFIG, act());
      },
    }),
  ),
  {
    command: "register",
    title: "its audit record is there",
    expected: "refused",
    build: eventThere(async () => registerWrites(SITE, CONFIG, act())),
  },
  scenario("reconfigure", "as read", "done", async (ledger) => reconfigureWrites((await siteOf(ledger)).ctl, CONFIG, act())),
  scenario(
    "reconfigure",
    "the epoch moved on",
    "refused",
    ctl({ ep: 2 }, async (ledger) => reconfigureWrites((await siteOf(ledger)).ctl, CONFIG, act())),
  ),
  audited("reconfigure", async (ledger) => reconfigureWrites((await siteOf(ledger)).ctl, CONFIG, act())),

  scenario("decommission", "a pair", "done", decommission),
  scenario("decommission", "the epoch moved on", "refused", ctl({ ep: 2 }, decommission)),
  scenario("decommission", "one serves alone", "refused", ctl({ state: "PARTNER_DOWN" }, decommission)),
  audited("decommission", decommission),

  scenario("partnerDown lapsed", "evidence complete", "done", lapsed),
  scenario("partnerDown lapsed", "the epoch moved on", "refused", ctl({ ep: 2 }, lapsed)),
  scenario("partnerDown lapsed", "the site is not NORMAL", "refused", ctl({ state: "DECOMMISSIONED" }, lapsed)),
  ...epAndMode("partnerDown lapsed", "A", lapsed),
  ...epAndMode("partnerDown lapsed", "B", lapsed),
  scenario("partnerDown lapsed", "the partner beat a moment ago", "refused", async (ledger) => {
    const writes = await lapsed(ledger);
    must(await ledger.write(heartbeatWrite(senderOf(await serverOf(ledger, "A")), pulse({ beat: 2 }))));
    return writes;
  }),
  scenario("partnerDown lapsed", "the survivor restarted", "refused", bent("B", { boot: "other" }, lapsed)),
  scenario("partnerDown lapsed", "the evidence is about an older counter", "refused", bent("B", { oHb: 0 }, lapsed)),
  scenario("partnerDown lapsed", "the counter did not stand still long enough", "refused", bent("B", { oMs: 62_999 }, lapsed)),
  scenario("partnerDown lapsed", "the peer lease may still run", "refused", bent("B", { pMs: 31_999 }, lapsed)),
  scenario("partnerDown lapsed", "the survivor is getting its leases back", "refused", bent("B", { fs: "RECOVER" }, lapsed)),
  audited("partnerDown lapsed", lapsed),

  scenario("partnerDown attested", "no evidence at all", "done", attested),
  scenario("partnerDown attested", "the survivor is getting its leases back", "done", bent("B", { fs: "RECOVER" }, attested)),
  scenario("partnerDown attested", "the epoch moved on", "refused", ctl({ ep: 2 }, attested)),
  scenario("partnerDown attested", "the site is not NORMAL", "refused", ctl({ state: "DECOMMISSIONED" }, attested)),
  scenario("partnerDown attested", "the survivor restarted", "refused", bent("B", { boot: "other" }, attested)),
  ...epAndMode("partnerDown attested", "A", attested),
  ...epAndMode("partnerDown attested", "B", attested),
  audited("partnerDown attested", attested),

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
  scenario("granted", "the wish as read", "done", granting),
  scenario("granted", "another wish", "refused", wish({ at: 5 }, granting)),
  scenario("granted", "withdrawn before", "refused", wish({ cancelled: 5 }, granting)),
  scenario("granted", "granted before", "refused", wish({ granted: 5 }, granting)),
  scenario("answer", "the first", "done", async () => [answerWrite(SITE, "k1", "h", 200, "{}", T0)]),
  scenario(
    "answer",
    "given before",
    "refused",
    poked({ ...idempotencyKey(SITE, "k1") }, async () => [answerWrite(SITE, "k1", "h", 200, "{}", T0)]),
  ),
];
