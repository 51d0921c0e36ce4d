import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Namespace, Running } from "./netns.ts";

/** Debian's ISC dhcpd, the reference. */
export const ISC_DHCPD = "/usr/sbin/dhcpd";
/** The agent, or whatever stands in for it in this run. */
export const TANDEM_DHCPD = process.env["TANDEM_DHCPD"] ?? fileURLToPath(new URL("../../edge-agent/bin/tandem-dhcpd", import.meta.url));

/** How to start a server that takes dhcpd's arguments. */
export interface ServerSetup {
  readonly namespace: Namespace;
  readonly program: string;
  readonly conf: string;
  readonly interfaces: readonly string[];
  /** What the lease file holds at the start; an empty one unless told. */
  readonly leases?: string;
  /** A name for its directory, so that one namespace can see several servers come and go. */
  readonly label?: string;
  /** More arguments, before the interfaces. */
  readonly arguments?: readonly string[];
}

/** A dhcpd-like server in a namespace. */
export class DhcpServer {
  readonly conf: string;
  readonly leaseFile: string;
  readonly #setup: ServerSetup;
  #process: Running | undefined;
  readonly #all: Running[] = [];
  #told = false;
  #program: string;

  constructor(setup: ServerSetup) {
    this.#setup = setup;
    this.#program = setup.program;
    const directory = join(setup.namespace.directory, setup.label ?? "server");
    mkdirSync(directory, { recursive: true, mode: 0o777 });
    this.conf = join(directory, "dhcpd.conf");
    this.leaseFile = join(directory, "dhcpd.leases");
    writeFileSync(this.conf, setup.conf);
    writeFileSync(this.leaseFile, setup.leases ?? "");
  }

  /** Starts it on the lease file as it is and resolves when it serves. */
  async start(): Promise<void> {
    const { namespace, interfaces, label, arguments: more = [] } = this.#setup;
    closeSync(openSync(this.leaseFile, "a"));
    const pid = join(namespace.directory, `${label ?? "server"}.pid`);
    this.#process = namespace.start(label ?? "server", [
      this.#program,
      "-4",
      "-f",
      "-d",
      "-cf",
      this.conf,
      "-lf",
      this.leaseFile,
      "-pf",
      pid,
      ...more,
      ...interfaces,
    ]);
    this.#all.push(this.#process);
    this.#told = false;
    await this.#process.waitForLog(/^Server starting service\.|"Server starting service\./m, 30_000);
  }

  /** From the next start on another program serves with the same files. */
  run(program: string): void {
    this.#program = program;
  }

  get process(): Running {
    if (!this.#process) throw new Error("the server was not started");
    return this.#process;
  }

  /** What it printed since its last start. */
  log(): string {
    return this.#process?.log() ?? "";
  }

  /** What it printed since it was made. */
  everLogged(): string {
    return this.#all.map((each) => each.log()).join("");
  }
  /** It ended without having been stopped. */
  get hasDied(): boolean {
    return this.#process !== undefined && !this.#process.isRunning && !this.#told;
  }

  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    this.#told = true;
    await this.#process?.stop(signal);
  }

  /** The last record of each address in the lease file. */
  leases(): Map<string, string> {
    const last = new Map<string, string>();
    for (const record of readFileSync(this.leaseFile, "utf8").matchAll(/^lease (\S+) \{\n([\s\S]*?)^\}/gm))
      last.set(record[1] as string, record[2] as string);
    return last;
  }

  /** Every binding state that the lease file has had for an address, oldest first. */
  history(address: string): string[] {
    const records = readFileSync(this.leaseFile, "utf8").matchAll(/^lease (\S+) \{\n([\s\S]*?)^\}/gm);
    return [...records]
      .filter((record) => record[1] === address)
      .map((record) => /^ {2}binding state (\w+);/m.exec(record[2] as string)?.[1] ?? "");
  }

  /** `active`, `free`, `abandoned` …, or undefined where the lease file does not speak of the address. */
  bindingState(address: string): string | undefined {
    return /^ {2}binding state (\w+);/m.exec(this.leases().get(address) ?? "")?.[1];
  }
}
