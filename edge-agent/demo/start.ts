import { type ChildProcess, spawn } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { decodeMessage } from "../dhcp/wire/decode.ts";
import { hexPairs } from "../values/hardware-address.ts";
import { formatIpv4, ipv4, UNSPECIFIED } from "../values/ipv4.ts";
import { type ClientProfile, SimulatedClient } from "./client.ts";
import { type DemoFigures, drawTable, LiveBlock, painter } from "./screen.ts";

const HELP = `npm start                       a server and eight simulated clients on the loopback interface, without root
npm start -- --for SECONDS      the same, ended after so long
npm start -- --port PORT        another port than 6767 (clients' relay and server use the same, as on port 67)

It starts the real server (edge-agent/bin/tandem-dhcpd) with edge-agent/demo/example.conf in a folder of its own; the
clients' datagrams go over UDP from a relay at 127.0.1.1 to the server at 127.0.0.1.

On a real interface, with your dhcpd.conf (as root, or with CAP_NET_RAW and CAP_NET_BIND_SERVICE):
    edge-agent/bin/tandem-dhcpd -t -cf /etc/dhcp/dhcpd.conf             does it understand the file?
    touch /var/lib/dhcp/dhcpd.leases                                     unless dhcpd's is there: it is taken over
    edge-agent/bin/tandem-dhcpd -f -d -cf /etc/dhcp/dhcpd.conf eth0      serve, and say so here
    edge-agent/bin/tandem --help                                         look at it while it runs`;

const RELAY = "127.0.1.1";
const SERVER = "127.0.0.1";
const FRAME_MILLIS = 250;

const PROFILES: readonly (readonly [name: string, stays?: number | undefined, vendorClass?: string | undefined, declines?: boolean])[] = [
  ["reception"],
  ["laptop-anna", 24],
  ["laptop-ben", 33],
  ["tablet", 15],
  ["till-1", undefined, undefined, true],
  ["printer"],
  ["phone-1", undefined, "phone 7.2"],
  ["phone-2", undefined, "phone 7.2"],
];

interface DemoOptions {
  readonly forSeconds: number | undefined;
  readonly port: number;
}

function parseArguments(argv: readonly string[]): DemoOptions | "help" | undefined {
  let options: DemoOptions = { forSeconds: undefined, port: 6767 };
  for (let index = 0; index < argv.length; index += 1) {
    const word = argv[index];
    if (word === "--help" || word === "-h") return "help";
    const value = Number(argv[++index]);
    if (word === "--for" && value > 0) options = { ...options, forSeconds: value };
    else if (word === "--port" && Number.isInteger(value) && value >= 1024 && value < 65535) options = { ...options, port: value };
    else return undefined;
  }
  return options;
}

/** Starts the server; resolves when it serves, rejects with what it said if it does not. */
function startServer(folder: string, port: number): Promise<ChildProcess> {
  const launcher = fileURLToPath(new URL("../bin/tandem-dhcpd", import.meta.url));
  const config = fileURLToPath(new URL("example.conf", import.meta.url));
  const files = ["-cf", config, "-lf", join(folder, "dhcpd.leases"), "-pf", join(folder, "dhcpd.pid")];
  writeFileSync(join(folder, "dhcpd.leases"), "");
  const child = spawn(launcher, ["-4", "-f", "-d", "-p", String(port), ...files, "lo"], { stdio: ["ignore", "ignore", "pipe"] });
  return new Promise((resolve, reject) => {
    let said = "";
    child.stderr.setEncoding("utf8");
    child.stderr.on("data", (text: string) => {
      said = `${said}${text}`.slice(-4000);
      if (said.includes("Server starting service.")) resolve(child);
    });
    child.on("error", reject);
    child.on("exit", () => reject(new Error(said)));
  });
}

function openRelay(port: number): Promise<Socket> {
  const socket = createSocket({ type: "udp4", reuseAddr: true });
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.bind(port, RELAY, () => resolve(socket));
  });
}

class Demo {
  readonly clients: readonly SimulatedClient[];
  readonly #notes = new Map<SimulatedClient, string>();
  readonly #started = performance.now();
  readonly #millis: number[] = [];
  readonly #counts = { exchanges: 0, renewals: 0, releases: 0, declines: 0 };
  readonly #block: LiveBlock | undefined;
  readonly #paint = painter(process.stdout.isTTY && process.env["NO_COLOR"] === undefined);

