import { describe, expect, test } from "vitest";
import { balancePools } from "../../../edge-agent/failover/binding/pool.ts";
import { moveConnection } from "../../../edge-agent/failover/link/connections.ts";
import { onFailoverEvent, onFailoverTick } from "../../../edge-agent/failover/step.ts";
import { SERVER_STATE_CODES } from "../../../edge-agent/failover/wire/codes.ts";
import { EMPTY_STREAM, takeFrames } from "../../../edge-agent/failover/wire/frame.ts";
import { decodeMessage, encodeMessage, type FailoverMessage } from "../../../edge-agent/failover/wire/message.ts";
import type { MessageType, Options } from "../../../edge-agent/failover/wire/options.ts";
import { VENDOR_CLASS } from "../../../edge-agent/failover/wire/private-data.ts";
import { epochSeconds, monotonicMillis } from "../../../edge-agent/values/time.ts";
import { connectTerms } from "../../support/failover-peer.ts";
import { address, Node, Pair, peer } from "./pair.ts";

const START = 1_795_000_000;

/** One server of ours with a dhcpd that says what it is told, to the millisecond. */
class Wire {
  readonly node: Node;
  readonly heard: FailoverMessage[] = [];
  millis = 0;
  closed = false;
  #link = 0;
  #xid = 0;

