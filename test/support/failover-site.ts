import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { DhcpClient } from "./dhcp-client.ts";
import { bytesOf, ipBytes, type OptionBytes, type Reply } from "./dhcp-packet.ts";
import { DhcpServer, ISC_DHCPD, TANDEM_DHCPD } from "./dhcp-server.ts";
import { ADDRESS, CLIENT_SIDE, configuration, type PairOptions, type Program, type Role } from "./failover-config.ts";
import { type Session, sessionIn, wrongs } from "./failover-verdict.ts";
import { eventually, Lab, type Namespace, type Running, run } from "./netns.ts";

/** What an ACK gave. */
export type Leased = Readonly<Record<"address" | "server", string>> & { readonly seconds: number };

const ROLES = ["primary", "secondary"] as const;
const FAKE_TIME = `/usr/lib/${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu/faketime/libfaketime.so.1`;
const TANDEM_COMMAND = fileURLToPath(new URL("../../edge-agent/bin/tandem", import.meta.url));
/** Two servers in failover, one client link, one failover link. */
export class FailoverSite {
  readonly lab: Lab;
  readonly servers: Readonly<Record<Role, DhcpServer>>;
  readonly namespaces: Readonly<Record<Role, Namespace>>;
  readonly programs: Record<Role, Program>;
  readonly client: DhcpClient;
  readonly clients: Namespace;
  /** What went over the clients' link: who held what is judged by it when the site is closed. */
  readonly clientCapture: string;
  /** Servers that an operator has told to announce their going. */
  readonly toldToShutDown = new Set<Role>();
  readonly failoverCapture: string;
  /** Clients that have an identifier (option 61), in hexadecimal. */
  readonly clientIds = new Map<number, string>();
  /** Who serves in a role from when on, in seconds since 1970; the last first. */
  readonly #reigns: { readonly role: Role; readonly program: Program; readonly since: number }[] = [];
  readonly #net: Namespace;
  readonly #captures: Running[] = [];
  readonly #watched: boolean;
  #xid = 0x1000;

  constructor(options: PairOptions) {
    this.lab = new Lab("failover");
    this.programs = { primary: options.primary, secondary: options.secondary };
    for (const role of ROLES) this.#reigns.unshift({ role, program: options[role], since: 0 });
    const net = this.lab.namespace("net");
    net.ip("link add br0 type bridge");
    net.ip("link set br0 up");
    const namespaces = { primary: this.lab.namespace("pri"), secondary: this.lab.namespace("sec") };
    this.namespaces = namespaces;
    this.#net = net;
    this.plug(namespaces.primary, "cli0", "p0", [`${CLIENT_SIDE.primary}/16`]);
    this.plug(namespaces.secondary, "cli0", "p1", [`${CLIENT_SIDE.secondary}/16`]);
    const clients = this.lab.namespace("c");
    this.plug(clients, "eth0", "p2", []);
    this.lab.cable(
      { namespace: namespaces.primary, device: "fo0", addresses: [`${ADDRESS.primary}/24`] },
      { namespace: namespaces.secondary, device: "fo0", addresses: [`${ADDRESS.secondary}/24`] },
    );
    this.clients = clients;
    this.client = new DhcpClient(clients, "eth0");
    this.#watched = options.unwatched !== true;
    this.failoverCapture = join(this.lab.directory, "failover.pcap");
    this.clientCapture = join(this.lab.directory, "clients.pcap");
    this.#watch(namespaces.primary, "fo0", this.failoverCapture, "tcp");
    if (this.#watched) this.#watch(clients, "eth0", this.clientCapture, "udp port 67 or udp port 68");
    const make = (role: Role) =>
      new DhcpServer({
        namespace: namespaces[role],
        program: this.#skewed(options[role] === "tandem" ? (options.agent?.(role) ?? TANDEM_DHCPD) : ISC_DHCPD, options.ahead?.[role]),
        conf: configuration(role, options),
        interfaces: ["cli0"],
        leases: options.leases?.[role] ?? "",
      });
    this.servers = { primary: make("primary"), secondary: make("secondary") };
  }

  /** A program whose wall clock is ahead; its other clocks are the machine's. */
  #skewed(program: string, seconds: number | undefined): string {
    if (seconds === undefined) return program;
    const script = join(this.lab.directory, `ahead-${seconds}`);
    const environment = `LD_PRELOAD=${FAKE_TIME} FAKETIME=${seconds < 0 ? "" : "+"}${seconds}s DONT_FAKE_MONOTONIC=1 FAKETIME_DONT_RESET=1`;
    writeFileSync(script, `#!/bin/sh\n${environment} exec ${program} "$@"\n`, { mode: 0o755 });
    return script;
  }

