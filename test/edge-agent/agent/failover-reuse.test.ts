import { describe, expect, test } from "vitest";
import { conf, pair } from "../../support/two-agents.ts";

describe.each(["25", "99"])("dhcp-cache-threshold %s", (threshold) => {
  test("a client that gave its address up at one partner and has it again of the other keeps it, whatever the release says when they meet", () => {
    const agents = pair();
    for (const role of ["primary", "secondary"] as const)
      agents.carry(agents[role], agents[role].configure(conf(role, "", `dhcp-cache-threshold ${threshold};`)));
    agents.settle();
    const { by, address } = agents.dora(1);
    agents.wait(2);
    expect(agents.both(address)).toEqual(["ACTIVE", "ACTIVE"]);
    const partner = by === agents.primary ? agents.secondary : agents.primary;
    agents.cut();
    // nothing passes between the two until they settle
    by.wait(1);
    partner.wait(1);
    by.send({ type: 7, mac: 1, ciaddr: address, serverId: by === agents.primary ? "10.77.0.2" : "10.77.0.3" });
    expect(by.record(address)?.status).toBe("RELEASED");
    by.wait(1);
    partner.wait(1);
    expect(partner.send({ type: 3, mac: 1, requested: address, secs: 60 })?.type).toBe(5);
    agents.carry(partner, partner.effects);
    agents.wait(90);
    expect(agents.states()).toEqual(["NORMAL", "NORMAL"]);
    expect(agents.both(address)).toEqual(["ACTIVE", "ACTIVE"]);
  });
});
