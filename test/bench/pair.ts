import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DhcpServer, ISC_DHCPD, TANDEM_DHCPD } from "../support/dhcp-server.ts";
import { eventually, Lab, type Namespace, type Running } from "../support/netns.ts";

export type Program = "tandem" | "dhcpd";
export type Role = "primary" | "secondary";
export const ROLES: readonly Role[] = ["primary", "secondary"];

export interface PairSetup {
  readonly program: Program;
  /** The pool: so many addresses from 10.77.1.0 on. */
  readonly addresses: number;
  /** The primary serves by itself, without a failover declaration. */
  readonly alone?: boolean;
  /** The primary's lease file at the start. */
  readonly leases?: string;
  /** Both take part in a ledger: one that does not answer, or one on each one's loopback. */
  readonly ledger?: "unreachable" | "reachable";
  /** Every byte on the failover link arrives that much later, in both directions. Milliseconds. */
  readonly delay?: number;
}

const LEDGER = fileURLToPath(new URL("ledger-endpoint.ts", import.meta.url));
const LEDGER_PORT = "8001";
const SITE = "BENCH-1";
const PROXY = fileURLToPath(new URL("../support/delaying-proxy.ts", import.meta.url));
const NEAR = { primary: "10.78.0.2", secondary: "10.78.1.2" } as const;
/** What each server takes for its partner: the far end of its cable. */
const FAR = { primary: "10.78.0.1", secondary: "10.78.1.1" } as const;
const SERVER_SIDE = { primary: "10.77.0.2", secondary: "10.77.0.3" } as const;

/** The address in 10.77.1.0 and above with this number. */
export const addressOf = (index: number): string => `10.77.${1 + (index >>> 8)}.${index & 255}`;

function configuration(role: Role, { addresses, alone, delay }: PairSetup): string {
  const peer = delay === undefined ? NEAR[role === "primary" ? "secondary" : "primary"] : FAR[role];
  const declaration = `failover peer "lab" { ${role}; address ${NEAR[role]}; port 647; peer address ${peer}; peer port 647;
  max-response-delay 60; max-unacked-updates 100; load balance max seconds 3; ${role === "primary" ? "mclt 600; split 128;" : ""} }
`;
  return `authoritative; ping-check off; dhcp-cache-threshold 0; default-lease-time 3600; max-lease-time 7200; ddns-update-style none;
${alone === true ? "" : declaration}subnet 10.77.0.0 netmask 255.255.0.0 { option routers 10.77.0.1; option domain-name-servers 10.77.0.1;
  pool { ${alone === true ? "" : 'failover peer "lab";'} range ${addressOf(0)} ${addressOf(addresses - 1)}; } }
`;
}

/** Two servers in failover (or one without), and a namespace of clients; nothing that listens in. */
export class BenchPair {
  readonly lab = new Lab("pair");
  readonly clients: Namespace;
  readonly servers: Readonly<Record<Role, DhcpServer>>;
  readonly roles: readonly Role[];
  readonly #endpoints: Running[] = [];

  constructor(setup: PairSetup) {
    const { lab } = this;
    this.roles = setup.alone === true ? ["primary"] : ROLES;
    const net = lab.namespace("net");
    net.ip("link add br0 type bridge");
    net.ip("link set br0 up");
    const plug = (namespace: Namespace, device: string, port: string, address: string): void => {
      lab.cable({ namespace, device, addresses: [address] }, { namespace: net, device: port });
      net.ip(`link set ${port} master br0`);
    };
    const namespaces = { primary: lab.namespace("pri"), secondary: lab.namespace("sec") };
    for (const role of ROLES) plug(namespaces[role], "cli0", role.slice(0, 3), `${SERVER_SIDE[role]}/16`);
    this.clients = lab.namespace("c");
    plug(this.clients, "eth0", "cli", "10.77.0.9/16");
    this.#layLink(namespaces, setup.delay);
    const program = setup.program === "tandem" ? TANDEM_DHCPD : ISC_DHCPD;
    const make = (role: Role): DhcpServer =>
      new DhcpServer({
        ...{ namespace: namespaces[role], program, conf: configuration(role, setup), interfaces: ["cli0"] },
        leases: role === "primary" ? (setup.leases ?? "") : "",
      });
    this.servers = { primary: make("primary"), secondary: make("secondary") };
    if (setup.ledger !== undefined) for (const role of ROLES) this.#joinLedger(role, namespaces[role], setup.ledger);
  }

  #joinLedger(role: Role, namespace: Namespace, ledger: "unreachable" | "reachable"): void {
    const state = `${this.servers[role].leaseFile}.tandem`;
    mkdirSync(state, { recursive: true });
    const file = {
      ledger: { table: "ledger", region: "local", endpoint: `http://127.0.0.1:${LEDGER_PORT}` },
      sites: [{ relationship: "lab", site: SITE, writeUnitsPerSecond: 0 }],
    };
    writeFileSync(join(state, "agent.json"), JSON.stringify(file));
    if (ledger === "reachable") this.#endpoints.push(namespace.start("ledger", [process.execPath, LEDGER, LEDGER_PORT, SITE]));
  }

  /** One cable between the servers, or two with a proxy between. */
  #layLink(namespaces: Readonly<Record<Role, Namespace>>, delay: number | undefined): void {
    const { lab } = this;
    const [primary, secondary] = ROLES.map((role) => ({ namespace: namespaces[role], device: "fo0", addresses: [`${NEAR[role]}/16`] }));
    if (primary === undefined || secondary === undefined) return;
    if (delay === undefined) {
      lab.cable(primary, secondary);
      return;
    }
    const between = lab.namespace("far");
    const end = (role: Role) => ({ namespace: between, device: role.slice(0, 3), addresses: [`${FAR[role]}/24`] });
    lab.cable({ ...primary, addresses: [`${NEAR.primary}/24`] }, end("primary"));
    lab.cable({ ...secondary, addresses: [`${NEAR.secondary}/24`] }, end("secondary"));
    const way = (from: Role, to: Role) => [FAR[from], NEAR[to], FAR[to], "647"];
    between.start("proxy", [process.execPath, PROXY, `${delay}`, ...way("primary", "secondary"), ...way("secondary", "primary")]);
  }

  /** Starts what is there, and waits until both are in NORMAL and have shared out their addresses. */
  async start(): Promise<void> {
    for (const endpoint of this.#endpoints) await endpoint.waitForLog(/ready/, 30_000);
    for (const role of this.roles) await this.servers[role].start();
    if (this.roles.length < 2) return;
    for (const role of this.roles) await this.isIn(role, "normal");
    await eventually(
      () => /balanced pool .* lts (-?[01]) {2}/.test(this.servers.primary.log()),
      180_000,
      () => `the pool was never shared out:\n${this.servers.primary.log().slice(-2000)}`,
    );
  }

  async isIn(role: Role, state: string): Promise<void> {
    await eventually(
      () => [...this.servers[role].log().matchAll(/I move from \S+ to ([a-z-]+)/g)].at(-1)?.[1] === state,
      180_000,
      () => `${role} does not come to ${state}:\n${this.servers[role].log().slice(-2000)}`,
    );
  }

  /** Processor time that the servers have used, all threads, user and system. Seconds. */
  processorSeconds(): number {
    let ticks = 0;
    for (const role of this.roles) {
      const stat = readFileSync(`/proc/${this.servers[role].process.pid}/stat`, "utf8");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      ticks += Number(fields[11]) + Number(fields[12]);
    }
    return ticks / 100;
  }

  close(): Promise<void> {
    return this.lab.close();
  }
}
