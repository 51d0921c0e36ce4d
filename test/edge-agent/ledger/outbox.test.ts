import { expect, test } from "vitest";
import { type BindingEvent, decodeEvent } from "../../../edge-agent/ledger/binding-event.ts";
import { append, type LastEntries, mergeLimits, type Outbox, openOutbox, queuedIn } from "../../../edge-agent/ledger/outbox.ts";
import { ipv4 } from "../../../edge-agent/values/ipv4.ts";

const T0 = 1_800_000_000_000;
const HOUR = 3_600_000;
const MERGE = 4;
const SQUEEZE = 8;

/** An outbox in memory, as full as is wanted, with nothing sent. */
function filled(events: number) {
  const rows = new Map<number, Uint8Array>();
  const lastOf: LastEntries = new Map();
  const read = (_lane: string, after: number, limit: number) =>
    [...rows]
      .filter(([seq]) => seq > after)
      .map(([seq, value]) => ({ seq, value }))
      .slice(0, limit);
  let outbox: Outbox = openOutbox("lab", {}, read);
  const add = (event: Partial<BindingEvent>, sentUpTo = 0): void => {
    const ts = event.ts ?? T0 + outbox.lastSeq;
    const full: BindingEvent = {
      ...{ address: ipv4(1), status: "ACTIVE", client: "m:1:aa", ts, expires: ts + HOUR, potential: ts + HOUR, epoch: 1 },
      ...{ hostname: undefined, fromPartner: false, renewal: false, renewals: 1, lastTs: ts, ...event },
    };
    const done = append(outbox, full, { lastOf, sentUpTo, backlog: MERGE, squeeze: SQUEEZE });
    outbox = done.outbox;
    if (done.write.kind === "outbox") rows.set(done.write.seq, done.write.value);
  };
  for (let index = 0; index < events; index++) add({ address: ipv4(1000 + index), client: `m:1:${index}` });
  return {
    add,
    queued: () => queuedIn(outbox),
    of: (address: number) => [...rows.values()].flatMap((value) => decodeEvent(value) ?? []).filter((event) => event.address === address),
  };
}

test("while the ledger keeps up every renewal is a row", () => {
  const outbox = filled(0);
  outbox.add({});
  outbox.add({ renewal: true });
  outbox.add({ renewal: true });
  expect(outbox.of(1).length).toBe(3);
});

test("with a long backlog successive renewals are one row, beside that of the lease", () => {
  const outbox = filled(MERGE);
  outbox.add({ ts: T0 });
  for (const hours of [1, 2, 3]) outbox.add({ renewal: true, ts: T0 + hours * HOUR });
  expect(outbox.of(1)).toMatchObject([
    { ts: T0, renewals: 1 },
    { ts: T0 + HOUR, lastTs: T0 + 3 * HOUR, expires: T0 + 4 * HOUR, renewals: 3, renewal: true },
  ]);
});

test("with the longest a lease and its renewals are one row; who had it when is all there", () => {
  const outbox = filled(SQUEEZE);
  outbox.add({ ts: T0 });
  for (const hours of [1, 2, 3]) outbox.add({ renewal: true, ts: T0 + hours * HOUR });
  outbox.add({ status: "RELEASED", ts: T0 + 3.5 * HOUR });
  outbox.add({ client: "m:1:bb", ts: T0 + 4 * HOUR });
  outbox.add({ client: "m:1:bb", renewal: true, ts: T0 + 5 * HOUR });
  expect(outbox.of(1)).toMatchObject([
    { client: "m:1:aa", status: "ACTIVE", ts: T0, lastTs: T0 + 3 * HOUR, expires: T0 + 4 * HOUR, renewals: 4, renewal: false },
    { client: "m:1:aa", status: "RELEASED", ts: T0 + 3.5 * HOUR },
    { client: "m:1:bb", status: "ACTIVE", ts: T0 + 4 * HOUR, lastTs: T0 + 5 * HOUR, renewals: 2 },
  ]);
});

test("nothing is merged into an end, into another client's lease, or into what may have been sent", () => {
  const outbox = filled(SQUEEZE);
  outbox.add({ status: "RELEASED" });
  outbox.add({ renewal: true });
  outbox.add({ client: "m:1:bb" });
  outbox.add({ renewal: true });
  const before = outbox.queued();
  outbox.add({ renewal: true }, before);
  expect(outbox.of(1).length).toBe(5);
});

test("what may wait in single renewals is a quarter of the free disk, and never more than on an ample one", () => {
  const waiting = (entries: number): Outbox => ({ ...openOutbox("lab", {}, () => []), lastSeq: entries });
  const on = (free: number | undefined, entries = 5000) => mergeLimits(waiting(entries), () => free);
  const ample = { backlog: 50_000, squeeze: 250_000 };
  expect(on(undefined)).toEqual(ample);
  expect(on(10 ** 12)).toEqual(ample);
  expect(mergeLimits(waiting(5000), undefined)).toEqual(ample);
  // 100 MB: room for 62,500 in a quarter of it
  expect(on(100_000_000)).toEqual({ backlog: 50_000, squeeze: 62_500 });
  expect(on(16_000_000)).toEqual({ backlog: 10_000, squeeze: 10_000 });
  expect(on(0)).toEqual({ backlog: 1000, squeeze: 1000 });
  // a short backlog does not look at the disk
  expect(mergeLimits(waiting(999), () => expect.unreachable())).toEqual(ample);
});
