import { describe, expect, test } from "vitest";
import { commandForState, commandRefusal } from "../../../edge-agent/failover/command.ts";
import { service } from "../../../edge-agent/failover/permissions.ts";
import { relationshipStatus } from "../../../edge-agent/failover/status.ts";
import { seconds } from "../../../edge-agent/values/time.ts";
import { Pair } from "./pair.ts";

const statusOf = (pair: Pair, role: "primary" | "secondary" = "primary") =>
  relationshipStatus(pair[role].live, pair[role].store.view, pair.at);

describe("status", () => {
  test("of a pair in NORMAL", () => {
    const pair = new Pair().start();
    expect(statusOf(pair)).toMatchObject({
      ...{ name: "lab", role: "primary", state: "NORMAL", partnerState: "NORMAL", link: "up", skew: 0, service: "cooperating", mclt: 20 },
      ...{ unacked: 0, owed: 0, refused: 0, silence: "" },
    });
    expect(statusOf(pair).pools[0]?.counts).toMatchObject({ FREE: 10, BACKUP: 10 });
    expect(statusOf(pair).partnerVendorClass).toContain("tandem-");
  });
  test("counts down what comes by itself", () => {
    const pair = new Pair(20, { autoPartnerDown: seconds(60), mclt: seconds(600) });
    pair.start(pair.primary);
    expect(statusOf(pair)).toMatchObject({ state: "STARTUP", countdowns: [{ what: "startup-ends", seconds: 15 }] });
    pair.start(pair.secondary);
    pair.kill(pair.secondary);
    pair.pass(10);
    expect(statusOf(pair).countdowns).toEqual([{ what: "auto-partner-down", seconds: 50 }]);
    pair.pass(50);
    expect(statusOf(pair)).toMatchObject({
      state: "PARTNER-DOWN",
      service: "everybody",
      countdowns: [{ what: "partners-free-usable", seconds: 600 }],
    });
  });
  test("an attested last sign of life shortens the wait", () => {
    const pair = new Pair(20, { mclt: seconds(600) }).start();
    pair.kill(pair.secondary);
    pair.pass(300);
    pair.command(pair.primary, { verb: "partner-down", lastAlive: (pair.now - 300) as never });
    expect(statusOf(pair).countdowns).toEqual([{ what: "partners-free-usable", seconds: 300 }]);
  });
});

describe("whom we serve", () => {
  test("nobody in STARTUP, with dhcpd's words", () => {
    const pair = new Pair();
    pair.start(pair.primary);
    expect(service(pair.primary.live)).toEqual({ service: "none", silence: " (startup)" });
  });
  test("a stock partner's last known state silences us, but not in our own PARTNER-DOWN", () => {
    const pair = new Pair().start();
    const { endpoint } = pair.primary.live;
    endpoint.state = "COMMUNICATIONS-INTERRUPTED";
    endpoint.partner = "PARTNER-DOWN";
    expect(service(pair.primary.live)).toEqual({ service: "none", silence: " (peer demands: recovering)" });
    endpoint.partner = "CONFLICT-DONE";
    expect(service(pair.primary.live).service).toBe("everybody");
    endpoint.partnerIsTandem = false;
    expect(service(pair.primary.live).silence).toBe(" (peer demands: resolving conflicts)");
    endpoint.state = "PARTNER-DOWN";
    expect(service(pair.primary.live).service).toBe("everybody");
  });
  test("between two of our kind RECOVER-DONE renews and CONFLICT-DONE serves; with a stock partner both are silent", () => {
    const pair = new Pair().start();
    const { endpoint } = pair.primary.live;
    endpoint.partner = "COMMUNICATIONS-INTERRUPTED";
    for (const [state, expected] of [
      ["RECOVER-DONE", "renewals"],
      ["CONFLICT-DONE", "everybody"],
    ] as const) {
      endpoint.state = state;
      endpoint.partnerIsTandem = true;
      expect(service(pair.primary.live).service).toBe(expected);
      endpoint.partnerIsTandem = false;
      expect(service(pair.primary.live).service).toBe("none");
    }
  });
});

describe("operators", () => {
  test("omshell's numbers", () => {
    expect(commandForState(4)).toEqual({ verb: "set-state", state: "PARTNER-DOWN" });
    expect(commandForState(254)).toEqual({ verb: "set-state", state: "RECOVER-WAIT" });
    for (const number of [0, 1, 12, -1]) expect(commandForState(number)).toBeUndefined();
  });
  test("what would make a stock partner exit is refused", () => {
    const pair = new Pair().start();
    const { endpoint } = pair.secondary.live;
    endpoint.partner = "CONFLICT-DONE";
    endpoint.partnerIsTandem = false;
    for (const verb of ["partner-down", "recover", "pause", "shutdown"] as const) {
      expect(commandRefusal(pair.secondary.live, { verb })).toContain("resolving a conflict");
    }
  });
  test("pause and resume, rebalance", () => {
    const pair = new Pair().start();
    pair.command(pair.secondary, { verb: "pause" });
    expect([pair.primary.state, pair.secondary.state]).toEqual(["COMMUNICATIONS-INTERRUPTED", "PAUSED"]);
    pair.command(pair.primary, { verb: "rebalance" });
    expect(pair.primary.log.at(-1)).toContain("refused");
    pair.command(pair.secondary, { verb: "resume" });
    expect([pair.primary.state, pair.secondary.state]).toEqual(["NORMAL", "NORMAL"]);
    for (let index = 0; index < 8; index += 1) pair.grant(pair.primary, `10.77.0.11${index}`, index);
    pair.command(pair.secondary, { verb: "rebalance" });
    expect(pair.secondary.counts()).toMatchObject({ ACTIVE: 8, FREE: 6, BACKUP: 6 });
  });
  test("of two of our kind each proves to the other that it is heard", () => {
    const pair = new Pair().start();
    pair.pass(25);
    expect(pair.primary.live.link.answeredAt).toBeGreaterThanOrEqual(10_000);
    pair.secondary.live.link.answers = false;
    const before = pair.primary.live.link.answeredAt;
    pair.pass(60);
    // an acknowledged update is no answer: nothing withholds it
    pair.grant(pair.primary, "10.77.0.110", 1);
    pair.pass(5);
    expect(pair.primary.live.link.answeredAt).toBe(before);
  });
});
