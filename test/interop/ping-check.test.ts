import { afterAll, expect, test } from "vitest";
import { DhcpClient } from "../support/dhcp-client.ts";
import { type OptionBytes, replyType } from "../support/dhcp-packet.ts";
import { DhcpServer, ISC_DHCPD, TANDEM_DHCPD } from "../support/dhcp-server.ts";
import { eventually, Lab } from "../support/netns.ts";

const CONF = `authoritative; ping-check on; default-lease-time 3600;
subnet 10.77.0.0 netmask 255.255.255.0 { range 10.77.0.100 10.77.0.101; }`;

const lab = new Lab("ping");
afterAll(() => lab.close());

const DISCOVER: OptionBytes[] = [[53, Uint8Array.of(1)]];
const CHADDR = "020000000007";

test.each([
  ["tandem", TANDEM_DHCPD],
  ["dhcpd", ISC_DHCPD],
])(
  "%s: an address that somebody answers at is abandoned, and the other one offered",
  async (label, program) => {
    const serverSide = lab.namespace(`s-${label}`);
    const clientSide = lab.namespace(`c-${label}`);
    const cable = { namespace: clientSide, device: "c0" };
    lab.cable({ namespace: serverSide, device: "s0", addresses: ["10.77.0.1/24"] }, { ...cable, addresses: ["10.77.0.100/24"] });
    const server = new DhcpServer({ namespace: serverSide, program, conf: CONF, interfaces: ["s0"], label });
    await server.start();
    const client = new DhcpClient(clientSide, "c0");
    let offered: string | undefined;
    let xid = 0;
    await eventually(() => {
      for (const reply of client.pending()) if (replyType(reply) === "OFFER") offered = reply.yiaddr;
      if (xid % 10 === 0) client.send({ xid: xid + 1, chaddr: CHADDR, options: DISCOVER });
      xid += 1;
      return offered !== undefined;
    }, 30_000);
    expect(offered).toBe("10.77.0.101");
    await eventually(() => /Abandoning IP address 10\.77\.0\.100: pinged before offer/.test(server.log()), 5000);
    await eventually(() => server.leases().get("10.77.0.100")?.includes("binding state abandoned") === true, 5000);
    expect(server.leases().get("10.77.0.101") ?? "").not.toContain("abandoned");
    await server.stop();
  },
  60_000,
);
