import type { Options } from "../../../edge-agent/failover/wire/options.ts";
import { addressOf, CLIENT, now, pool, STATE, STATUS } from "../../support/failover-probe.ts";
import { sleep } from "../../support/netns.ts";
import { frame, hearing, type Row, text } from "./wire-connections.ts";

/** What is said of addresses. */
export const UPDATES: readonly Row[] = [
  hearing("ACTIVE", (each) => each.update(0, STATUS.active, { clientIdentifier: text("\u0001abcdef") })),
  hearing("ACTIVE without hardware", ({ peer }) => peer.say("BNDUPD", { assignedIpAddress: pool(0), bindingStatus: STATUS.active })),
  hearing("ACTIVE without dates", ({ peer }) =>
    peer.say("BNDUPD", { assignedIpAddress: pool(0), bindingStatus: STATUS.active, clientHardwareAddress: CLIENT }),
  ),
  hearing("BACKUP without hardware", ({ peer }) =>
    peer.say("BNDUPD", {
      ...{ assignedIpAddress: pool(0), bindingStatus: STATUS.backup },
      ...{ leaseExpirationTime: 0, potentialExpirationTime: now(), startTimeOfState: now() },
    }),
  ),
  hearing("ABANDONED", ({ peer }) =>
    peer.say("BNDUPD", { assignedIpAddress: pool(0), bindingStatus: STATUS.abandoned, leaseExpirationTime: now() + 300 }),
  ),
  hearing("ABANDONED with hardware", (each) => each.update(0, STATUS.abandoned)),
  hearing("ABANDONED with a client identifier", ({ peer }) =>
    peer.say("BNDUPD", { assignedIpAddress: pool(0), bindingStatus: STATUS.abandoned, clientIdentifier: text("abc") }),
  ),
  hearing("an address of no pool", (each) => each.update(0, STATUS.active, { assignedIpAddress: addressOf("10.77.0.200") })),
  hearing("no status", ({ peer }) => peer.say("BNDUPD", { assignedIpAddress: pool(0), clientHardwareAddress: CLIENT })),
  hearing("no address", ({ peer }) => peer.say("BNDUPD", { bindingStatus: STATUS.active, clientHardwareAddress: CLIENT })),
  hearing("ACTIVE and reserved", (each) => each.update(0, STATUS.active, { ipFlags: 1 })),
  hearing("client options of DHCP", (each) =>
    each.update(0, STATUS.active, { clientRequestOptions: text("abc"), clientReplyOptions: text("def") }),
  ),
  hearing("a status of 9", (each) => each.update(0, 9), { because: "dhcpd exits", says: /^BNDACK .*rejectReason=3/ }),
  hearing("a lease's life, told by the primary", async (each) => {
    const late = { leaseExpirationTime: now() + 300, potentialExpirationTime: now() + 400 };
    const over = { potentialExpirationTime: now() - 1 };
    const life: readonly (readonly [keyof typeof STATUS, Options])[] = [
      ...([
        ["active", late],
        ["expired", late],
        ["free", late],
        ["released", {}],
        ["active", {}],
        ["reset", {}],
        ["active", {}],
      ] as const),
      ...([
        ["free", over],
        ["backup", over],
      ] as const),
    ];
    for (const [status, options] of life) {
      await each.update(0, STATUS[status], options);
      await sleep(2300);
    }
  }),
  hearing("POOLREQ with nothing to give", ({ peer }) => peer.say("POOLREQ", {})),
  hearing("UPDREQ with nothing to tell", ({ peer }) => peer.raw(frame("UPDREQ", {}, 0xabcd))),
  hearing("UPDREQALL in NORMAL, and no acknowledgement", ({ peer }) => peer.raw(frame("UPDREQALL", {}, 0xabcd))),
  hearing("DISCONNECT", ({ peer }) => peer.say("DISCONNECT", { rejectReason: 6, message: "bye" })),
  hearing("acknowledgements of what was never sent", async ({ peer }) => {
    await peer.say("BNDACK", { assignedIpAddress: addressOf("10.77.0.200") });
    await peer.say("BNDACK", {});
    await peer.raw(frame("UPDREQ", {}));
  }),
];

/** What is said of the servers' states. */
export const STATES: readonly Row[] = [
  hearing("PAUSED and NORMAL", async (each) => {
    await each.state(STATE.paused);
    await each.acknowledge(1000);
    await each.state(STATE.normal);
    await each.acknowledge(1000);
  }),
  hearing("SHUTDOWN, and back by way of RECOVER", async (each) => {
    await each.state(STATE.shutdown);
    await each.next("STATE", STATE.partnerDown);
    each.peer.end();
    await sleep(1000);
    await each.link(STATE.recover);
    await each.acknowledge(1000);
    await each.peer.raw(frame("UPDREQALL", {}, 0x900));
    await each.acknowledge(3000);
    await each.state(STATE.recoverDone);
    await each.next("STATE", STATE.normal);
    await each.state(STATE.normal);
    await each.acknowledge(1000);
  }),
  hearing("PARTNER-DOWN, by the primary: the conflict and its end", async (each) => {
    await each.state(STATE.partnerDown);
    await each.next("STATE", STATE.potentialConflict);
    await each.state(STATE.potentialConflict);
    await each.peer.raw(frame("UPDREQ", {}, 0x800));
    await each.acknowledge(1000);
    await each.state(STATE.conflictDone);
    await each.answer("UPDDONE", await each.next("UPDREQ"), {});
    await each.next("STATE", STATE.normal);
    await each.state(STATE.normal);
  }),
  hearing(
    "PARTNER-DOWN, by the secondary: the conflict and its end",
    async (each) => {
      await each.state(STATE.partnerDown);
      const request = await each.next("UPDREQ");
      await each.state(STATE.potentialConflict);
      await each.answer("UPDDONE", request, {});
      await each.next("STATE", STATE.conflictDone);
      await each.peer.raw(frame("UPDREQ", {}, 0x800));
      await each.acknowledge(3000);
      await each.state(STATE.normal);
      await each.next("STATE", STATE.normal);
    },
    undefined,
    "secondary",
  ),
  hearing("RECOVER of a partner that was NORMAL", (each) => each.state(STATE.recover), {
    because: "nobody has said that the partner is down (draft §9.9.3)",
    says: /^STATE serverFlags=0 serverState=3 startTimeOfState=now$/,
  }),
  hearing("a state that nobody knows", (each) => each.state(77), { because: "dhcpd takes itself out of service", says: /^$/ }),
  {
    name: "a server that knows nothing, and a partner that served: it waits MCLT",
    role: "primary",
    async script(each) {
      await each.link(STATE.commInt, { mclt: 6 });
      await each.answer("UPDDONE", await each.next("UPDREQALL"), {});
      await each.next("STATE", STATE.recoverDone);
    },
  },
  {
    name: "STATE without flags and date",
    role: "primary",
    async script(each) {
      await each.normal();
      await each.peer.say("STATE", { serverState: STATE.commInt });
      await sleep(1000);
    },
  },
];
