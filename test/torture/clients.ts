import type { Ipv4Address } from "../../edge-agent/values/ipv4.ts";
import { formatIpv4, parseIpv4 } from "../../edge-agent/values/ipv4.ts";
import { Client, type ClientWatch } from "../simulation/client.ts";
import type { ClientNet, ClientWorld, Holding } from "../simulation/client-types.ts";
import type { Net } from "../simulation/lan.ts";
import { Prng } from "../simulation/prng.ts";
import type { DhcpClient } from "../support/dhcp-client.ts";
import { bytesOf, type Reply } from "../support/dhcp-packet.ts";
import { CLIENT_SIDE, type Role } from "../support/failover-config.ts";
import type { FailoverSite } from "../support/failover-site.ts";
import type { History } from "./history.ts";
import type { Plan } from "./plan.ts";
import type { TortureServer } from "./servers.ts";

/** Where messages of a client that gives something back begin: op to hops, then xid. */
const CHADDR = 28;
/** Pauses are so much shorter than in the simulation: seven seconds after a release, ten of sleep. */
const PACE = 1 / 120;

/** Twenty to fifty scripted clients on one interface, speaking for themselves in real time; what they see goes into the history. */
export class ScriptedClients implements ClientWorld, ClientNet {
  readonly clients: readonly Client[];
  readonly agenda: ClientWorld["agenda"];
  readonly #wire: DhcpClient;
  readonly #history: History;
  readonly #plan: Plan;
  readonly #servers: readonly TortureServer[];
  readonly #random: Prng;
  readonly #macs: ReadonlyMap<string, string>;
  readonly #byHardware = new Map<string, Client>();
  readonly #timers = new Set<NodeJS.Timeout>();
  /** No datagram is lost by chance. */
  calm = false;
  /** Nobody says anything any more. */
  #silent = false;

  constructor(site: FailoverSite, servers: readonly TortureServer[], plan: Plan, history: History) {
    this.#wire = site.client;
    this.#history = history;
    this.#plan = plan;
    this.#servers = servers;
    this.#random = new Prng(plan.seed, 12);
    this.#macs = new Map((["primary", "secondary"] as const).map((role) => [CLIENT_SIDE[role], macOf(site, role)]));
    this.agenda = {
      get now() {
        return history.now;
      },
      after: (millis, task) => {
        const timer = setTimeout(() => {
          this.#timers.delete(timer);
          if (!this.#silent) task();
        }, millis);
        this.#timers.add(timer);
      },
    };
    const watch: ClientWatch = {
      bound: (client, holding) => this.#bound(client, holding),
      gone: (client, holding) => this.#gone(client, holding),
    };
    this.clients = Array.from({ length: plan.clients }, (_, index) => this.#client(index + 1, watch));
  }

  #client(number: number, watch: ClientWatch): Client {
    const random = new Prng(this.#plan.seed, 2000 + number);
    const options = {
      number,
      sendsClientId: random.chance(0.4),
      asksSeconds: random.chance(0.15) ? random.pick([10, 25]) : undefined,
      broadcasts: random.chance(0.5),
      whims: this.#plan.whims,
      settled: true,
      pace: PACE,
    };
    const client = new Client(options, this, this, watch, random);
    this.#byHardware.set(hardwareOf(client).replaceAll(":", ""), client);
    return client;
  }

  /** Switches the clients on, one after the other, and hears what comes until {@link close}. */
  begin(): void {
    for (const client of this.clients) this.agenda.after(this.#random.between(0, 8000), () => client.switchOn());
    void this.#listen();
  }

  async #listen(): Promise<void> {
    while (!this.#silent) {
      await this.#wire.readable(500);
      for (const reply of this.#wire.pending()) this.#byHardware.get(reply.chaddr.slice(0, 12))?.receive(answerOf(reply));
    }
  }

  /** From here on clients keep what they have, and want something. */
  settle(): void {
    this.calm = true;
    for (const client of this.clients) client.steady = true;
  }
  /** Clients that hold nothing. */
  get idle(): readonly Client[] {
    return this.clients.filter(({ holding }) => holding === undefined || holding.until <= this.agenda.now);
  }
  silence(): void {
    this.#silent = true;
    for (const timer of this.#timers) clearTimeout(timer);
  }

  trace(who: string, text: string): void {
    if (text.startsWith("bound") || text.startsWith("gives up")) return;
    this.#history.add({ kind: "note", who, text });
  }
  toServers(_net: Net, bytes: Uint8Array, kind: "plain" | "once"): void {
    if (kind === "once" && this.#servers.some(({ paused }) => paused)) return;
    this.#send(bytes, "0.0.0.0", "255.255.255.255", "ff:ff:ff:ff:ff:ff");
  }
  toServer(server: Ipv4Address, source: Ipv4Address, bytes: Uint8Array, kind: "plain" | "once"): void {
    const target = formatIpv4(server);
    const mac = this.#macs.get(target);
    const role = target === CLIENT_SIDE.primary ? 0 : 1;
    // What a frozen server is told when it wakes would be late by minutes
    if (mac === undefined || (kind === "once" && this.#servers[role]?.paused === true)) return;
    this.#send(bytes, formatIpv4(source), target, mac);
  }

  #send(bytes: Uint8Array, ipFrom: string, ipTo: string, macTo: string): void {
    if (this.#silent || (!this.calm && this.#random.chance(this.#plan.loss))) return;
    const macFrom = Buffer.from(bytes.subarray(CHADDR, CHADDR + 6)).toString("hex");
    // A renewing client's broadcast comes from its address
    const ciaddr = bytes.subarray(12, 16).join(".");
    this.#wire.sendBytes(bytes, { macFrom, macTo, ipTo, ipFrom: ipFrom === "0.0.0.0" ? ciaddr : ipFrom });
  }

  #bound(client: Client, holding: Holding): void {
    const { address, server, since, until } = holding;
    this.#history.add({
      kind: "bound",
      client: client.name,
      hardware: hardwareOf(client),
      address: formatIpv4(address),
      server: formatIpv4(server),
      since: Math.round(since),
      until: Math.round(until),
    });
  }
  #gone(client: Client, holding: Holding): void {
    this.#history.add({ kind: "gone", client: client.name, address: formatIpv4(holding.address) });
  }
}

/** As lease files write it. */
const hardwareOf = (client: Client): string =>
  client.key
    .split(":")
    .map((byte) => Number(byte).toString(16).padStart(2, "0"))
    .join(":");

function answerOf(reply: Reply): Parameters<Client["receive"]>[0] {
  const yiaddr = parseIpv4(reply.yiaddr);
  if (!yiaddr.ok) throw new Error(yiaddr.error);
  return { xid: reply.xid, yiaddr: yiaddr.value, options: new Map(reply.options.map(({ code, hex }) => [code, bytesOf(hex)])) };
}

function macOf(site: FailoverSite, role: Role): string {
  const [link] = JSON.parse(site.namespaces[role].ip("-j link show dev cli0")) as { address: string }[];
  return link?.address ?? "";
}
