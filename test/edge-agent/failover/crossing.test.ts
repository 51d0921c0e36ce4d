import { describe, expect, test } from "vitest";
import { emptyQueue, queueUpdate, tellAgain } from "../../../edge-agent/failover/binding/queue.ts";
import { failoverDeadline, onFailoverTick } from "../../../edge-agent/failover/step.ts";
import { BINDING_STATUS_CODES, SERVER_STATE_CODES } from "../../../edge-agent/failover/wire/codes.ts";
import { epochSeconds, monotonicMillis, NO_TIME } from "../../../edge-agent/values/time.ts";
import { ADDRESS, AT, CLIENT, LoneServer, NOW } from "./lone-server.ts";

describe("updates that cross", () => {
  test("an address is told of again only when the partner has answered what it was told before", () => {
    const server = new LoneServer("secondary");
    const before = server.told.length;
    server.changes("ACTIVE", NOW + 60);
    server.changes("RELEASED", NOW);
    expect(server.told.slice(before)).toEqual([BINDING_STATUS_CODES.ACTIVE]);
    // the primary's older word meets the update that it meets at the primary, and gives way to it on both sides
    expect(server.hearsUpdate("BACKUP", 0)?.options.rejectReason).toBe(16);
    server.acknowledges(before);
    expect(server.told.slice(before)).toEqual([BINDING_STATUS_CODES.ACTIVE, BINDING_STATUS_CODES.RELEASED]);
    expect(server.node.lease("10.77.0.105")?.status).toBe("RELEASED");
    server.acknowledges(before + 1);
    expect(server.node.lease("10.77.0.105")).toMatchObject({ status: "FREE", failover: { owed: false } });
  });

  test("what a dhcpd frees while it may still take our BACKUP is not ours to give before both say the same", () => {
    const server = new LoneServer("primary");
    const before = server.told.length;
    server.changes("BACKUP", 0);
    // two words of the secondary's, which has not seen ours: it gave the address, and got it back
    expect(server.hearsUpdate("ACTIVE", NOW + 60)?.options.rejectReason).toBeUndefined();
    expect(server.hearsUpdate("RELEASED", NOW)?.options.rejectReason).toBeUndefined();
    expect(server.node.lease("10.77.0.105")).toMatchObject({ status: "BACKUP", failover: { owed: true } });
    // it took our BACKUP after all
    server.acknowledges(before);
    server.acknowledges(-1);
    expect(server.told.at(-1)).toBe(BINDING_STATUS_CODES.BACKUP);
    expect(server.node.lease("10.77.0.105")).toMatchObject({ status: "BACKUP", failover: { owed: false } });
  });

  test.each(["primary", "secondary"] as const)(
    "the %s takes a dhcpd's ACTIVE that crosses its EXPIRED, and the dhcpd takes the EXPIRED: it is told its ACTIVE once more",
    (role) => {
      const server = new LoneServer(role);
      const before = server.told.length;
      server.changes("EXPIRED", NOW - 1, NOW - 60);
      expect(server.hearsUpdate("ACTIVE", NOW + 60)?.options.rejectReason).toBeUndefined();
      // it may have the end for which it takes ours: nothing is promised by its own word
      expect(server.node.lease("10.77.0.105")).toMatchObject({ status: "ACTIVE", failover: { owed: false, tsfp: NOW - 1 } });
      server.acknowledges(before);
      expect(server.told.slice(before)).toEqual([BINDING_STATUS_CODES.EXPIRED, BINDING_STATUS_CODES.ACTIVE]);
      expect(server.node.lease("10.77.0.105")).toMatchObject({ status: "ACTIVE", failover: { owed: true } });
      server.acknowledges(-1);
      expect(server.node.lease("10.77.0.105")).toMatchObject({ status: "ACTIVE", ends: NOW + 60, failover: { owed: false } });
      expect(server.told.length).toBe(before + 2);
    },
  );

  test("an EXPIRED that a dhcpd tells before it acknowledges our ACTIVE, which is over, ends the lease here too", () => {
    const server = new LoneServer("secondary");
    const before = server.told.length;
    server.changes("ACTIVE", NOW - 7, NOW - 12);
    expect(server.hearsUpdate("EXPIRED", NOW - 7, 0)?.options.rejectReason).toBeUndefined();
    server.acknowledges(before);
    expect(server.node.lease("10.77.0.105")).toMatchObject({ status: "FREE", failover: { owed: false } });
    expect(server.told.length).toBe(before + 1);
  });

  test.each([
    ["has lost its lease file", SERVER_STATE_CODES.RECOVER, NOW, "ACTIVE"],
    ["was NORMAL and recovers from there", SERVER_STATE_CODES.NORMAL, NOW - 500, "FREE"],
    ["is in RECOVER since before", SERVER_STATE_CODES.RECOVER, NOW - 500, "FREE"],
  ] as const)("a dhcpd that %s is asked about a lease that it may have extended, or not", (_, state, since, becomes) => {
    const server = new LoneServer("secondary");
    server.node.live.endpoint.partnerSince = epochSeconds(NOW - 500);
    server.changes("ACTIVE", NOW - 1, NOW - 60);
    server.acknowledges(-1);
    server.changes("EXPIRED", NOW - 1, NOW - 60);
    server.again(state, since);
    if (state === SERVER_STATE_CODES.NORMAL)
      server.hears("STATE", { serverState: SERVER_STATE_CODES.RECOVER, serverFlags: 0, startTimeOfState: since });
    server.hears("UPDREQALL", {}, 77);
    // as long as it may have promised: MCLT past its last service
    const told = server.updates(ADDRESS).at(-1)?.options;
    expect(told?.bindingStatus).toBe(becomes === "ACTIVE" ? BINDING_STATUS_CODES.ACTIVE : BINDING_STATUS_CODES.EXPIRED);
    if (becomes === "ACTIVE") expect(told?.leaseExpirationTime).toBe(NOW + server.node.live.endpoint.mclt);
    server.acknowledges(-1);
    expect(server.node.lease("10.77.0.105")?.status).toBe(becomes);
  });

  test("a dhcpd that is in touch again is told nothing before it has told what its clients did, and what it tells is not undone", () => {
    const server = new LoneServer("primary", "now");
    server.changes("EXPIRED", NOW - 1, NOW - 60);
    expect(server.told).toEqual([]);
    const due = failoverDeadline(server.node.live, AT) ?? 0;
    expect(due - AT.monotonic).toBe(400);
    expect(server.hearsUpdate("ACTIVE", NOW + 60)?.options.rejectReason).toBeUndefined();
    const later = { ...AT, monotonic: monotonicMillis(due) };
    server.node.turn(later, (turn) => onFailoverTick(turn, server.node.live));
    server.hears("CONTACT", {});
    expect(server.told).toEqual([]);
    expect(server.node.lease("10.77.0.105")).toMatchObject({ status: "ACTIVE", ends: NOW + 60 });
  });

  test("what a dhcpd says nothing about is told when it has been quiet, and not later than 3 s after it was in touch again", () => {
    for (const chatty of [false, true]) {
      const server = new LoneServer("secondary", "now");
      server.changes("RELEASED", NOW, NOW - 60);
      const from = AT.monotonic;
      let millis = 0;
      for (; server.told.length === 0 && millis < 10_000; millis += 100) {
        const at = { ...AT, monotonic: monotonicMillis(from + millis) };
        if (chatty) server.node.live.link.toldAt = at.monotonic;
        server.node.turn(at, (turn) => onFailoverTick(turn, server.node.live));
        server.collect();
      }
      expect(millis - 100).toBe(chatty ? 3000 : 400);
    }
  });

  test("who rejects the partner's word for being old tells his own once more, though it was refused", () => {
    const server = new LoneServer("secondary");
    server.changes("ACTIVE", NOW + 3000, NOW - 30);
    // the primary has a shorter and later lease of the same client's, and refuses ours in the same moment
    const before = server.told.length;
    expect(server.hearsUpdate("ACTIVE", NOW + 60, NOW - 10)?.options.rejectReason).toBe(15);
    const { xid } = server.updates(ADDRESS).at(-1)!;
    server.hears("BNDACK", { assignedIpAddress: ADDRESS, rejectReason: 16, message: "less critical" }, xid);
    expect(server.told.length).toBe(before + 1);
    server.acknowledges(-1);
    expect(server.node.lease("10.77.0.105")).toMatchObject({ status: "ACTIVE", ends: NOW + 3000, failover: { owed: false } });
  });

  test("EXPIRED with an end that is still to come is what a dhcpd meant to tell before it took the renewal: the lease goes on, and is told again", () => {
    for (const role of ["primary", "secondary"] as const) {
      const server = new LoneServer(role);
      server.node.live.endpoint.state = role === "primary" ? "COMMUNICATIONS-INTERRUPTED" : "NORMAL";
      server.changes("ACTIVE", NOW + 16);
      server.acknowledges(-1);
      const before = server.told.length;
      expect(server.node.lease("10.77.0.105")).toMatchObject({ status: "ACTIVE", failover: { owed: false } });
      expect(server.hearsUpdate("EXPIRED", NOW + 16, NOW - 40)?.options.rejectReason).toBe(15);
      expect(server.node.lease("10.77.0.105")).toMatchObject({ status: "ACTIVE", ends: NOW + 16 });
      expect(server.told.slice(before)).toEqual([BINDING_STATUS_CODES.ACTIVE]);
      server.acknowledges(-1);
      // one that is over by the partner's clock is believed, which is ahead of ours
      expect(server.hearsUpdate("EXPIRED", NOW, NOW - 40)?.options.rejectReason).toBeUndefined();
      expect(server.node.lease("10.77.0.105")?.status).not.toBe("ACTIVE");
    }
  });

  test("a lease that is over takes no address from another client of which the partner has yet to hear", () => {
    const server = new LoneServer("secondary");
    const other = { htype: 1, bytes: Uint8Array.of(2, 0, 0, 0x99, 0, 2) };
    server.node.turn(AT, (turn) => {
      const times = { tstp: epochSeconds(NOW + 60), tsfp: NO_TIME, atsfp: NO_TIME, owed: true, rewindStatus: "ACTIVE" } as const;
      turn.put({ ...turn.lease(ADDRESS), status: "ACTIVE", ends: epochSeconds(NOW + 60), hardware: other, failover: times });
    });
    expect(server.hearsUpdate("ACTIVE", NOW)?.options.rejectReason).toBe(15);
    expect(server.node.lease("10.77.0.105")).toMatchObject({ ends: NOW + 60, hardware: other });
    // one that runs is told by somebody who has given the address, whenever it ends
    expect(server.hearsUpdate("ACTIVE", NOW + 1)?.options.rejectReason).toBeUndefined();
    expect(server.node.lease("10.77.0.105")?.hardware?.bytes).toEqual(CLIENT.slice(1));
  });

  test("a void update keeps its place in the window and in the transfer until it is answered", () => {
    const queue = emptyQueue();
    const update = { xid: 1, status: "FREE", cltt: NO_TIME, potentialExpiry: NO_TIME, transfer: 3, isVoid: false } as const;
    queue.unacked.set(ADDRESS, update);
    queue.flying.set(ADDRESS, update);
    queue.transferLeft = 1;
    queueUpdate(queue, ADDRESS);
    queueUpdate(queue, ADDRESS);
    expect([queue.waiting.size, queue.unacked.get(ADDRESS)?.isVoid, queue.transferLeft]).toEqual([0, true, 1]);
    tellAgain(queue, ADDRESS);
    expect([queue.waiting.get(ADDRESS), queue.unacked.size, queue.flying.size, queue.transferLeft]).toEqual([3, 0, 0, 1]);
  });
});
