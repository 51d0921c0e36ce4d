import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Desk, deskCredentials, startDesk } from "../../cloud/desk/desk.ts";
import type { StatusReport } from "../control/protocol.ts";
import { askAgent } from "../rim/control-socket.ts";

export const SITE = "BRANCH-1";
export const MCLT = 20;
const AUTONOMY = 60;
const FAILOVER_PORTS = { A: 6847, B: 6848 } as const;
const READY_MILLIS = 20_000;
const END_MILLIS = 10_000;
const ROOT = fileURLToPath(new URL("../..", import.meta.url));

export type ServerName = "A" | "B";
export const SERVERS = ["A", "B"] as const;

/** Address of a server on the loopback interface: of its failover link, and its server identifier. */
export const ADDRESSES = { A: "127.0.0.2", B: "127.0.0.3" } as const;

export interface SiteOptions {
  /** UDP port of server A; B has the next but nine. */
  readonly port: number;
  /** The embedded ledger even where there is a Java. */
  readonly embedded: boolean;
  /** A server has ended without having been asked to. */
  onEnded(server: ServerName, how: string): void;
}

/** Clients' port of a server: its own and the relay's, as on port 67. */
export const portOf = (server: ServerName, port: number): number => (server === "A" ? port : port + 10);

/** A whole branch on the loopback interface: the control plane and its ledger, and two real agents with failover. */
export class BranchSite {
  readonly desk: Desk;
  readonly folder: string;
  readonly #options: SiteOptions;
  readonly #agents = new Map<ServerName, ChildProcess>();
  #ending = false;

  private constructor(desk: Desk, folder: string, options: SiteOptions) {
    this.desk = desk;
    this.folder = folder;
    this.#options = options;
  }

