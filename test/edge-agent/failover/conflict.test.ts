import { describe, expect, test } from "vitest";
import { onFailoverEvent } from "../../../edge-agent/failover/step.ts";
import { SERVER_STATE_CODES } from "../../../edge-agent/failover/wire/codes.ts";
import { AT, LoneServer, NOW } from "./lone-server.ts";

describe("a conflict and a dhcpd's RECOVER, told at the same moment", () => {
  const tells = (server: LoneServer, state: "RECOVER" | "POTENTIAL-CONFLICT") => {
    server.hears("STATE", { serverState: SERVER_STATE_CODES[state], serverFlags: 0, startTimeOfState: NOW });
    return server.node.live.endpoint.state;
  };

  test.each(["primary", "secondary"] as const)("as %s we give way once on a connection, and the second time stay and say so", (role) => {
    const server = new LoneServer(role);
    server.node.live.endpoint.state = "POTENTIAL-CONFLICT";
    expect(tells(server, "RECOVER")).toBe("RECOVER");
    expect(tells(server, "POTENTIAL-CONFLICT")).toBe("POTENTIAL-CONFLICT");
    const before = server.said.length;
    expect(tells(server, "RECOVER")).toBe("POTENTIAL-CONFLICT");
    const told = server.said.slice(before).filter(({ type }) => type === "STATE");
    expect(told.map(({ options }) => options.serverState)).toEqual([SERVER_STATE_CODES["POTENTIAL-CONFLICT"]]);
    expect(tells(server, "POTENTIAL-CONFLICT")).toBe("POTENTIAL-CONFLICT");
    server.node.turn(AT, (turn) =>
      onFailoverEvent(turn, server.node.live, { kind: "failover-link-closed", peer: "lab", link: 1, reason: "eof" }),
    );
    expect(server.node.live.link.gaveWay).toBe(false);
  });
});

describe("a dhcpd that comes back in CONFLICT-DONE", () => {
  test.each(["primary", "secondary"] as const)("hears of NORMAL from the %s that has had its updates, on the same connection", (role) => {
    const server = new LoneServer(role);
    server.again(SERVER_STATE_CODES["CONFLICT-DONE"], NOW);
    server.hears("STATE", { serverState: SERVER_STATE_CODES["CONFLICT-DONE"], serverFlags: 0, startTimeOfState: NOW });
    const asked = server.said.findLast(({ type }) => type === "UPDREQ" || type === "UPDREQALL");
    expect([server.node.live.endpoint.state, asked?.type]).toEqual(["POTENTIAL-CONFLICT", "UPDREQALL"]);
    server.hears("UPDDONE", {}, asked?.xid);
    expect(server.node.live.endpoint.state).toBe("NORMAL");
    const told = server.said.filter(({ type }) => type === "STATE").at(-1);
    expect(told?.options).toMatchObject({ serverState: SERVER_STATE_CODES.NORMAL, serverFlags: 0 });
    expect(server.node.live.link.up).toBeDefined();
    server.hears("STATE", { serverState: SERVER_STATE_CODES.NORMAL, serverFlags: 0, startTimeOfState: NOW });
    expect(server.node.live.endpoint.state).toBe("NORMAL");
  });
});

describe("a secondary in a conflict beside a primary of our own kind", () => {
  const requests = (from: "POTENTIAL-CONFLICT" | "RECOVER" | "NORMAL" | "COMMUNICATIONS-INTERRUPTED") => {
    const server = new LoneServer("secondary");
    const { endpoint } = server.node.live;
    Object.assign(endpoint, { state: "POTENTIAL-CONFLICT", partnerIsTandem: true, partner: from });
    const before = server.said.length;
    server.hears("STATE", { serverState: SERVER_STATE_CODES.NORMAL, serverFlags: 0, startTimeOfState: NOW });
    return {
      state: endpoint.state,
      asked: server.said.slice(before).filter(({ type }) => type === "UPDREQ" || type === "UPDREQALL").length,
    };
  };

  test.each(["POTENTIAL-CONFLICT", "RECOVER"] as const)("asks it when a person has put it into NORMAL out of %s", (from) => {
    expect(requests(from)).toEqual({ state: "POTENTIAL-CONFLICT", asked: 1 });
  });

  test.each(["NORMAL", "COMMUNICATIONS-INTERRUPTED"] as const)(
    "waits to be asked by one that came to NORMAL from %s, as servers do",
    (from) => {
      expect(requests(from)).toEqual({ state: "POTENTIAL-CONFLICT", asked: 0 });
    },
  );
});