  constructor(role: "primary" | "secondary") {
    this.node = new Node("ours", peer(role), 20);
    this.node.start(this.at);
  }
  get at() {
    return { now: epochSeconds(START + Math.floor(this.millis / 1000)), monotonic: monotonicMillis(this.millis), wallOffset: 0 };
  }
  pass(millis: number): void {
    this.millis += millis;
    this.node.turn(this.at, (turn) => onFailoverTick(turn, this.node.live));
    this.#take();
  }
  open(): void {
    this.#link += 1;
    this.#xid = 0;
    this.closed = false;
    this.node.turn(this.at, (turn) =>
      onFailoverEvent(turn, this.node.live, { kind: "failover-link-opened", peer: "lab", link: this.#link, direction: "accepted" }),
    );
    this.#take();
  }
  say(type: MessageType, options: Options, xid = this.#xid): void {
    this.#xid += 1;
    const bytes = encodeMessage({ type, time: this.at.now, xid, options });
    this.node.turn(this.at, (turn) =>
      onFailoverEvent(turn, this.node.live, { kind: "failover-bytes", peer: "lab", link: this.#link, bytes }),
    );
    this.#take();
  }
  state(name: keyof typeof SERVER_STATE_CODES, serverFlags = 0): void {
    this.say("STATE", { serverState: SERVER_STATE_CODES[name], serverFlags, startTimeOfState: START });
  }
  lose(): void {
    this.node.turn(this.at, (turn) =>
      onFailoverEvent(turn, this.node.live, { kind: "failover-link-closed", peer: "lab", link: this.#link, reason: "lost" }),
    );
    this.#take();
  }
  /** States that we told since last asked. */
  told(): (number | undefined)[] {
    const states = this.heard.filter(({ type }) => type === "STATE").map(({ options }) => options.serverState);
    this.heard.length = 0;
    return states;
  }
  #take(): void {
    for (const effect of this.node.effects.splice(0)) {
      if (effect.kind === "failover-close") this.closed = true;
      if (effect.kind !== "failover-send") continue;
      for (const frame of takeFrames(EMPTY_STREAM, effect.bytes).frames) {
        const message = decodeMessage(frame);
        if (message.ok) this.heard.push(message.value);
      }
    }
  }
}

/** What a CONNECTACK says. */
const answer = (): Options => {
  const { mclt: _, hashBucketAssignment: __, tlsRequest: ___, ...terms } = connectTerms();
  return terms;
};

/** A secondary of ours whose dhcpd has been lost; `then` brings it where it is to be. */
function secondary(then: (wire: Wire) => void): Wire {
  const wire = new Wire("secondary");
  wire.open();
  wire.say("CONNECT", connectTerms());
  wire.state("NORMAL", 1);
  then(wire);
  wire.lose();
  wire.told();
  wire.open();
  wire.say("CONNECT", connectTerms());
  return wire;
}
const set = (wire: Wire, state: "POTENTIAL-CONFLICT" | "PARTNER-DOWN" | "NORMAL") => {
  wire.node.turn(wire.at, (turn) =>
    onFailoverEvent(turn, wire.node.live, { kind: "failover-command", peer: "lab", command: { verb: "set-state", state } }),
  );
};

describe("our first STATE of a connection with a dhcpd that it could end", () => {
  const resolving = () =>
    secondary((wire) => {
      wire.state("RESOLUTION-INTERRUPTED");
      set(wire, "POTENTIAL-CONFLICT");
    });

  test("waits for its own, and then says what that bears", () => {
    const wire = resolving();
    expect(wire.told()).toEqual([]);
    wire.state("NORMAL", 1);
    expect(wire.told()).toEqual([SERVER_STATE_CODES["PARTNER-DOWN"]]);
    const other = resolving();
    other.state("COMMUNICATIONS-INTERRUPTED");
    expect(other.told()[0]).toBe(SERVER_STATE_CODES["POTENTIAL-CONFLICT"]);
  });
  test("is sent after 300 ms if nothing comes", () => {
    const wire = resolving();
    wire.pass(299);
    expect(wire.told()).toEqual([]);
    wire.pass(1);
    expect(wire.told()).toEqual([SERVER_STATE_CODES["RESOLUTION-INTERRUPTED"]]);
  });
  test("is sent at once between our own kind", () => {
    const wire = new Wire("primary");
    wire.open();
    wire.say("CONNECTACK", { ...answer(), vendorClassIdentifier: VENDOR_CLASS });
    expect(wire.told()).toEqual([SERVER_STATE_CODES.RECOVER]);
  });
  test("waits longer for a partner that was in CONFLICT-DONE, which exits when it hears of PARTNER-DOWN", () => {
    const wire = secondary((each) => {
      each.state("COMMUNICATIONS-INTERRUPTED");
      set(each, "PARTNER-DOWN");
      each.state("CONFLICT-DONE");
      each.node.live.endpoint.state = "PARTNER-DOWN";
    });
    wire.pass(2_000);
    expect(wire.told()).toEqual([]);
    wire.state("CONFLICT-DONE", 1);
    expect(wire.told()).toEqual([SERVER_STATE_CODES["POTENTIAL-CONFLICT"]]);
  });
});

test("a running dhcpd that is NORMAL is not told of a conflict: the connection is ended, and the conflict resolved on the next", () => {
  const wire = new Wire("primary");
  wire.open();
  wire.say("CONNECTACK", answer());
  wire.state("COMMUNICATIONS-INTERRUPTED");
  set(wire, "PARTNER-DOWN");
  wire.pass(0);
  expect(wire.told().at(-1)).toBe(SERVER_STATE_CODES["PARTNER-DOWN"]);
  wire.state("NORMAL");
  expect(wire.told()).toEqual([]);
  expect(wire.closed).toBe(true);
  expect(wire.node.log.join("\n")).toContain("must not hear of potential-conflict");
  wire.open();
  wire.say("CONNECTACK", answer());
  wire.state("COMMUNICATIONS-INTERRUPTED");
  expect(wire.told().at(-1)).toBe(SERVER_STATE_CODES["POTENTIAL-CONFLICT"]);
  expect(wire.node.live.endpoint.requested?.type).toBeDefined();
});

test("a connection that turns out to be another relationship's goes to it; the first tries again", () => {
  const [from, to] = [new Wire("secondary"), new Wire("secondary")];
  from.open();
  const connection = [...from.node.live.link.connections.values()][0];
  if (connection === undefined) throw new Error("no connection");
  from.node.live.link.dialAt = undefined;
  from.node.turn(from.at, (turn) => moveConnection(turn, from.node.live, to.node.live, connection));
  expect(from.node.live.link.connections.size).toBe(0);
  expect(from.node.live.link.dialAt).toBe(5000);
  expect(to.node.live.link.connections.get(connection.id)).toBe(connection);
});

describe("reserved addresses", () => {
  test("are nobody's to share out, and count for nobody", () => {
    const pair = new Pair();
    pair.start(pair.primary);
    for (const last of [100, 101, 102, 103])
      pair.change(pair.primary, `10.77.0.${last}`, (lease) => ({
        ...lease,
        reserved: true,
        hardware: { htype: 1, bytes: Uint8Array.of(2, last) },
      }));
    pair.start(pair.secondary);
    // sixteen to share: eight each, none of them reserved
    expect(pair.primary.counts()).toMatchObject({ FREE: 12, BACKUP: 8 });
    expect(pair.primary.live.reserved.size).toBe(4);
    for (const last of [100, 101, 102, 103])
      expect(pair.primary.lease(`10.77.0.${last}`)).toMatchObject({ status: "FREE", reserved: true });
    pair.primary.turn(pair.at, (turn) => expect(balancePools(turn, pair.primary.live)).toMatchObject({ given: 0 }));
    expect(pair.secondary.live.reserved.size).toBe(4);
  });
  test("that lose the flag are shared out again", () => {
    const pair = new Pair();
    pair.start(pair.primary);
    pair.change(pair.primary, "10.77.0.100", (lease) => ({ ...lease, reserved: true }));
    pair.change(pair.primary, "10.77.0.100", (lease) => ({ ...lease, reserved: false }));
    pair.start(pair.secondary);
    expect(pair.primary.live.reserved.size).toBe(0);
    expect(pair.primary.counts()).toMatchObject({ FREE: 10, BACKUP: 10 });
    expect(address("10.77.0.100")).toBeGreaterThan(0);
  });
});

test("a dhcpd that tells nothing it was asked for has its count of updates freed, and is asked again", () => {
  const wire = new Wire("secondary");
  wire.open();
  wire.say("CONNECT", connectTerms());
  wire.state("RECOVER");
  const first = wire.heard.find(({ type }) => type === "UPDREQALL");
  expect(first).toBeDefined();
  wire.heard.length = 0;
  wire.pass(14_900);
  expect(wire.heard.filter(({ type }) => type !== "CONTACT")).toEqual([]);
  wire.pass(200);
  const said = wire.heard.filter(({ type }) => type !== "CONTACT");
  expect(said.at(-1)?.type).toBe("UPDREQALL");
  expect(said.at(-1)?.xid).not.toBe(first?.xid);
  const givenUp = said.slice(0, -1);
  expect(givenUp).toHaveLength(20);
  expect(givenUp.every(({ type, options }) => type === "BNDACK" && options.rejectReason === 15)).toBe(true);
  // what it tells then ends it as ever
  wire.say("UPDDONE", {}, said.at(-1)?.xid);
  expect(wire.told().at(-1)).toBe(SERVER_STATE_CODES["RECOVER-DONE"]);
});
