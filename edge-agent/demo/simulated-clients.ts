import { createSocket, type Socket } from "node:dgram";
import { performance } from "node:perf_hooks";
import { decodeMessage } from "../dhcp/wire/decode.ts";
import { hexPairs } from "../values/hardware-address.ts";
import { formatIpv4, type Ipv4Address, ipv4, UNSPECIFIED } from "../values/ipv4.ts";
import { ADDRESSES, portOf, SERVERS, type ServerName } from "./branch-site.ts";
import { type ClientProfile, SimulatedClient } from "./client.ts";
import type { DemoFigures } from "./screen.ts";

const RELAY = "127.0.1.1";
const RELAY_ADDRESS = ipv4(0x7f000101);

const PROFILES: readonly (readonly [name: string, stays?: number | undefined, vendorClass?: string | undefined, declines?: boolean])[] = [
  ["reception"],
  ["laptop-anna", 44],
  ["laptop-ben", 63],
  ["tablet", 25],
  ["till-1", undefined, undefined, true],
  ["printer"],
  ["phone-1", undefined, "phone 7.2"],
  ["phone-2", undefined, "phone 7.2"],
];

/** The clients of the branch, and the relay between them and the two servers, which are told apart by port. */
export class SimulatedClients {
  clients: readonly SimulatedClient[] = [];
  readonly notes = new Map<SimulatedClient, string>();
  readonly #relays: ReadonlyMap<ServerName, Socket>;
  #started = performance.now();
  readonly #millis: number[] = [];
  readonly #counts = { exchanges: 0, renewals: 0, releases: 0, declines: 0 };
  readonly #port: number;
  readonly #onLine: (line: string) => void;

  private constructor(relays: ReadonlyMap<ServerName, Socket>, port: number, onLine: (line: string) => void) {
    this.#relays = relays;
    this.#port = port;
    this.#onLine = onLine;
    for (const socket of relays.values()) socket.on("message", (bytes) => this.#deliver(bytes));
  }

  /** Switches the clients on, one after the other. */
  begin(): void {
    this.#started = performance.now();
    const around = {
      relay: RELAY_ADDRESS,
      send: (bytes: Uint8Array, to: Ipv4Address | undefined) => this.#relay(bytes, to, this.#port),
      random: Math.random,
      onChange: (client: SimulatedClient, what: string, millis: number | undefined) => this.#note(client, what, millis),
    };
    this.clients = PROFILES.map(([name, stays, vendorClass, declinesOnce = false], index) => {
      const profile: ClientProfile = { name, hardware: Uint8Array.of(2, 0, 0x5e, 0x10, 0, index + 1), stays, vendorClass, declinesOnce };
      return new SimulatedClient(profile, around, performance.now() + index * 350);
    });
  }

  /** Opens the relay; rejects if somebody has its ports. `onLine` hears of every change, as a line of text. */
  static async open(port: number, onLine: (line: string) => void): Promise<SimulatedClients> {
    const relays = new Map<ServerName, Socket>();
    for (const server of SERVERS) relays.set(server, await openRelay(portOf(server, port)));
    return new SimulatedClients(relays, port, onLine);
  }

  tick(): void {
    const now = performance.now();
    for (const client of this.clients) client.tick(now);
  }
  figures(): DemoFigures {
    return { ...this.#counts, millis: this.#millis, seconds: Math.round((performance.now() - this.#started) / 1000) };
  }
  close(): void {
    for (const socket of this.#relays.values()) socket.close();
  }

  /** As a relay does: what is for one server goes there, all else to both. */
  #relay(bytes: Uint8Array, to: Ipv4Address | undefined, port: number): void {
    const wanted = to === undefined ? undefined : formatIpv4(to);
    const named = SERVERS.filter((server) => ADDRESSES[server] === wanted);
    for (const server of named.length > 0 ? named : SERVERS) {
      // an agent that is down refuses the datagram; the client asks again
      this.#relays.get(server)?.send(bytes, portOf(server, port), ADDRESSES[server], () => {});
    }
  }

  #deliver(bytes: Uint8Array): void {
    const decoded = decodeMessage(bytes);
    if (!decoded.ok) return;
    const hardware = hexPairs(decoded.value.chaddr.subarray(0, 6));
    this.clients.find((client) => hexPairs(client.profile.hardware) === hardware)?.receive(decoded.value, performance.now());
  }

  #note(client: SimulatedClient, what: string, millis: number | undefined): void {
    const took = millis === undefined ? "" : ` (${millis.toFixed(1)} ms)`;
    this.notes.set(client, `${what}${took}`);
    if (millis !== undefined) this.#millis.push(millis);
    if (this.#millis.length > 200) this.#millis.shift();
    if (what === "has an address") this.#counts.exchanges += 1;
    else if (what.startsWith("renewed")) this.#counts.renewals += 1;
    else if (what.includes("released")) this.#counts.releases += 1;
    else if (what.includes("declined")) this.#counts.declines += 1;
    const address = client.address === UNSPECIFIED ? "" : formatIpv4(client.address);
    this.#onLine(`${client.profile.name.padEnd(12)} ${address.padEnd(13)} ${what}${took}`);
  }
}

function openRelay(port: number): Promise<Socket> {
  const socket = createSocket({ type: "udp4", reuseAddr: true });
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.bind(port, RELAY, () => {
      socket.on("error", () => {});
      resolve(socket);
    });
  });
}
