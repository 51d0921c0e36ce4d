import { describe, expect, test } from "vitest";
import { hashBucket, isPrimarysBucket } from "../../edge-agent/leases/load-balance.ts";
import { bytesOf, hex, type OptionBytes, optionOf } from "../support/dhcp-packet.ts";
import { PAIRS, siteFor } from "../support/failover-case.ts";
import { sleep } from "../support/netns.ts";

const CLIENTS = 1_000;
const WAVE = 20;
const ODD = Array.from({ length: 32 }, (_, index) => ((index * 73 + 29) & 255).toString(16).padStart(2, "0")).join(":");
const BUCKETS: readonly (readonly [statement: string, isPrimarys: (bucket: number) => boolean])[] = [
  ["split 128;", (bucket) => bucket < 128],
  ["split 0;", () => false],
  ["split 256;", () => true],
  [`hba ${ODD};`, (bucket) => isPrimarysBucket(bytesOf(ODD), bucket)],
];

/** Half of the clients have an identifier, of any length. */
function identity(index: number): { readonly chaddr: string; readonly options: readonly OptionBytes[] } {
  const chaddr = `0200000b${index.toString(16).padStart(4, "0")}`;
  if (index % 2 === 0) return { chaddr, options: [] };
  const clientId = Uint8Array.from({ length: 2 + ((index * 7) % 40) }, (_, at) => (index * 31 + at * 17 + (index >> 5)) & 255);
  return { chaddr, options: [[61, clientId]] };
}

describe.concurrent.each(PAIRS)("$primary as primary with $secondary as secondary", (programs) => {
  for (const [buckets, isPrimarys] of BUCKETS)
    test(`${buckets.slice(0, 12)}: each of a thousand clients is offered an address by its server only`, async (context) => {
      const site = siteFor(context, { ...programs, buckets, maxUnacked: 100, range: "10.77.1.0 10.77.9.255" });
      await site.start();
      await site.bothNormal(60_000);
      await sleep(4000);
      const wrong: string[] = [];
      for (let first = 0; first < CLIENTS; first += WAVE) {
        for (let index = first; index < first + WAVE; index += 1) {
          const { chaddr, options } = identity(index);
          site.client.send({ xid: 0x50000 + index, chaddr, flags: 0x8000, options: [[53, bytesOf("01")], ...options] });
        }
        const heard = new Map<number, string[]>();
        await sleep(30);
        for (let look = 0; look < 100 && heard.size < WAVE; look += 1) {
          for (const reply of site.client.pending()) {
            const server = optionOf(reply, 54)?.[3] === 2 ? "primary" : "secondary";
            heard.set(reply.xid - 0x50000, [...(heard.get(reply.xid - 0x50000) ?? []), server]);
          }
          if (heard.size < WAVE) await sleep(20);
        }
        for (let index = first; index < first + WAVE; index += 1) {
          const { chaddr, options } = identity(index);
          const bucket = hashBucket(options[0]?.[1], { htype: 1, bytes: bytesOf(chaddr) }) ?? -1;
          const due = isPrimarys(bucket) ? "primary" : "secondary";
          const servers = heard.get(index) ?? [];
          if (servers.length !== 1 || servers[0] !== due) wrong.push(`${hex(options[0]?.[1] ?? bytesOf(chaddr))}: ${servers}, not ${due}`);
        }
      }
      expect(wrong).toEqual([]);
    });
});
