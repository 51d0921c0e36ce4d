import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, type TestContext, test } from "vitest";
import { DhcpClient } from "../support/dhcp-client.ts";
import { bytesOf, ipBytes, type OptionBytes, optionOf, type Reply, replyType } from "../support/dhcp-packet.ts";
import { DhcpServer, ISC_DHCPD, TANDEM_DHCPD } from "../support/dhcp-server.ts";
import { comeTo, edit, PAIRS, ROLES, siteFor } from "../support/failover-case.ts";
import type { Program, Role } from "../support/failover-config.ts";
import type { FailoverSite } from "../support/failover-site.ts";
import { eventually, Lab, type Namespace, run, sleep } from "../support/netns.ts";

/** Servers with several partners, networks of mixed pools, pools that come to failover and leave it, dhcpd that goes its own ways. */
const TANDEM_COMMAND = fileURLToPath(new URL("../../edge-agent/bin/tandem", import.meta.url));

describe.concurrent.each(["dhcpd", "tandem"] as const)("one server with two partners, which are %s", (program) => {
  test("each relationship goes its own way: a death, a partner-down and a return in one do not touch the other", async (context) => {
    const site = new ThreeServers(context, program);
    for (const name of ["a", "b", "c"] as const) await site.servers[name].start();
    await site.reach("a", "ab", "normal");
    await site.reach("a", "ac", "normal");
    await sleep(2500);
    // one shared network of three pools: with b, with c, and nobody's but a's
    const leases = await site.bound(1, 12);
    const nets = leases.map((address) => address.split(".")[2]);
    expect(new Set(nets).size).toBeGreaterThan(1);
    await site.agreed(leases);
    await sleep(2500);
    await site.renewed();
    await site.servers.b.stop("SIGKILL");
    await site.reach("a", "ab", "communications-interrupted");
    expect(site.state("a", "ac")).toBe("normal");
    run([TANDEM_COMMAND, "partner-down", "ab", "--socket", join(`${site.servers.a.leaseFile}.tandem`, "control.sock")]);
    await site.reach("a", "ab", "partner-down");
    expect(site.state("a", "ac")).toBe("normal");
    const alone = await site.bound(20, 24);
    await site.servers.b.start();
    await site.reach("a", "ab", "normal", 60_000);
    await site.reach("b", "ab", "normal", 60_000);
    expect(site.servers.a.log()).not.toMatch(/failover peer ac: I move from normal/);
    await site.renewed();
    await site.agreed([...leases, ...alone]);
    // the server in the middle dies: both others serve what they share with it
    await site.servers.a.stop("SIGKILL");
    await site.reach("b", "ab", "communications-interrupted");
    await site.reach("c", "ac", "communications-interrupted");
    const meanwhile = await site.bound(30, 32);
    await site.servers.a.start();
    for (const [one, name] of [
      ["a", "ab"],
      ["a", "ac"],
      ["b", "ab"],
      ["c", "ac"],
    ] as const)
      await site.reach(one, name, "normal", 60_000);
    await site.agreed([...leases, ...alone, ...meanwhile]);
    expect(new Set([...leases, ...alone, ...meanwhile]).size).toBe(leases.length + alone.length + meanwhile.length);
  });
});

/** A Tandem reads its configuration again; dhcpd is started again. */
async function reread(site: FailoverSite, role: Role): Promise<void> {
  if (site.programs[role] === "tandem") {
    site.tandem(role, "reload");
    return;
  }
  await site.servers[role].stop("SIGTERM");
  await site.start(role);
}
const RANGE = "range 10.77.3.100 10.77.3.119;";
const ALONE = `pool { ${RANGE} }`;
const SHARED = `pool { failover peer "lab"; ${RANGE} }`;

