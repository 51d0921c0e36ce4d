import { describe, expect, test } from "vitest";
import { ISC_DHCPD, TANDEM_DHCPD } from "../support/dhcp-server.ts";
import type { Role } from "../support/failover-config.ts";
import { type Probe, pool, probe, STATE, STATUS } from "../support/failover-probe.ts";

/** In which order a server tells everything that it was asked for by UPDREQALL. */

/** By number in the pool: none is where its status would put it. */
const STATES: readonly string[] = ["backup", "abandoned", "expired", "active", "free", "backup", "abandoned", "active"];
/** What is not in the lease file is free and was never used. */
const POOL = 20;

const stamp = (time: number): string => {
  const at = new Date(time * 1000);
  return `${at.getUTCDay()} ${at.toISOString().slice(0, 10).replaceAll("-", "/")} ${at.toISOString().slice(11, 19)}`;
};

function leaseFile(): string {
  const now = Math.floor(Date.now() / 1000);
  const [past, future] = [stamp(now - 600), stamp(now + 3600)];
  const leases = STATES.map((state, index) => {
    const ends = state === "active" || state === "abandoned" ? future : past;
    const client = state === "abandoned" ? "" : `  hardware ethernet 02:00:00:00:00:0${index};\n`;
    const dates = `  starts ${past};\n  ends ${ends};\n  tstp ${ends};\n  tsfp ${ends};\n  atsfp ${ends};\n  cltt ${past};\n`;
    return `lease 10.77.0.${100 + index} {\n${dates}  binding state ${state};\n${client}}\n`;
  });
  return `failover peer "lab" state {\n  my state normal at ${past};\n  partner state normal at ${past};\n}\n${leases.join("")}`;
}

/** The partner has lost everything and asks for it; every update is acknowledged. */
async function lost(each: Probe): Promise<void> {
  await each.link(STATE.recover);
  await each.peer.say("UPDREQALL", {});
  await each.acknowledge(6000);
}

const ORDER = [STATUS.free, STATUS.active, STATUS.expired, STATUS.abandoned, STATUS.backup];

/** What was told until UPDDONE: the statuses in their order, and the addresses by number in the pool. */
function order(story: readonly string[]): { readonly statuses: readonly number[]; readonly addresses: readonly number[] } {
  const done = story.findIndex((line) => line.startsWith("UPDDONE"));
  const told = story.slice(0, done).filter((line) => line.startsWith("BNDUPD"));
  const runs: number[] = [];
  for (const line of told) {
    const status = Number(/bindingStatus=(\d)/.exec(line)?.[1]);
    if (runs.at(-1) !== status) runs.push(status);
  }
  return { statuses: runs, addresses: told.map((line) => Number(/assignedIpAddress=(\d+)/.exec(line)?.[1]) - pool(0)) };
}

const everyAddress = Array.from({ length: POOL }, (_, index) => index);

describe.concurrent.each(["primary", "secondary"] as const)("a %s that lost everything asks its partner", (role: Role) => {
  test("a dhcpd tells everything by status: free, active, expired, abandoned, backup", async () => {
    const { statuses, addresses } = order(await probe(ISC_DHCPD, role, lost, leaseFile()));
    expect(statuses).toEqual(ORDER);
    expect(addresses.toSorted((left, right) => left - right)).toEqual(everyAddress);
  });

  test("the agent tells the same addresses, in their order", async () => {
    expect(order(await probe(TANDEM_DHCPD, role, lost, leaseFile())).addresses).toEqual(everyAddress);
  });
});
