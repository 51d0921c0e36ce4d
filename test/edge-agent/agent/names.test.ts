import { expect, test } from "vitest";
import { NamesAtWork } from "../../../edge-agent/agent/names.ts";
import type { DnsTask } from "../../../edge-agent/ddns/transaction.ts";
import { ipv4 } from "../../../edge-agent/values/ipv4.ts";

const ADDRESS = ipv4(0x0a000005);
const owner = { style: "standard", data: Uint8Array.of(0, 0, 1) } as const;
const adding: readonly DnsTask[] = [
  { kind: "add-forward", name: "a.example", ttl: 60, owner, conflictDetection: true },
  { kind: "add-reverse", reverseName: "5.0.0.10.in-addr.arpa.", name: "a.example", ttl: 60 },
];
const kindsOf = (names: NamesAtWork, id: number) => names.take(id)?.transaction.tasks.map(({ kind }) => kind);

test("a lease that ends while its forward record is being added has it taken away again, and gets no reverse record", () => {
  const names = new NamesAtWork();
  names.start(ADDRESS, "m:1:02", adding);
  const [query] = names.drain();
  names.end(ADDRESS, "m:1:02", []);
  expect(names.drain()).toEqual([]);
  expect(kindsOf(names, query?.id ?? 0)).toEqual(["add-forward", "remove-forward"]);
});

test("a lease that ends while its reverse record is being added has both taken away", () => {
  const names = new NamesAtWork();
  names.start(ADDRESS, "m:1:02", adding.slice(1));
  const [query] = names.drain();
  names.end(ADDRESS, "m:1:02", [{ kind: "remove-forward", name: "a.example", owner, conflictDetection: true }]);
  expect(kindsOf(names, query?.id ?? 0)).toEqual(["add-reverse", "remove-reverse", "remove-forward"]);
});

test("a new grant replaces what was still to be done for the old one", () => {
  const names = new NamesAtWork();
  names.start(ADDRESS, "m:1:02", adding);
  const [query] = names.drain();
  names.start(ADDRESS, "m:1:03", adding.slice(0, 1));
  expect(kindsOf(names, query?.id ?? 0)).toEqual(["add-forward", "add-forward"]);
});