describe.concurrent.each(PAIRS)("$primary as primary with $secondary as secondary", (programs) => {
  test("a pool of the network comes to failover while they run, and leaves it: its clients keep their addresses", async (context) => {
    const site = siteFor(context, { ...programs, mclt: 240, leaseSeconds: 600, range: "10.77.0.100 10.77.0.103" });
    const more = (pool: string) => (conf: string) => conf.replace(/ {2}pool \{ failover peer "lab"; {2}range 10\.77\.0/, `  ${pool}\n$&`);
    edit(site, "primary", more(ALONE));
    await site.start();
    await site.bothNormal();
    await sleep(2500);
    const before = [];
    for (let client = 1; client <= 8; client += 1) before.push(await site.dora(client));
    const own = before.flatMap((lease, index) => (lease?.address.startsWith("10.77.3.") === true ? [{ client: index + 1, ...lease }] : []));
    expect(own.length).toBeGreaterThan(2);
    edit(site, "primary", (conf) => conf.replace(ALONE, SHARED));
    edit(site, "secondary", more(SHARED));
    for (const role of ROLES) await reread(site, role);
    await site.bothNormal(60_000);
    for (const { address } of own) await comeTo(site, address, /^active$/, 40_000);
    // the secondary has its share of it
    await eventually(
      () =>
        ROLES.every((role) =>
          [...site.servers[role].leases().keys()].some(
            (address) => address.startsWith("10.77.3.") && site.servers[role].bindingState(address) === "backup",
          ),
        ),
      40_000,
      () => "the secondary has no address of the pool",
    );
    for (const { client, address } of own) expect((await site.rebind(client, address))?.address).toBe(address);
    // and away again: it is the primary's alone
    edit(site, "secondary", (conf) => conf.replace(SHARED, ""));
    edit(site, "primary", (conf) => conf.replace(SHARED, ALONE));
    for (const role of ["secondary", "primary"] as const) await reread(site, role);
    await site.bothNormal(60_000);
    for (const { client, address } of own) expect(await site.rebind(client, address)).toMatchObject({ address, server: "10.77.0.2" });
    const after = [];
    for (let client = 20; client < 34; client += 1) after.push((await site.dora(client))?.address);
    expect(after.filter((address) => address?.startsWith("10.77.3.") === true).length).toBeGreaterThan(8);
  });

  test("secs beyond the limit are answered by both, of whichever client; swapped ones are known where that is asked for", async (context) => {
    const site = siteFor(context, {
      ...programs,
      mclt: 240,
      leaseSeconds: 600,
      range: "10.77.1.0 10.77.1.255",
      global: "check-secs-byte-order true;",
    });
    await site.start();
    await site.bothNormal();
    await sleep(2500);
    let xid = 0x7000;
    const answers = async (client: number, secs: number): Promise<number> => {
      xid += 1;
      const identity: OptionBytes[] = client % 2 === 0 ? [] : [[61, Uint8Array.of(1, client, client, 7)]];
      const chaddr = `0200000d${client.toString(16).padStart(4, "0")}`;
      site.client.send({ xid, chaddr, secs, flags: 0x8000, options: [[53, bytesOf("01")], ...identity] });
      await sleep(700);
      return site.client.pending().filter((reply) => reply.xid === xid).length;
    };
    for (let client = 0; client < 6; client += 1) {
      expect(await answers(client, 3)).toBe(1);
      expect(await answers(client, 4)).toBe(2);
      expect(await answers(client, 3 << 8)).toBe(1);
      expect(await answers(client, 4 << 8)).toBe(2);
      expect(await answers(client, 0xffff)).toBe(2);
    }
  });

  if (programs.primary !== programs.secondary)
    test("dhcpd goes partner-down by itself whenever its partner is away: restarts without end still end in NORMAL", async (context) => {
      const stock: Role = programs.primary === "dhcpd" ? "primary" : "secondary";
      const ours: Role = stock === "primary" ? "secondary" : "primary";
      const site = siteFor(context, { ...programs, mclt: 5, leaseSeconds: 120, only: { [stock]: "auto-partner-down 1;" } });
      await site.start();
      await site.bothNormal();
      await sleep(2500);
      const held = new Map<number, string>();
      const ask = async (client: number): Promise<void> => {
        const known = held.get(client);
        const lease = known === undefined ? await site.dora(client) : ((await site.rebind(client, known)) ?? (await site.dora(client)));
        if (lease !== undefined) held.set(client, lease.address);
      };
      for (const client of [1, 2, 3, 4]) await ask(client);
      for (const [index, pause] of [1500, 300, 2500, 0, 1200].entries()) {
        await site.servers[ours].stop(index % 2 === 0 ? "SIGKILL" : "SIGTERM");
        await sleep(pause);
        await ask(1 + (index % 4));
        await site.start(ours);
        await sleep(index * 400);
      }
      await site.bothNormal(90_000);
      for (const client of [1, 2, 3, 4, 5]) await ask(client);
      expect(new Set(held.values()).size).toBe(5);
      for (const address of held.values()) await comeTo(site, address, /^active$/, 40_000);
    });
});

const FAILOVER = { a: "10.78.0.2", b: "10.78.0.3", c: "10.78.0.4" } as const;
type Name = keyof typeof FAILOVER;

const chaddrOf = (client: number): string => `0200000e${client.toString(16).padStart(4, "0")}`;

/** A between B and C: primary with the one, secondary with the other. */
class ThreeServers {
  readonly servers: Readonly<Record<Name, DhcpServer>>;
  readonly #client: DhcpClient;
  readonly #held = new Map<number, string>();
  #xid = 0x9000;

  constructor(context: TestContext, partners: Program) {
    const lab = new Lab("several");
    const net = lab.namespace("net");
    for (const bridge of ["cli", "fo"]) {
      net.ip(`link add ${bridge} type bridge`);
      net.ip(`link set ${bridge} up`);
    }
    const plug = (namespace: Namespace, device: string, bridge: string, port: string, addresses: string[]) => {
      lab.cable({ namespace, device, addresses }, { namespace: net, device: port });
      net.ip(`link set ${port} master ${bridge}`);
    };
    const make = (name: Name, conf: string): DhcpServer => {
      const namespace = lab.namespace(name);
      plug(namespace, "cli0", "cli", `${name}c`, [`10.77.0.${name.charCodeAt(0) - 95}/16`]);
      plug(namespace, "fo0", "fo", `${name}f`, [`${FAILOVER[name]}/24`]);
      const program = name === "a" || partners === "tandem" ? TANDEM_DHCPD : ISC_DHCPD;
      return new DhcpServer({ namespace, program, conf, interfaces: ["cli0"] });
    };
    const peer = (name: string, role: Role, own: Name, partner: Name) =>
      `failover peer "${name}" { ${role}; address ${FAILOVER[own]}; port 647; peer address ${FAILOVER[partner]}; peer port 647; max-response-delay 30;
  max-unacked-updates 10; load balance max seconds 3; ${role === "primary" ? "mclt 40; split 128;" : ""} }\n`;
    const conf = (peers: string, pools: string) =>
      `authoritative; ping-check false; ddns-update-style none; dhcp-cache-threshold 0; default-lease-time 600; max-lease-time 600;
${peers}subnet 10.77.0.0 netmask 255.255.0.0 {\n${pools}}\n`;
    const shared = {
      ab: 'pool { failover peer "ab"; range 10.77.1.100 10.77.1.119; }\n',
      ac: 'pool { failover peer "ac"; range 10.77.2.100 10.77.2.119; }\n',
    };
    this.servers = {
      a: make(
        "a",
        conf(
          peer("ab", "primary", "a", "b") + peer("ac", "secondary", "a", "c"),
          `${shared.ab}${shared.ac}pool { range 10.77.3.100 10.77.3.101; }\n`,
        ),
      ),
      b: make("b", conf(peer("ab", "secondary", "b", "a"), shared.ab)),
      c: make("c", conf(peer("ac", "primary", "c", "a"), shared.ac)),
    };
    const clients = lab.namespace("c0");
    plug(clients, "eth0", "cli", "people", []);
    this.#client = new DhcpClient(clients, "eth0");
    context.onTestFinished(async () => {
      if (context.task.result?.state === "fail")
        for (const [name, server] of Object.entries(this.servers)) console.log(context.task.name, name, server.log().slice(-4000));
      this.#client.close();
      await lab.close();
    });
  }

  state(server: Name, peer: string): string | undefined {
    return [...this.servers[server].log().matchAll(new RegExp(`failover peer ${peer}: I move from \\S+ to ([a-z-]+)`, "g"))].at(-1)?.[1];
  }
  reach(server: Name, peer: string, state: string, milliseconds = 30_000): Promise<boolean> {
    return eventually(
      () => this.state(server, peer) === state,
      milliseconds,
      () => `${server} is in ${this.state(server, peer)} with ${peer}, not ${state}`,
    );
  }
  /** Clients of these numbers, which must all get an address. */
  async bound(from: number, to: number): Promise<string[]> {
    const addresses: string[] = [];
    for (let client = from; client <= to; client += 1) {
      let address: string | undefined;
      for (let attempt = 0; attempt < 3; attempt += 1) address ??= await this.#dora(client);
      if (address === undefined) throw new Error(`client ${client} gets no address`);
      addresses.push(address);
      this.#held.set(client, address);
    }
    return addresses;
  }
  /** Every client renews its lease, and keeps its address. */
  async renewed(): Promise<void> {
    for (const [client, address] of this.#held) {
      this.#xid += 2;
      const packet = { xid: this.#xid, chaddr: chaddrOf(client), ciaddr: address, options: [[53, bytesOf("03")]] as const };
      let ack: Reply | undefined;
      for (let attempt = 0; attempt < 3; attempt += 1) ack ??= await this.#client.exchange(packet, 3000, { ipFrom: address });
      if (ack?.yiaddr !== address) throw new Error(`client ${client} cannot renew ${address}: ${ack?.yiaddr}`);
    }
  }
  async #dora(client: number): Promise<string | undefined> {
    this.#xid += 2;
    const common = { chaddr: chaddrOf(client), secs: 10, flags: 0x8000 };
    this.#client.pending();
    const offer = await this.#client.exchange({ ...common, xid: this.#xid, options: [[53, bytesOf("01")]] });
    if (offer === undefined) return undefined;
    const options: OptionBytes[] = [
      [53, bytesOf("03")],
      [50, ipBytes(offer.yiaddr)],
      [54, optionOf(offer, 54) ?? new Uint8Array(4)],
    ];
    const ack = await this.#client.exchange({ ...common, xid: this.#xid + 1, options });
    return ack !== undefined && replyType(ack) === "ACK" ? ack.yiaddr : undefined;
  }
  /** Whoever shares an address knows it as active, nobody else knows it. */
  async agreed(addresses: readonly string[]): Promise<void> {
    for (const address of addresses) {
      const net = address.split(".")[2];
      const knowing: readonly Name[] = net === "1" ? ["a", "b"] : net === "2" ? ["a", "c"] : ["a"];
      const states = () => (["a", "b", "c"] as const).map((name) => this.servers[name].bindingState(address) ?? "-");
      const wanted = (["a", "b", "c"] as const).map((name) => (knowing.includes(name) ? "active" : "-"));
      await eventually(
        () => states().join() === wanted.join(),
        20_000,
        () => `${address} is ${states()}, not ${wanted}`,
      );
    }
  }
}
