import { describe, expect, test } from "vitest";
import { ISC_DHCPD, TANDEM_DHCPD } from "../support/dhcp-server.ts";
import { probe } from "../support/failover-probe.ts";
import { FRAMES, SET_UP } from "./cases/wire-connections.ts";
import { STATES, UPDATES } from "./cases/wire-updates.ts";

/**
 * The same script is played as the partner of a real dhcpd and of the agent; both must say the same. Where the agent departs, the row
 * says what it does instead, and why.
 */
describe.concurrent.each([...SET_UP, ...FRAMES, ...UPDATES, ...STATES])("$role: $name", (row) => {
  test("dhcpd and the agent say the same", async () => {
    const ours = await probe(TANDEM_DHCPD, row.role, row.script);
    if (row.departs !== undefined) {
      expect(ours.join("\n")).toMatch(row.departs.says);
      return;
    }
    const theirs = await probe(ISC_DHCPD, row.role, row.script);
    expect(ours).toEqual(theirs);
    expect(theirs).not.toContain("the server ended");
  });
});
