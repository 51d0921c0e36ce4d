import { expect, test } from "vitest";
import { timesOf } from "../../../edge-agent/failover/lease-times.ts";
import { onFailoverEvent, onFailoverTick } from "../../../edge-agent/failover/step.ts";
import { EMPTY_STREAM, takeFrames } from "../../../edge-agent/failover/wire/frame.ts";
import { decodeMessage, type FailoverMessage } from "../../../edge-agent/failover/wire/message.ts";
import { epochSeconds, monotonicMillis } from "../../../edge-agent/values/time.ts";
import { CAPTURES, captured } from "./captured.ts";
import { Node, peer } from "./pair.ts";

/** Plays what one real dhcpd said to an endpoint of ours in the other's place, at the moments at which it was said. */
function replay(name: string, heardFrom: "P" | "S"): { node: Node; said: FailoverMessage[] } {
  const node = new Node("ours", peer(heardFrom === "P" ? "secondary" : "primary"), 20);
  const said: FailoverMessage[] = [];
  const links = new Map<string, number>();
  const rest = new Map<number, Uint8Array>();
  const happenings = captured(name);
  const start = happenings[0]?.at ?? 0;
  const at = (time: number) => ({
    now: epochSeconds(Math.floor(time)),
    monotonic: monotonicMillis(Math.round((time - start) * 1000)),
    wallOffset: 0,
  });
  const hear = () => {
    for (const effect of node.effects.splice(0)) {
      if (effect.kind === "failover-dial") continue;
      if (effect.kind !== "failover-send") continue;
      const taken = takeFrames(rest.get(effect.link) ?? EMPTY_STREAM, effect.bytes);
      rest.set(effect.link, taken.rest);
      for (const frame of taken.frames) {
        const message = decodeMessage(frame);
        expect(message.ok).toBe(true);
        if (message.ok) said.push(message.value);
      }
    }
  };
  node.start(at(start));
  for (const { at: time, sender, connection, what } of happenings) {
    node.turn(at(time), (turn) => onFailoverTick(turn, node.live));
    const known = links.get(connection);
    if (what === "open") {
      links.set(connection, links.size + 1);
      node.turn(at(time), (turn) =>
        onFailoverEvent(turn, node.live, {
          kind: "failover-link-opened",
          peer: "lab",
          link: links.get(connection) ?? 0,
          direction: "accepted",
        }),
      );
    } else if (what === "close" && known !== undefined) {
      node.turn(at(time), (turn) =>
        onFailoverEvent(turn, node.live, { kind: "failover-link-closed", peer: "lab", link: known, reason: "captured" }),
      );
    } else if (typeof what !== "string" && sender === heardFrom && known !== undefined) {
      node.turn(at(time), (turn) => onFailoverEvent(turn, node.live, { kind: "failover-bytes", peer: "lab", link: known, bytes: what }));
    }
    hear();
  }
  return { node, said };
}

test.each(CAPTURES.flatMap((name) => [[name, "P"] as const, [name, "S"] as const]))(
  "%s: what %s said is understood to its end",
  (name, from) => {
    const { node, said } = replay(name, from);
    // each update was answered, with the address only or with a reason; nothing we said would have hurt a stock partner
    const updates = heard(name, from).filter((message) => message.type === "BNDUPD").length;
    const answers = said.filter((message) => message.type === "BNDACK");
    expect(answers.length).toBeGreaterThan(0);
    expect(answers.length).toBeLessThanOrEqual(updates);
    for (const { options } of answers) {
      expect(Object.keys(options).sort()).toEqual(
        options.rejectReason === undefined ? ["assignedIpAddress"] : ["assignedIpAddress", "message", "rejectReason"],
      );
    }
    for (const { type, options } of said) {
      expect(options.vendorSpecificOptions).toBeUndefined();
      if (type === "BNDUPD") expect(options.bindingStatus).toBeGreaterThan(0);
      if (type === "CONNECT" || type === "CONNECTACK") expect(options.receiveTimer).toBeGreaterThanOrEqual(3);
    }
    expect(node.live.endpoint.partner).not.toBe("UNKNOWN");
  },
);

function heard(name: string, from: "P" | "S"): FailoverMessage[] {
  const rest = new Map<string, Uint8Array>();
  return captured(name).flatMap(({ sender, connection, what }) => {
    if (sender !== from || typeof what === "string") return [];
    const taken = takeFrames(rest.get(connection) ?? EMPTY_STREAM, what);
    rest.set(connection, taken.rest);
    return taken.frames.flatMap((frame) => {
      const message = decodeMessage(frame);
      return message.ok ? [message.value] : [];
    });
  });
}

test("leases that a real primary gave are ours to renew, with its horizon", () => {
  const { node } = replay("03-new-clients-and-renewals", "P");
  const lease = node.lease("10.77.0.110");
  expect(lease?.status).toBe("ACTIVE");
  if (lease === undefined) return;
  expect(timesOf(lease).tsfp - lease.starts).toBe(180);
  expect(lease.ends - lease.starts).toBe(120);
});

test("a real primary's EXPIRED frees the address here, and its BACKUP makes it ours", () => {
  const { node } = replay("05-expiry", "P");
  expect(node.lease("10.77.0.109")?.status).toBe("BACKUP");
  expect(node.lease("10.77.0.110")?.status).toBe("FREE");
});