  /** Starts everything; resolves when both agents serve. Rejects with what went wrong, and leaves nothing behind. */
  static async start(options: SiteOptions): Promise<BranchSite> {
    // whatever account the user works with has no place here
    for (const name of Object.keys(process.env)) if (name.startsWith("AWS_")) delete process.env[name];
    const desk = await openDesk(options.embedded);
    const site = new BranchSite(desk, mkdtempSync(join(tmpdir(), "tandem-site-")), options);
    try {
      const token = await desk.token();
      await site.#register(token);
      site.#writeEnvironment(token);
      for (const server of SERVERS) site.#configure(server);
      await Promise.all(SERVERS.map((server) => site.#run(server)));
      return site;
    } catch (error) {
      await site.end();
      throw error;
    }
  }

  pid(server: ServerName): number | undefined {
    return this.#agents.get(server)?.pid;
  }
  state(server: ServerName): string {
    return join(this.folder, server.toLowerCase());
  }
  /** What `tandem status` would say; undefined if the agent does not run. */
  async status(server: ServerName): Promise<StatusReport | undefined> {
    if (!this.#agents.has(server)) return undefined;
    try {
      const reply = (await askAgent(join(this.state(server), "control.sock"), { verb: "status" }, 2000)) as { result?: StatusReport };
      return reply.result;
    } catch {
      return undefined;
    }
  }

  /** An address that is somebody's by the ledger; undefined while none is. */
  async leasedAddress(): Promise<string | undefined> {
    const headers = { authorization: `Bearer ${await this.desk.token()}` };
    const response = await fetch(`${this.desk.url}/v1/sites/${SITE}/leases?status=ACTIVE`, { headers });
    const { items = [] } = (await response.json()) as { items?: readonly { readonly address: string }[] };
    return items[0]?.address;
  }

  /** Starts whichever agent has ended. */
  async revive(): Promise<void> {
    await Promise.all(SERVERS.filter((server) => !this.#agents.has(server)).map((server) => this.#run(server).catch(() => undefined)));
  }

  /** Ends it all; false if an agent did not end cleanly. */
  async end(): Promise<boolean> {
    this.#ending = true;
    const ended = await Promise.all([...this.#agents.values()].map(endProcess));
    await this.desk.stop();
    rmSync(this.folder, { recursive: true, force: true });
    return ended.every((code) => code === 0);
  }

  async #register(token: string): Promise<void> {
    const response = await fetch(`${this.desk.url}/v1/sites/${SITE}`, {
      method: "PUT",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({
        mcltMs: MCLT * 1000,
        maxLeaseMs: 60_000,
        autonomyMs: AUTONOMY * 1000,
        names: { A: "branch-a", B: "branch-b" },
        pools: [
          { name: "office", from: "127.0.1.20", to: "127.0.1.99" },
          { name: "phones", from: "127.0.1.200", to: "127.0.1.219" },
        ],
        serials: { A: [], B: [] },
        foreign: "none",
      }),
    });
    if (!response.ok) throw new Error(`the control plane does not take the site: ${response.status} ${await response.text()}`);
  }

  #writeEnvironment(token: string): void {
    const path = `"${join(ROOT, "edge-agent/bin")}:${join(ROOT, "cloud/bin")}:$PATH"`;
    writeFileSync(join(this.folder, "env"), `export TANDEM_API=${this.desk.url}\nexport TANDEM_TOKEN=${token}\nexport PATH=${path}\n`);
    chmodSync(join(this.folder, "env"), 0o600);
  }

  #configure(server: ServerName): void {
    const state = this.state(server);
    const other = server === "A" ? "B" : "A";
    mkdirSync(state, { recursive: true });
    const role = server === "A" ? `primary;\n  mclt ${MCLT};\n  split 128;` : "secondary;";
    writeFileSync(
      join(state, "dhcpd.conf"),
      `server-identifier ${ADDRESSES[server]};
failover peer "branch" {
  ${role}
  address ${ADDRESSES[server]};
  port ${FAILOVER_PORTS[server]};
  peer address ${ADDRESSES[other]};
  peer port ${FAILOVER_PORTS[other]};
  max-response-delay 10;
  max-unacked-updates 10;
  load balance max seconds 3;
}
include "${fileURLToPath(new URL("branch.conf", import.meta.url))}";
`,
    );
    writeFileSync(join(state, "dhcpd.leases"), "");
    const ledger = { table: this.desk.tableName, region: "local", endpoint: this.desk.ledgerEndpoint, api: this.desk.url };
    const sites = [{ relationship: "branch", site: SITE, autonomySeconds: AUTONOMY }];
    writeFileSync(join(state, "agent.json"), `${JSON.stringify({ ledger, sites }, null, 2)}\n`);
  }

  /** Starts an agent; resolves when it serves, rejects with what it said if it does not. */
  #run(server: ServerName): Promise<void> {
    const state = this.state(server);
    const files = ["-cf", join(state, "dhcpd.conf"), "-lf", join(state, "dhcpd.leases"), "-pf", join(state, "dhcpd.pid"), "--state", state];
    const { accessKeyId, secretAccessKey } = deskCredentials(SITE, server);
    const credentials = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
    const child = spawn(
      join(ROOT, "edge-agent/bin/tandem-dhcpd"),
      ["-4", "-f", "-d", "-p", String(portOf(server, this.#options.port)), ...files, "lo"],
      // of a process group of its own: Ctrl-C is for us, who end it in good order
      { stdio: ["ignore", "ignore", "pipe"], detached: true, env: { ...plainEnvironment(), ...credentials } },
    );
    this.#agents.set(server, child);
    if (child.pid !== undefined) writeFileSync(join(state, "pid"), `${child.pid}\n`);
    return new Promise((resolve, reject) => {
      let said = "";
      const failed = (how: string): void => reject(new Error(`server ${server} ${how}\n${said}`));
      const timer = setTimeout(() => failed("does not get going"), READY_MILLIS);
      child.stderr.setEncoding("utf8");
      child.stderr.on("data", (text: string) => {
        said = `${said}${text}`.slice(-4000);
        if (said.includes("Server starting service.")) {
          clearTimeout(timer);
          resolve();
        }
      });
      child.on("error", (error) => failed(error.message));
      child.on("exit", (code, signal) => {
        clearTimeout(timer);
        this.#agents.delete(server);
        const how = signal === null ? `ended with status ${code}` : `was ended by ${signal}`;
        if (!this.#ending) this.#options.onEnded(server, how);
        failed(how);
      });
    });
  }
}

/** On the port that people remember, unless somebody has it. */
async function openDesk(embedded: boolean): Promise<Desk> {
  try {
    return await startDesk({ port: 8600, embedded, logLevel: "error" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    return startDesk({ embedded, logLevel: "error" });
  }
}

function plainEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("AWS_")));
}

function endProcess(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill("SIGKILL"), END_MILLIS);
    child.once("exit", (code) => {
      clearTimeout(timer);
      resolve(code);
    });
    child.kill("SIGTERM");
  });
}
