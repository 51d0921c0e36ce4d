import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type NeverUsedPlaces, neverUsedPlaces } from "../../../edge-agent/leases/never-used-places.ts";
import { formatIpv4, type Ipv4Address, ipv4FromBytes } from "../../../edge-agent/values/ipv4.ts";

const address = (text: string) => ipv4FromBytes(Uint8Array.from(text.split(".").map(Number)));
const range = (first: string, last: string) => ({ first: address(first), last: address(last) });
const order = (...ranges: readonly ReturnType<typeof range>[]) => inPool(neverUsedPlaces([{ id: 0, ranges }]), 0);
const inPool = (places: ReturnType<typeof neverUsedPlaces>, id: number) =>
  places.get(id)?.runs.map(({ first, size }) => `${formatIpv4(first as Ipv4Address)}+${size}`);

describe("the order of addresses that nobody had, as dhcpd 4.4.3 was seen to choose", () => {
  test("three subnets of one shared network", () => {
    expect(
      order(
        range("10.77.0.100", "10.77.0.104"),
        range("10.50.0.100", "10.50.0.102"),
        range("10.51.0.100", "10.51.0.109"),
        range("10.51.0.5", "10.51.0.6"),
      ),
    ).toEqual(["10.51.0.5+2", "10.51.0.100+10", "10.77.0.100+5", "10.50.0.100+3"]);
  });

  test("a pool that passes a multiple of 100003 begins there", () => {
    expect(order(range("10.0.0.1", "10.0.255.254"))).toEqual(["10.0.128.106+32661", "10.0.0.1+32873"]);
  });

  test("what lies behind another pool's addresses comes before what lies in front of them", () => {
    const places = neverUsedPlaces([
      { id: 0, ranges: [range("10.77.0.130", "10.77.0.131"), range("10.77.0.190", "10.77.0.191"), range("10.77.0.220", "10.77.0.221")] },
      { id: 1, ranges: [range("10.77.0.160", "10.77.0.161")] },
    ]);
    expect(inPool(places, 0)).toEqual(["10.77.0.190+2", "10.77.0.220+2", "10.77.0.130+2"]);
    expect(inPool(places, 1)).toEqual(["10.77.0.160+2"]);
  });

  test("what lies behind an address that somebody had before the start comes first; that address last of all", () => {
    const ranges = [range("10.50.0.100", "10.50.0.105"), range("10.50.0.110", "10.50.0.111")];
    const places = neverUsedPlaces([{ id: 0, ranges }], [range("10.50.0.102", "10.50.0.103"), range("10.50.0.105", "10.50.0.108")]);
    expect(inPool(places, 0)).toEqual(["10.50.0.110+2", "10.50.0.104+1", "10.50.0.100+2", "10.50.0.102+2", "10.50.0.105+1"]);
  });

  test("places are 0 to size - 1, each once, in the order of the runs", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat({ max: 300_000 }), { minLength: 2, maxLength: 12 }), (bounds) => {
        const sorted = [...bounds].sort((left, right) => left - right);
        const ranges = [];
        for (let at = 0; at + 1 < sorted.length; at += 2)
          ranges.push({ first: sorted[at] as Ipv4Address, last: sorted[at + 1] as Ipv4Address });
        const places = neverUsedPlaces([{ id: 7, ranges }]).get(7) as NeverUsedPlaces;
        let expected = 0;
        for (const run of places.runs) {
          expect(places.placeOf(run.first)).toBe(expected);
          expect(places.placeOf(run.first + run.size - 1)).toBe(expected + run.size - 1);
          expected += run.size;
        }
        expect(places.size).toBe(expected);
      }),
    );
  });
});
