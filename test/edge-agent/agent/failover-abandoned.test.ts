import { expect, test } from "vitest";
import { pair } from "../../support/two-agents.ts";

test.each([1, 2, 3, 4, 5, 6])(
  "client %i declines its address at one partner, and has it again of the other: it is abandoned no more",
  (mac) => {
    const agents = pair();
    const { by, address } = agents.dora(mac);
    agents.wait(2);
    const partner = by === agents.primary ? agents.secondary : agents.primary;
    agents.cut();
    by.wait(1);
    partner.wait(1);
    by.send({ type: 4, mac, requested: address, serverId: by === agents.primary ? "10.77.0.2" : "10.77.0.3" });
    expect(by.record(address)?.status).toBe("ABANDONED");
    by.wait(2);
    partner.wait(2);
    expect(partner.send({ type: 3, mac, requested: address, secs: 60 })?.type).toBe(5);
    agents.carry(partner, partner.effects);
    // less than the lease that it was given
    agents.wait(15);
    expect(agents.states()).toEqual(["NORMAL", "NORMAL"]);
    expect(agents.both(address)).toEqual(["ACTIVE", "ACTIVE"]);
  },
);

test.each([1, 2, 3, 4, 5, 6])(
  "client %i's release waits in the socket of a stopped process, and it has the address again of the partner: it is still its own",
  (mac) => {
    const agents = pair();
    const { by, address } = agents.dora(mac);
    agents.wait(2);
    const partner = by === agents.primary ? agents.secondary : agents.primary;
    agents.cut();
    by.wait(1);
    partner.wait(10);
    expect(partner.send({ type: 3, mac, requested: address, secs: 60 })?.type).toBe(5);
    agents.carry(partner, partner.effects);
    by.wait(12);
    by.send({ type: 7, mac, ciaddr: address, serverId: by === agents.primary ? "10.77.0.2" : "10.77.0.3" });
    expect(by.record(address)?.status).toBe("RELEASED");
    // less than the lease that it was given
    agents.wait(12);
    expect(agents.states()).toEqual(["NORMAL", "NORMAL"]);
    expect(agents.both(address)).toEqual(["ACTIVE", "ACTIVE"]);
  },
);
