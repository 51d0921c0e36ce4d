import { expect, test } from "vitest";
import { timesOf } from "../../../edge-agent/failover/lease-times.ts";
import { onFailoverEvent, onFailoverTick } from "../../../edge-agent/failover/step.ts";
import { SERVER_STATE_CODES } from "../../../edge-agent/failover/wire/codes.ts";
import { EMPTY_STREAM, takeFrames } from "../../../edge-agent/failover/wire/frame.ts";
import { decodeMessage } from "../../../edge-agent/failover/wire/message.ts";
import { epochSeconds, monotonicMillis } from "../../../edge-agent/values/time.ts";
import { harmsIn, type Said } from "../../support/failover-harm.ts";
import { CAPTURES, captured, REFUSALS } from "./captured.ts";
import { Node, peer } from "./pair.ts";

const WE = "ours";
const THEY = "theirs";

/** Plays what one real dhcpd said to an endpoint of ours in the other's place, at the moments at which it was said. */
function replay(name: string, heardFrom: "P" | "S"): { node: Node; said: Said[] } {
  // a primary that offers more than twice what the secondary takes would begin the connection anew
  const node = new Node("ours", peer(heardFrom === "P" ? "secondary" : "primary", { maxUnackedUpdates: 4 }), 40);
  const said: Said[] = [];
  const links = new Map<string, number>();
  const rest = new Map<string, Uint8Array>();
  const happenings = captured(name);
  const start = happenings[0]?.at ?? 0;
  const at = (time: number) => ({
    now: epochSeconds(Math.floor(time)),
    monotonic: monotonicMillis(Math.round((time - start) * 1000)),
    wallOffset: 0,
  });
  const take = (from: string, link: number, time: number, bytes: Uint8Array) => {
    const key = `${from} ${link}`;
    const taken = takeFrames(rest.get(key) ?? EMPTY_STREAM, bytes);
    rest.set(key, taken.rest);
    for (const frame of taken.frames) {
      const message = decodeMessage(frame);
      if (from === WE) expect(message.ok).toBe(true);
      if (message.ok) said.push({ at: time, from, stream: link, bytes: new Uint8Array(frame), message: message.value });
    }
  };
  const hear = (time: number) => {
    for (const effect of node.effects.splice(0)) {
      if (effect.kind === "failover-send") take(WE, effect.link, time, effect.bytes);
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
      take(THEY, known, time, what);
      node.turn(at(time), (turn) => onFailoverEvent(turn, node.live, { kind: "failover-bytes", peer: "lab", link: known, bytes: what }));
    }
    hear(time);
  }
  return { node, said };
}

const EXCHANGES = CAPTURES.filter((name) => !REFUSALS.includes(name));

test.each(EXCHANGES.flatMap((name) => [[name, "P"] as const, [name, "S"] as const]))(
  "%s: what %s said is understood to its end",
  (name, from) => {
    const { node, said } = replay(name, from);
    // each update was answered once, with the address only or with a reason; nothing that we said would have hurt a stock partner
    const updates = said.filter(({ from, message }) => from === THEY && message.type === "BNDUPD");
    // xid 0 gives up what dhcpd may count as under way since an earlier connection
    const answers = said.filter(({ from, message }) => from === WE && message.type === "BNDACK" && message.xid !== 0);
    expect(answers.length).toBeGreaterThan(0);
    expect(answers.length).toBeLessThanOrEqual(updates.length);
    for (const { message } of answers) {
      expect(Object.keys(message.options).sort()).toEqual(
        message.options.rejectReason === undefined ? ["assignedIpAddress"] : ["assignedIpAddress", "message", "rejectReason"],
      );
    }
    expect([...harmsIn(said, WE)]).toEqual([]);
    const last = said.filter(({ from, message }) => from === THEY && message.type === "STATE").at(-1);
    expect(SERVER_STATE_CODES[node.live.endpoint.partner]).toBe(last?.message.options.serverState);
  },
);

test.each([
  ["23-name-mismatch", "S"],
  ["25-connect-rejects", "P"],
  ["25-connect-rejects", "S"],
] as const)("%s: what %s said is refused, or refuses us", (name, from) => {
  const { node, said } = replay(name, from);
  expect([...harmsIn(said, WE)]).toEqual([]);
  expect(said.some(({ from }) => from === WE)).toBe(true);
  expect(node.live.link.refusal).toBeDefined();
});

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
