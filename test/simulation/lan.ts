import type { ReplyDestination } from "../../edge-agent/dhcp/reply-destination.ts";
import { decodeMessage } from "../../edge-agent/dhcp/wire/decode.ts";
import type { DhcpMessage } from "../../edge-agent/dhcp/wire/message.ts";
import { type Ipv4Address, parseIpv4 } from "../../edge-agent/values/ipv4.ts";
import { RELAY_ADDRESS, SERVER_ADDRESSES } from "./config-text.ts";
import type { Machine, MachineWorld } from "./machine.ts";
import type { Swarm } from "./swarm.ts";

export const ip = (text: string): Ipv4Address => {
  const parsed = parseIpv4(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
};
export const BROADCAST = ip("255.255.255.255");
export const UNSPECIFIED = ip("0.0.0.0");
export const RELAY = ip(RELAY_ADDRESS);
export const SERVERS: readonly Ipv4Address[] = SERVER_ADDRESSES.map(ip);
const RELAY_OF_SERVERS_NET = ip("10.20.0.1");

/** The servers' own wire, or the network behind the relay. */
export type Net = "near" | "far";

/** Somebody who hears what servers send. */
export interface Listener {
  readonly key: string;
  readonly net: Net;
  receive(message: DhcpMessage): void;
}

/** The clients' networks: broadcasts reach both servers, those of the far network by a relay; datagrams get lost, late and repeated. */
export class Lan {
  readonly #world: MachineWorld;
  readonly #machines: readonly Machine[];
  readonly #swarm: Swarm;
  readonly #listeners = new Map<string, Listener>();
  /** Servers that clients cannot reach. */
  readonly cut = new Set<Machine>();
  /** Servers that sleep: what is sent to them is lost. */
  readonly asleep = new Set<Machine>();
  /** While true nothing is lost or repeated. */
  calm = false;

  constructor(world: MachineWorld, machines: readonly Machine[], swarm: Swarm) {
    this.#world = world;
    this.#machines = machines;
    this.#swarm = swarm;
  }

  join(listener: Listener): void {
    this.#listeners.set(listener.key, listener);
  }

  /** From a client's broadcast: on the near network as it is, from the far one with giaddr set by the relay, which `bytes` must have. */
  toServers(net: Net, bytes: Uint8Array, kind: "plain" | "once"): void {
    for (const [index, machine] of this.#machines.entries()) {
      const near = net === "near";
      this.#carry(kind, () => this.#arrive(machine, index, near ? UNSPECIFIED : RELAY, near ? BROADCAST : SERVERS[index]!, bytes));
    }
  }
  /** A client's datagram to one server. */
  toServer(server: Ipv4Address, source: Ipv4Address, bytes: Uint8Array, kind: "plain" | "once"): void {
    const index = SERVERS.indexOf(server);
    const machine = this.#machines[index];
    if (machine !== undefined) this.#carry(kind, () => this.#arrive(machine, index, source, server, bytes));
  }

  fromServer(machine: Machine, destination: ReplyDestination, bytes: Uint8Array): void {
    this.#carry("plain", () => {
      if (this.cut.has(machine)) return;
      const decoded = decodeMessage(bytes);
      if (!decoded.ok) throw new Error(`a server sent what cannot be read: ${decoded.error}`);
      const listener = this.#listeners.get(hardwareKey(decoded.value));
      if (listener === undefined) return;
      const net: Net | "any" =
        destination.kind === "udp"
          ? destination.address === RELAY
            ? "far"
            : destination.address === RELAY_OF_SERVERS_NET
              ? "near"
              : "any"
          : "near";
      if (net === "any" || net === listener.net) listener.receive(decoded.value);
    });
  }

  #arrive(machine: Machine, index: number, source: Ipv4Address, target: Ipv4Address, bytes: Uint8Array): void {
    if (this.cut.has(machine) || this.asleep.has(machine) || machine.crowded) return;
    machine.take({
      kind: "datagram",
      interfaceName: "eth0",
      interfaceAddresses: [SERVERS[index]!],
      source,
      sourcePort: source === RELAY ? 67 : 68,
      target,
      bytes,
    });
  }

  #carry(kind: "plain" | "once", deliver: () => void): void {
    const { agenda, random } = this.#world;
    const { loss, duplication, lanDelay } = this.#swarm;
    if (!this.calm && random.chance(loss)) return;
    agenda.after(random.unit() * lanDelay, deliver);
    if (kind === "plain" && !this.calm && random.chance(duplication)) agenda.after(random.unit() * lanDelay * 3, deliver);
  }
}

export const hardwareKey = (message: DhcpMessage): string => message.chaddr.subarray(0, 6).join(":");
