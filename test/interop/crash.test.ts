import { afterAll, expect, test } from "vitest";
import { DhcpClient } from "../support/dhcp-client.ts";
import { ipBytes, type OptionBytes, optionOf, replyType } from "../support/dhcp-packet.ts";
import { DhcpServer, TANDEM_DHCPD } from "../support/dhcp-server.ts";
import { eventually, Lab, sleep } from "../support/netns.ts";

const ROUNDS = 20;
const SERVER = "10.77.0.1";
const CONF = `authoritative; ping-check off; default-lease-time 3600;
subnet 10.77.0.0 netmask 255.255.0.0 { range 10.77.1.0 10.77.255.254; }`;

const lab = new Lab("crash");
afterAll(() => lab.close());

const serverNamespace = lab.namespace("s");
const clientNamespace = lab.namespace("c");
lab.cable({ namespace: serverNamespace, device: "s0", addresses: [`${SERVER}/16`] }, { namespace: clientNamespace, device: "c0" });

/** Clients by hardware address that got an ACK, and the address in it. */
const acknowledged = new Map<string, string>();
let next = 0;

const type = (code: number): OptionBytes => [53, Uint8Array.of(code)];
const chaddrOf = (number: number): string => `0204${number.toString(16).padStart(8, "0")}`;

/** Starts new clients without waiting for one another; every ACK that arrives is noted, whenever it comes. */
async function load(client: DhcpClient, state: { on: boolean }): Promise<void> {
  while (state.on) {
    for (let burst = 0; burst < 4; burst += 1) {
      next += 1;
      client.send({ xid: next, chaddr: chaddrOf(next), options: [type(1)] });
    }
    await sleep(3);
    for (const reply of client.pending()) {
      const chaddr = reply.chaddr.slice(0, 12);
      if (replyType(reply) === "ACK") acknowledged.set(chaddr, reply.yiaddr);
      else if (replyType(reply) === "OFFER") {
        const options: OptionBytes[] = [type(3), [50, ipBytes(reply.yiaddr)], [54, optionOf(reply, 54) ?? ipBytes(SERVER)]];
        client.send({ xid: reply.xid, chaddr, options });
      }
    }
  }
}

test(`no acknowledged lease is lost in ${ROUNDS} kills`, async () => {
  const server = new DhcpServer({ namespace: serverNamespace, program: TANDEM_DHCPD, conf: CONF, interfaces: ["s0"] });
  const client = new DhcpClient(clientNamespace, "c0");
  const grown: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    await server.start();
    const before = acknowledged.size;
    const underLoad = { on: true };
    const loaded = load(client, underLoad);
    await eventually(() => acknowledged.size > before, 10_000);
    await sleep((round * 37) % 300);
    await server.stop("SIGKILL");
    await sleep(60);
    underLoad.on = false;
    await loaded;
    grown.push(acknowledged.size - before);
  }
  expect(Math.min(...grown), `new leases in each round: ${grown}`).toBeGreaterThan(0);

  const holders = new Set(acknowledged.values());
  expect(holders.size, "every address has one holder").toBe(acknowledged.size);

  await server.start();
  const leases = await eventually(() => {
    const found = server.leases();
    return [...holders].every((address) => found.has(address)) ? found : undefined;
  }, 10_000);
  const strangers = [...acknowledged].filter(([chaddr, address]) => {
    const hardware = chaddr.match(/../g)?.join(":");
    return !(leases.get(address) ?? "").includes(`hardware ethernet ${hardware};`);
  });
  expect(strangers, "in the lease file for somebody else").toEqual([]);

  const refused: string[] = [];
  for (const [chaddr, address] of acknowledged) {
    next += 1;
    const answer = await client.exchange({ xid: next, chaddr, options: [type(3), [50, ipBytes(address)]] });
    if (!answer || replyType(answer) !== "ACK" || answer.yiaddr !== address)
      refused.push(`${chaddr} ${address}: ${answer ? replyType(answer) : "no answer"}`);
  }
  expect(refused, "renewals refused").toEqual([]);
  console.log(`crash: ${acknowledged.size} leases survived ${ROUNDS} kills`);
  client.close();
}, 120_000);