  constructor(relay: Socket, port: number) {
    this.#block = process.stdout.isTTY ? new LiveBlock((text) => process.stdout.write(text)) : undefined;
    const around = {
      relay: ipv4(0x7f000101),
      send: (bytes: Uint8Array) => relay.send(bytes, port, SERVER),
      random: Math.random,
      onChange: (client: SimulatedClient, what: string, millis: number | undefined) => this.#note(client, what, millis),
    };
    this.clients = PROFILES.map(([name, stays, vendorClass, declinesOnce = false], index) => {
      const profile: ClientProfile = { name, hardware: Uint8Array.of(2, 0, 0x5e, 0x10, 0, index + 1), stays, vendorClass, declinesOnce };
      return new SimulatedClient(profile, around, performance.now() + index * 350);
    });
    relay.on("message", (bytes) => this.#deliver(bytes));
  }

  tick(): void {
    const now = performance.now();
    for (const client of this.clients) client.tick(now);
    this.#block?.draw(drawTable(this.clients, this.#notes, this.#figures(), now, this.#paint, process.stdout.columns ?? 100));
  }

  end(): void {
    this.#block?.end();
    const { exchanges, renewals, releases, declines } = this.#counts;
    process.stdout.write(
      `${exchanges} leases, ${renewals} renewals, ${releases} releases, ${declines} declines; the server ended cleanly.\n`,
    );
  }

  #deliver(bytes: Uint8Array): void {
    const decoded = decodeMessage(bytes);
    if (!decoded.ok) return;
    const hardware = hexPairs(decoded.value.chaddr.subarray(0, 6));
    this.clients.find((client) => hexPairs(client.profile.hardware) === hardware)?.receive(decoded.value, performance.now());
  }

  #note(client: SimulatedClient, what: string, millis: number | undefined): void {
    const took = millis === undefined ? "" : ` (${millis.toFixed(1)} ms)`;
    this.#notes.set(client, `${what}${took}`);
    if (millis !== undefined) this.#millis.push(millis);
    if (this.#millis.length > 200) this.#millis.shift();
    if (what === "has an address") this.#counts.exchanges += 1;
    else if (what.startsWith("renewed")) this.#counts.renewals += 1;
    else if (what.includes("released")) this.#counts.releases += 1;
    else if (what.includes("declined")) this.#counts.declines += 1;
    if (this.#block !== undefined) return;
    const address = client.address === UNSPECIFIED ? "" : formatIpv4(client.address);
    process.stdout.write(
      `${this.#figures().seconds.toString().padStart(4)} s  ${client.profile.name.padEnd(12)} ${address.padEnd(13)} ${what}${took}\n`,
    );
  }

  #figures(): DemoFigures {
    return { ...this.#counts, millis: this.#millis, seconds: Math.round((performance.now() - this.#started) / 1000) };
  }
}

async function run(options: DemoOptions): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "tandem-demo-"));
  try {
    const relay = await openRelay(options.port);
    const server = await startServer(folder, options.port);
    const demo = new Demo(relay, options.port);
    const timer = setInterval(() => demo.tick(), FRAME_MILLIS);
    const ended = await new Promise<"asked" | "server">((resolve) => {
      for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => resolve("asked"));
      server.once("exit", () => resolve("server"));
      if (options.forSeconds !== undefined) setTimeout(() => resolve("asked"), options.forSeconds * 1000);
    });
    clearInterval(timer);
    const code = ended === "server" ? server.exitCode : await stopServer(server);
    relay.close();
    demo.end();
    return code === 0 ? 0 : 1;
  } catch (error) {
    process.stderr.write(`The demonstration cannot start: ${(error as Error).message}\n`);
    return 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function stopServer(server: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => {
    server.once("exit", (code) => resolve(code));
    server.kill("SIGTERM");
  });
}

const options = parseArguments(process.argv.slice(2));
if (options === "help") process.stdout.write(`${HELP}\n`);
else if (options === undefined) {
  process.stderr.write(`${HELP}\n`);
  process.exitCode = 2;
} else process.exit(await run(options));
