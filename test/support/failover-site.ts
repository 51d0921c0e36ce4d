import { readdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { DhcpClient } from "./dhcp-client.ts";
import { bytesOf, ipBytes, type Reply } from "./dhcp-packet.ts";
import { DhcpServer, ISC_DHCPD, TANDEM_DHCPD } from "./dhcp-server.ts";
import { eventually, Lab, type Namespace } from "./netns.ts";

export type Program = "tandem" | "dhcpd";
export type Role = "primary" | "secondary";

export interface PairOptions {
  readonly primary: Program;
  readonly secondary: Program;
  readonly mclt?: number;
  readonly maxResponseDelay?: number;
  /** Statements within both `failover peer` declarations. */
  readonly extra?: string;
}

const ADDRESS = { primary: "10.78.0.2", secondary: "10.78.0.3" } as const;
const CLIENT_SIDE = { primary: "10.77.0.2", secondary: "10.77.0.3" } as const;

function configuration(role: Role, options: PairOptions): string {
  const other = role === "primary" ? "secondary" : "primary";
  const primaryOnly = role === "primary" ? `mclt ${options.mclt ?? 20}; split 128;` : "";
  return `authoritative; default-lease-time 120; max-lease-time 120; min-lease-time 5; ping-check false;
dhcp-cache-threshold 0; ddns-update-style none;
omapi-port 7911; key k { algorithm hmac-md5; secret bGFiLXNlY3JldC1rZXktMDE=; } omapi-key k;
failover peer "lab" { ${role}; address ${ADDRESS[role]}; port 647; peer address ${ADDRESS[other]}; peer port 647;
  max-response-delay ${options.maxResponseDelay ?? 30}; max-unacked-updates 10; load balance max seconds 3; ${primaryOnly} ${options.extra ?? ""} }
subnet 10.77.0.0 netmask 255.255.255.0 { option routers 10.77.0.1; pool { failover peer "lab"; range 10.77.0.100 10.77.0.119; } }
`;
}

/** Two servers in failover, one client link, one failover link. */
export class FailoverSite {
  readonly lab: Lab;
  readonly servers: Readonly<Record<Role, DhcpServer>>;
  readonly namespaces: Readonly<Record<Role, Namespace>>;
  readonly programs: Readonly<Record<Role, Program>>;
  readonly client: DhcpClient;
  #xid = 0x1000;

  constructor(options: PairOptions) {
    this.lab = new Lab("failover");
    this.programs = { primary: options.primary, secondary: options.secondary };
    const net = this.lab.namespace("net");
    net.ip("link add br0 type bridge");
    net.ip("link set br0 up");
    const namespaces = { primary: this.lab.namespace("pri"), secondary: this.lab.namespace("sec") };
    this.namespaces = namespaces;
    const plug = (namespace: Namespace, device: string, port: string, addresses: readonly string[]) => {
      this.lab.cable({ namespace, device, addresses }, { namespace: net, device: port });
      net.ip(`link set ${port} master br0`);
    };
    plug(namespaces.primary, "cli0", "p0", [`${CLIENT_SIDE.primary}/24`]);
    plug(namespaces.secondary, "cli0", "p1", [`${CLIENT_SIDE.secondary}/24`]);
    const clients = this.lab.namespace("c");
    plug(clients, "eth0", "p2", []);
    this.lab.cable(
      { namespace: namespaces.primary, device: "fo0", addresses: [`${ADDRESS.primary}/24`] },
      { namespace: namespaces.secondary, device: "fo0", addresses: [`${ADDRESS.secondary}/24`] },
    );
    this.client = new DhcpClient(clients, "eth0");
    const make = (role: Role) =>
      new DhcpServer({
        namespace: namespaces[role],
        program: options[role] === "tandem" ? TANDEM_DHCPD : ISC_DHCPD,
        conf: configuration(role, options),
        interfaces: ["cli0"],
      });
    this.servers = { primary: make("primary"), secondary: make("secondary") };
  }

  async start(...roles: Role[]): Promise<void> {
    for (const role of roles.length === 0 ? (["primary", "secondary"] as const) : roles) await this.servers[role].start();
  }

  /** The last state that the server's log tells of, since its last start. */
  state(role: Role): string | undefined {
    return [...this.servers[role].log().matchAll(/failover peer lab: I move from \S+ to ([a-z-]+)/g)].at(-1)?.[1];
  }
  async reaches(role: Role, state: string, milliseconds = 30_000): Promise<void> {
    await eventually(
      () => this.state(role) === state,
      milliseconds,
      () =>
        `${role} is in ${this.state(role)}, not ${state}:\n${this.servers.primary.log().slice(-2500)}\n-----\n${this.servers.secondary.log().slice(-2500)}`,
    );
  }
  async bothNormal(milliseconds = 30_000): Promise<void> {
    await this.reaches("primary", "normal", milliseconds);
    await this.reaches("secondary", "normal", milliseconds);
  }

  /** Takes everything stored from a server that is down. */
  forget(role: Role): void {
    const { leaseFile } = this.servers[role];
    for (const name of readdirSync(dirname(leaseFile)))
      if (name.startsWith(basename(leaseFile))) rmSync(join(dirname(leaseFile), name), { recursive: true });
  }

  /** Cuts or heals the failover link without anybody noticing at once. */
  silence(on: boolean): void {
    for (const [role, to] of [
      ["primary", ADDRESS.secondary],
      ["secondary", ADDRESS.primary],
    ] as const) {
      const wrong = `neigh replace ${to} lladdr 02:de:ad:00:00:01 dev fo0 nud permanent`;
      this.namespaces[role].ip(on ? wrong : `neigh del ${to} dev fo0`);
    }
  }

  /** omshell's `set local-state` on a server. */
  setState(role: Role, state: number): void {
    const script = `server localhost\nport 7911\nkey k bGFiLXNlY3JldC1rZXktMDE=\nconnect\nnew failover-state\nset name = "lab"\nopen\nset local-state = ${state}\nupdate\n`;
    this.namespaces[role].exec("sh", "-c", `printf '%s' '${script}' | omshell`);
  }

  /** DISCOVER to ACK by client `number`; undefined if nobody offers. `secs` beyond 3 overrides load balancing. */
  async dora(number: number, secs = 10): Promise<{ address: string; server: string; seconds: number } | undefined> {
    const chaddr = `020000990${number.toString(16).padStart(3, "0")}`;
    const xid = this.#nextXid();
    const offer = await this.client.exchange({ xid, chaddr, secs, flags: 0x8000, options: [[53, bytesOf("01")]] });
    const server = offer && optionOf(offer, 54);
    if (offer === undefined || server === undefined) return undefined;
    const selected: (readonly [number, Uint8Array])[] = [
      [53, bytesOf("03")],
      [50, ipBytes(offer.yiaddr)],
      [54, server],
    ];
    this.client.pending();
    const ack = await this.client.exchange({ xid: xid + 1, chaddr, secs, flags: 0x8000, options: selected });
    return ack === undefined ? undefined : leased(ack);
  }
  /** REQUEST in REBINDING, broadcast: whoever may, answers. */
  async rebind(number: number, address: string): Promise<{ address: string; server: string; seconds: number } | undefined> {
    const chaddr = `020000990${number.toString(16).padStart(3, "0")}`;
    const ack = await this.client.exchange({ xid: this.#nextXid(), chaddr, ciaddr: address, options: [[53, bytesOf("03")]] }, 3000, {
      ipFrom: address,
    });
    return ack === undefined ? undefined : leased(ack);
  }

  #nextXid(): number {
    this.#xid += 2;
    return this.#xid;
  }

  async close(): Promise<void> {
    this.client.close();
    await this.lab.close();
  }
}

const optionOf = (reply: Reply, code: number): Uint8Array | undefined => {
  const found = reply.options.find((option) => option.code === code);
  return found === undefined ? undefined : bytesOf(found.hex);
};

function leased(ack: Reply): { address: string; server: string; seconds: number } | undefined {
  if (optionOf(ack, 53)?.[0] !== 5) return undefined;
  const time = optionOf(ack, 51) ?? new Uint8Array(4);
  return {
    address: ack.yiaddr,
    server: (optionOf(ack, 54) ?? new Uint8Array(4)).join("."),
    seconds: new DataView(time.buffer, time.byteOffset).getUint32(0),
  };
}
