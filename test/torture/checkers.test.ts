import { expect, test } from "vitest";
import { judgeAll, relevantLines } from "./checkers/all.ts";
import type { DatabaseLease, Entry, Happening, LedgerRow } from "./history.ts";
import { planOf } from "./plan.ts";

const plan = planOf({ seed: 1, minutes: 1, partner: "tandem", ledger: true, rash: false, clocks: false, realClients: false });
const MCLT = plan.mclt * 1000;
const run: Happening = { kind: "run", plan, begun: 1_000_000_000_000 };
const bound = (client: number, address: string, seconds: number, server = "10.77.0.2") =>
  ({
    kind: "bound",
    client: `client-${client}`,
    hardware: `02:00:00:00:00:0${client}`,
    address,
    server,
    since: 0,
    until: seconds * 1000,
  }) as const;
const log = (who: "primary" | "secondary", text: string): Happening => ({ kind: "log", who, text });
const moves = (who: "primary" | "secondary", from: string, to: string): Happening =>
  log(who, `failover peer lab: I move from ${from} to ${to}`);
/** A history in which one thing happens each 100 ms. */
const history = (...happenings: readonly Happening[]): Entry[] =>
  [run, ...happenings, { kind: "done" } as const].map((happening, index) => ({ at: index * 100, ...happening }));
const complaints = (...happenings: readonly Happening[]): string[] => judgeAll(history(...happenings)).map(({ complaint }) => complaint);
const seconds = plan.mclt;

test("a history without fault is clean", () => {
  const lease: DatabaseLease = { address: "10.77.1.20", status: "active", hardware: "02:00:00:00:00:01", ends: 1_000_000_000 + seconds };
  const found = complaints(
    moves("primary", "startup", "normal"),
    log("primary", "DHCPACK on 10.77.1.20 to 02:00:00:00:00:01 via cli0"),
    bound(1, "10.77.1.20", seconds),
    { kind: "demand", what: "both servers are normal", met: true, seconds: 1, detail: "" },
    { kind: "database", who: "primary", leases: [lease] },
    { kind: "ended", who: "primary", status: "SIGKILL", expected: true },
  );
  expect(found).toEqual([]);
});