  /** Joins a device of a namespace to the clients' network, at a port of its switch. */
  plug(namespace: Namespace, device: string, port: string, addresses: readonly string[]): void {
    this.lab.cable({ namespace, device, addresses }, { namespace: this.#net, device: port });
    this.#net.ip(`link set ${port} master br0`);
  }

  /** Which program served in a role at a moment, in seconds since 1970. */
  programAt(role: Role, at: number): Program {
    return this.#reigns.find((reign) => reign.role === role && reign.since <= at)?.program ?? this.programs[role];
  }
  /** Its address on the failover link. */
  addressOf(role: Role): string {
    return ADDRESS[role];
  }

  #watch(namespace: Namespace, device: string, file: string, filter: string): void {
    const argv = ["tcpdump", "-Z", "root", "-U", "--immediate-mode", "-B", "16384", "-s", "0", "-i", device, "-w", file, filter];
    this.#captures.push(namespace.start("tcpdump", argv));
  }

  /** Puts the other program on a stopped server's configuration and lease file. */
  replaceWith(role: Role, program: Program): void {
    this.programs[role] = program;
    this.#reigns.unshift({ role, program, since: Date.now() / 1000 });
    this.servers[role].run(program === "tandem" ? TANDEM_DHCPD : ISC_DHCPD);
  }

  async start(...roles: Role[]): Promise<void> {
    for (const role of roles.length === 0 ? ROLES : roles) await this.servers[role].start();
  }

  /** The last state that the server's log tells of, since its last start. */
  state(role: Role, name = "lab"): string | undefined {
    return [...this.servers[role].log().matchAll(new RegExp(`failover peer ${name}: I move from \\S+ to ([a-z-]+)`, "g"))].at(-1)?.[1];
  }
  async reaches(role: Role, state: string, milliseconds = 30_000, name = "lab"): Promise<void> {
    await eventually(
      () => this.state(role, name) === state,
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
    if (state === 8) this.toldToShutDown.add(role);
    const script = `server localhost\nport 7911\nkey k bGFiLXNlY3JldC1rZXktMDE=\nconnect\nnew failover-state\nset name = "lab"\nopen\nset local-state = ${state}\nupdate\n`;
    this.namespaces[role].exec("sh", "-c", `printf '%s' '${script}' | omshell`);
  }

  /** The control command on a Tandem server; throws with what it says if it fails. */
  tandem(role: Role, ...argv: string[]): string {
    return run([TANDEM_COMMAND, ...argv, "--socket", join(`${this.servers[role].leaseFile}.tandem`, "control.sock")]);
  }
  /** An operator's order in the way the program has: `tandem`, or dhcpd's omshell. */
  partnerDown(role: Role): void {
    if (this.programs[role] === "tandem") this.tandem(role, "partner-down");
    else this.setState(role, 4);
  }

  /** What the two servers said to each other, by tshark. Nothing is captured from here on. */
  async session(): Promise<Session> {
    for (const capture of this.#captures) await capture.stop("SIGINT");
    return sessionIn(this.failoverCapture);
  }

  /** DISCOVER to ACK by client `number`; undefined if nobody offers. `secs` beyond 3 overrides load balancing. */
  async dora(number: number, secs = 10): Promise<Leased | undefined> {
    const chaddr = `020000990${number.toString(16).padStart(3, "0")}`;
    const xid = this.#nextXid();
    const offer = await this.client.exchange({
      xid,
      chaddr,
      secs,
      flags: 0x8000,
      options: [[53, bytesOf("01")], ...this.#identity(number)],
    });
    const server = offer && optionOf(offer, 54);
    if (offer === undefined || server === undefined) return undefined;
    const selected: (readonly [number, Uint8Array])[] = [
      [53, bytesOf("03")],
      [50, ipBytes(offer.yiaddr)],
      [54, server],
      ...this.#identity(number),
    ];
    this.client.pending();
    const ack = await this.client.exchange({ xid: xid + 1, chaddr, secs, flags: 0x8000, options: selected });
    return ack && leased(ack);
  }
  /** REQUEST in REBINDING, broadcast and like a real client's three times if need be: whoever may, answers. */
  async rebind(number: number, address: string): Promise<Leased | undefined> {
    const chaddr = `020000990${number.toString(16).padStart(3, "0")}`;
    const packet = { xid: this.#nextXid(), chaddr, ciaddr: address, options: [[53, bytesOf("03")] as const, ...this.#identity(number)] };
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const ack = await this.client.exchange(packet, 3000, { ipFrom: address });
      if (ack !== undefined) return leased(ack);
    }
    return undefined;
  }
  /** Gives an address back to one server. */
  release(number: number, address: string, to: Role): void {
    const chaddr = `020000990${number.toString(16).padStart(3, "0")}`;
    const [link] = JSON.parse(this.namespaces[to].ip("-j link show dev cli0")) as { address: string }[];
    const options: (readonly [number, Uint8Array])[] = [[53, bytesOf("07")], [54, ipBytes(CLIENT_SIDE[to])], ...this.#identity(number)];
    const packet = { xid: this.#nextXid(), chaddr, ciaddr: address, options };
    this.client.send(packet, { ipFrom: address, ipTo: CLIENT_SIDE[to], macTo: link?.address ?? "" });
  }
  /** Tells every server that somebody else uses the address. */
  decline(number: number, address: string, server: string): void {
    const chaddr = `020000990${number.toString(16).padStart(3, "0")}`;
    const options: (readonly [number, Uint8Array])[] = [
      [53, bytesOf("04")],
      [50, ipBytes(address)],
      [54, ipBytes(server)],
      ...this.#identity(number),
    ];
    this.client.send({ xid: this.#nextXid(), chaddr, options });
  }

  #identity(number: number): readonly OptionBytes[] {
    const clientId = this.clientIds.get(number);
    return clientId === undefined ? [] : [[61, bytesOf(clientId)]];
  }
  #nextXid(): number {
    this.#xid += 2;
    return this.#xid;
  }

  /** Ends everything. Throws if an address was held twice, tshark did not understand the session, or a server ended by itself. */
  async close(): Promise<void> {
    const found = this.#watched ? await wrongs(this) : [];
    this.client.close();
    await this.lab.close();
    if (found.length > 0) throw new Error(found.join("\n"));
  }
}

const optionOf = (reply: Reply, code: number): Uint8Array | undefined => {
  const found = reply.options.find((option) => option.code === code);
  return found === undefined ? undefined : bytesOf(found.hex);
};

function leased(ack: Reply): Leased | undefined {
  if (optionOf(ack, 53)?.[0] !== 5) return undefined;
  const time = optionOf(ack, 51) ?? new Uint8Array(4);
  return {
    address: ack.yiaddr,
    server: (optionOf(ack, 54) ?? new Uint8Array(4)).join("."),
    seconds: new DataView(time.buffer, time.byteOffset).getUint32(0),
  };
}
