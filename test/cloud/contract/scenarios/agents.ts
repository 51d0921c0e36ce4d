import { histKey } from "../../../../cloud/contract/tables.ts";
import { SITE, T0 } from "../../../support/ledger-samples.ts";
import {
  BUSY_CURRENT,
  bent,
  claimAgainst,
  epAndMode,
  freeClaim,
  freshBeat,
  freshBoot,
  freshMirror,
  mirrorAgainst,
  poked,
  SAFE,
  type Scenario,
  scenario,
} from "./prepare.ts";

/** What agents write: boot, heartbeat, mirror, claim. */
export const AGENT_SCENARIOS: readonly Scenario[] = [
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
  scenario(
    "claim",
    "abandoned, and the client that found it in use",
    "refused",
    claimAgainst({ status: "ABANDONED" }, { client: "m:1:aa" }),
  ),
  scenario("claim", "active, but over long before the safe moment", "done", claimAgainst({ potential: SAFE - 1 })),
  scenario("claim", "active, and over only at the safe moment", "refused", claimAgainst({ potential: SAFE })),
];
