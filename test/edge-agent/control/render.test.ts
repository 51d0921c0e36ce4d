import { expect, test } from "vitest";
import type { StatusReport } from "../../../edge-agent/control/protocol.ts";
import { duration, renderLeases, renderStatus } from "../../../edge-agent/control/render.ts";

const report: StatusReport = {
  version: "0.1.0",
  now: 1_000_000,
  startedAt: 1_000_000 - 90_061,
  configurationFile: "/etc/dhcp/dhcpd.conf",
  pools: [
    {
      network: "10.0.0.0/24",
      ranges: ["10.0.0.10-10.0.0.20"],
      relationship: "lab",
      total: 11,
      free: 4,
      backup: 4,
      active: 3,
      abandoned: 0,
      settling: 0,
    },
  ],
  relationships: [
    {
      name: "lab",
      role: "primary",
      state: "PARTNER-DOWN",
      since: 999_900,
      partnerState: "NORMAL",
      partnerSince: 999_000,
      partnerAddress: "10.78.0.3",
      partnerKind: "isc",
      link: "down",
      linkNote: "connection refused",
      mclt: 60,
      unacked: 0,
      owed: 2,
      serving: true,
      waits: [{ reason: "the partner's free addresses rest", until: 1_000_020 }],
    },
  ],
  ledger: { configured: false, note: "The rules of the failover protocol alone apply." },
};

test("the status names states, link, waits and pools", () => {
  expect(renderStatus(report)).toMatchInlineSnapshot(`
    "Tandem 0.1.0, up 1d 1h, /etc/dhcp/dhcpd.conf

    failover "lab" (primary)
      state       PARTNER-DOWN for 1m 40s
      partner     NORMAL for 16m 40s (10.78.0.3, isc)
      link        down: connection refused
      updates     0 unacknowledged, 2 owed to the partner
      mclt        60 s
      waiting     the partner's free addresses rest, 20s more

    ledger: none. The rules of the failover protocol alone apply.

    network      ranges               failover  total  active  free  backup  abandoned  settling
    10.0.0.0/24  10.0.0.10-10.0.0.20  lab          11       3     4       4          0         0
    "
  `);
});

test("a client's name cannot steer the terminal", () => {
  const text = renderLeases([{ address: "10.0.0.1", status: "ACTIVE", starts: 0, ends: 1_769_860_800, hostname: "a\u001b[2Jb" }]);
  expect(text).toContain("a\\033[2Jb");
  expect(text).toContain("2026-01-31 12:00:00Z");
});

test.each([
  [0, "0s"],
  [59, "59s"],
  [60, "1m"],
  [3661, "1h 1m"],
  [86_400, "1d"],
  [90_061, "1d 1h"],
])("%d seconds are %s", (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});
