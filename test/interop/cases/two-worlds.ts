import { DhcpClient } from "../../support/dhcp-client.ts";
import { DhcpServer, ISC_DHCPD, TANDEM_DHCPD } from "../../support/dhcp-server.ts";
import type { Lab, Namespace } from "../../support/netns.ts";
import { type CaseGroup, RELAY, SERVER_MAC, type Step } from "./case.ts";

/** One server on its own copy of the network. */
export interface World {
  readonly server: DhcpServer;
  readonly clients: Readonly<Record<"c0" | "c1", DhcpClient>>;
}

/** A program and the namespaces of its copy of the network. */
export interface Wire {
  readonly program: string;
  readonly server: Namespace;
  readonly client: Namespace;
}

/** The same network twice: one for dhcpd, one for the agent. */
export function twoWires(lab: Lab): Wire[] {
  return [ISC_DHCPD, TANDEM_DHCPD].map((program, number) => {
    const server = lab.namespace(`s${number}`);
    const client = lab.namespace(`c${number}`);
    lab.cable(
      { namespace: server, device: "s0", mac: SERVER_MAC, addresses: ["10.77.0.1/24"] },
      { namespace: client, device: "c0", mac: "02:00:0a:4d:00:09" },
    );
    lab.cable(
      { namespace: server, device: "s1", mac: "02:00:0a:4e:00:01", addresses: ["10.78.0.1/24"] },
      { namespace: client, device: "c1", mac: "02:00:0a:4e:00:09" },
    );
    server.ip(`route add default via ${RELAY}`);
    return { program, server, client };
  });
}

/** Starts a wire's server on the group's configuration; `index` names its files. */
export async function startWorld(wire: Wire, group: CaseGroup, index: number): Promise<World> {
  const server = new DhcpServer({
    namespace: wire.server,
    program: wire.program,
    conf: group.conf,
    interfaces: ["s0", "s1"],
    label: `group${index}`,
    arguments: wire.program === TANDEM_DHCPD ? (group.flags ?? []) : [],
    ...(group.leases === undefined ? {} : { leases: group.leases }),
  });
  await server.start();
  const clients = { c0: new DhcpClient(wire.client, "c0"), c1: new DhcpClient(wire.client, "c1") };
  clients.c0.own(RELAY);
  return { server, clients };
}

/** Sends one message into a world, with the given xid. */
export function send(world: World, step: Step, xid: number): void {
  const client = world.clients[step.device ?? "c0"];
  const { packet } = step;
  if (packet instanceof Uint8Array) {
    const bytes = Uint8Array.from(packet);
    if (bytes.length >= 8) new DataView(bytes.buffer).setUint32(4, xid);
    client.sendBytes(bytes, step.route);
    return;
  }
  if (packet.ciaddr) client.own(packet.ciaddr);
  client.send({ ...packet, xid }, step.route, step.alter);
}

/** What a lease file says of each address, without its times. */
export function bindings(server: DhcpServer): Record<string, string> {
  const kept = /^ {2}(binding state|hardware|uid|client-hostname|option agent\.\S+|set) .*;$/gm;
  const rows = [...server.leases()].map(
    ([address, body]) => [address, (body.match(kept) ?? []).map((line) => line.trim()).join(" ")] as const,
  );
  return Object.fromEntries(rows.filter(([, body]) => !body.startsWith("binding state free")));
}