test("an address that two clients hold at once is found, and one that was given up is not", () => {
  const [found] = complaints(bound(1, "10.77.1.20", seconds), bound(2, "10.77.1.20", seconds));
  expect(found).toMatch(/10\.77\.1\.20 went to client-2, but is client-1's for \d+ s more/);
  expect(
    complaints(
      bound(1, "10.77.1.20", seconds),
      { kind: "gone", client: "client-1", address: "10.77.1.20" },
      bound(2, "10.77.1.20", seconds),
    ),
  ).toEqual([]);
});

test("answers of a server that must be silent are found, by its log", () => {
  const ack = log("secondary", "DHCPACK on 10.77.1.20 to 02:00:00:00:00:01 via cli0");
  expect(complaints(ack)[0]).toMatch(/answers in startup/);
  expect(complaints(moves("secondary", "startup", "recover"), ack)[0]).toMatch(/answers in recover/);
  expect(complaints(moves("secondary", "startup", "normal"), ack)).toEqual([]);
});

test("two servers that both serve alone are found", () => {
  const primary = moves("primary", "communications-interrupted", "partner-down");
  expect(complaints(primary, moves("secondary", "startup", "partner-down"))).toEqual(["both servers are in partner-down"]);
});

test("a new lease beyond MCLT is found; one that the client was told of before is not new", () => {
  const long = bound(1, "10.77.1.20", MCLT / 1000 + 5);
  expect(complaints(moves("primary", "startup", "normal"), long)[0]).toMatch(/new to it, for/);
  const told = log("primary", "DHCPACK on 10.77.1.20 to 02:00:00:00:00:01 via cli0");
  const wait: Happening[] = Array.from({ length: 12 }, () => ({ kind: "note", who: "x", text: "" }));
  expect(complaints(moves("primary", "startup", "normal"), told, ...wait, long)).toEqual([]);
});

test("a server that ends by itself, a demand that is not met and trouble of the torture's own are found", () => {
  expect(complaints({ kind: "ended", who: "primary", status: "70", expected: false })).toEqual(["primary ended with 70"]);
  expect(complaints({ kind: "demand", what: "peace", met: false, seconds: 9, detail: "war" })).toEqual([
    '"peace" is not met after 9 s: war',
  ]);
  expect(complaints({ kind: "trouble", text: "no nft" })).toEqual(["no nft"]);
  expect(judgeAll([{ at: 0, ...run }])).toMatchObject([{ complaint: "this history is cut off" }]);
});

test("a lease that a database forgot, gave to another or ends early is found", () => {
  const held = bound(1, "10.77.1.20", seconds);
  const lease: DatabaseLease = { address: "10.77.1.20", status: "active", hardware: "02:00:00:00:00:01", ends: 1_000_000_000 + seconds };
  const database = (...leases: DatabaseLease[]): Happening => ({ kind: "database", who: "secondary", leases });
  expect(complaints(held, database(lease))).toEqual([]);
  expect(complaints(held, database())[0]).toMatch(/secondary knows nothing of it/);
  expect(complaints(held, database({ ...lease, status: "free" }))).toHaveLength(1);
  expect(complaints(held, database({ ...lease, hardware: "02:00:00:00:00:02" }))).toHaveLength(1);
  expect(complaints(held, database({ ...lease, ends: lease.ends - 4 }))).toHaveLength(1);
});

test("a ledger that misses a lease, an event or has a conflict is found", () => {
  const held = bound(1, "10.77.1.20", seconds);
  const row: LedgerRow = {
    address: "10.77.1.20",
    status: "ACTIVE",
    client: "m:1:020000000001",
    ts: 1_000_000_000_050,
    lastTs: 1_000_000_000_050,
    expires: 1_000_000_000_000 + seconds * 1000,
    server: "primary",
    seq: 1,
    ord: "1",
    merged: 1,
    late: false,
    conflict: false,
    claim: false,
  };
  const ledger = (conflicts: number, ...rows: LedgerRow[]): Happening => ({
    kind: "ledger",
    rows,
    cursors: { primary: rows.length, secondary: 0 },
    conflicts,
  });
  expect(complaints(held, ledger(0, row))).toEqual([]);
  expect(complaints(held, ledger(0))[0]).toMatch(/no row of the history tells that client-1/);
  expect(complaints(held, ledger(0, { ...row, client: "m:1:020000000002" }))).toHaveLength(1);
  expect(complaints(held, ledger(0, { ...row, expires: row.expires - 4000 }))).toHaveLength(1);
  expect(complaints(held, ledger(0, row, { ...row, seq: 3, ts: row.ts + 1 }))[0]).toBe("the rows of primary number 1, then 3");
  expect(complaints(held, ledger(1, row))).toEqual(["the ledger has 1 conflicts"]);
  expect(complaints(held, ledger(0, { ...row, conflict: true }))[0]).toMatch(/contradicts its holder/);
  // a server tells by its own clock, which is 90 s ahead for 20 s; what it tells later comes no sooner
  const ahead: Happening = { kind: "fault", who: "primary", text: "its wall clock is set to 90 s beside the true time for 20.0 s" };
  const told = { ...row, ts: row.ts + 90_000, expires: row.expires + 90_000 };
  expect(complaints(ahead, held, ledger(0, told))).toEqual([]);
  expect(complaints(ahead, held, ledger(0, { ...told, ts: told.ts + 9000 }))).toHaveLength(1);
  expect(complaints(held, ledger(0, told))).toHaveLength(1);
  expect(complaints({ ...ahead, who: "secondary" }, held, ledger(0, told))).toHaveLength(1);
});

test("the lines shown with a violation are those about its clients and address, and what happened to the servers", () => {
  const entries = history(bound(1, "10.77.1.20", seconds), bound(3, "10.77.1.2", seconds), bound(2, "10.77.1.20", seconds));
  const [violation] = judgeAll(entries);
  expect(violation && relevantLines(entries, violation)).toHaveLength(2);
});

test("every seed plans faults, and no other kinds than were asked for", () => {
  for (let seed = 0; seed < 200; seed += 1) {
    const { faults } = planOf({
      seed,
      minutes: 1,
      partner: "isc",
      ledger: false,
      rash: false,
      clocks: false,
      realClients: false,
      only: ["kill"],
    });
    expect(Object.entries(faults).filter(([, mean]) => mean > 0)).toEqual([["kill", expect.any(Number)]]);
    const any = planOf({ seed, minutes: 1, partner: "tandem", ledger: false, rash: false, clocks: false, realClients: false });
    expect(Object.values(any.faults).some((mean) => mean > 0)).toBe(true);
    expect(any.faults.clockStep + any.faults.ledgerCut).toBe(0);
  }
});
