import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Desk, deskCredentials, startDesk } from "../../cloud/desk/desk.ts";
import { TANDEM_DHCPD } from "./dhcp-server.ts";
import type { PairOptions, Role } from "./failover-config.ts";
import { FailoverSite } from "./failover-site.ts";

export const SITE = "LAB-1";
const LEDGER_PORT = 8001;
const API_PORT = 8002;
const SERVERS = { primary: "A", secondary: "B" } as const;

export interface LedgerLabOptions {
  readonly mclt: number;
  readonly autonomySeconds: number;
  /** More of what the pair is to be like. */
  readonly pair?: Partial<Omit<PairOptions, "mclt" | "agent">>;
  /** Assignments of environment variables in front of an agent's command. */
  readonly environment?: (role: Role) => string;
  /** Called when the servers have their folders, and nothing in them counts yet. */
  readonly prepare?: (pair: FailoverSite) => void;
  readonly coldStart?: "fence";
  /** More failover relationships, each with its site. */
  readonly moreSites?: Readonly<Record<string, string>>;
  /** Clients are named in the ledger under this key. */
  readonly clientKey?: string;
  /** Use the embedded ledger even where there is a Java. */
  readonly embedded?: boolean;
}

/** A server's credentials for a site, as a profile of the AWS configuration. */
function profileOf(site: string, role: Role): string {
  const { accessKeyId, secretAccessKey } = deskCredentials(site, SERVERS[role]);
  return `[${site}]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`;
}

/** Two real agents, the control plane on a desk, and a WAN that can be cut: sockets in the file system lead out of the namespaces. */
export class LedgerLab {
  readonly pair: FailoverSite;
  readonly desk: Desk;
  readonly token: string;
  readonly #folder: string;
  readonly #relays: Server[] = [];
  readonly #sockets = new Map<Role, Set<Socket>>([
    ["primary", new Set()],
    ["secondary", new Set()],
  ]);
  readonly #cut = new Set<Role>();
  /** How late each piece is, in milliseconds. */
  readonly #delay = new Map<Role, number>();
  readonly #options: LedgerLabOptions;

  private constructor(pair: FailoverSite, desk: Desk, token: string, folder: string, options: LedgerLabOptions) {
    this.#options = options;
    this.pair = pair;
    this.desk = desk;
    this.token = token;
    this.#folder = folder;
  }

  static async make(options: LedgerLabOptions): Promise<LedgerLab> {
    const desk = await startDesk({ logLevel: "error", embedded: options.embedded === true });
    const folder = mkdtempSync(join(tmpdir(), "tandem-ledger-"));
    const agent = (role: Role): string => {
      const script = join(folder, `agent-${role}`);
      const { accessKeyId, secretAccessKey } = deskCredentials(SITE, SERVERS[role]);
      const profiles = join(folder, `profiles-${role}`);
      writeFileSync(
        profiles,
        Object.values(options.moreSites ?? {})
          .map((site) => profileOf(site, role))
          .join(""),
      );
      const key = `AWS_SHARED_CREDENTIALS_FILE=${profiles} AWS_ACCESS_KEY_ID=${accessKeyId} AWS_SECRET_ACCESS_KEY=${secretAccessKey}`;
      writeFileSync(script, `#!/bin/sh\n${key} ${options.environment?.(role) ?? ""} exec ${TANDEM_DHCPD} "$@"\n`, { mode: 0o755 });
      return script;
    };
    const pair = new FailoverSite({ primary: "tandem", secondary: "tandem", ...options.pair, mclt: options.mclt, agent });
    options.prepare?.(pair);
    const lab = new LedgerLab(pair, desk, await desk.token(), folder, options);
    const site = {
      mcltMs: options.mclt * 1000,
      maxLeaseMs: 120_000,
      autonomyMs: options.autonomySeconds * 1000,
      names: { A: "a", B: "b" },
    };
    const foreign = options.pair?.secondary === "dhcpd" ? "B" : "none";
    for (const name of [SITE, ...Object.values(options.moreSites ?? {})]) {
      await lab.#register(name, { ...site, pools: [], serials: { A: [], B: [] }, foreign });
    }
    for (const role of ["primary", "secondary"] as const) await lab.#connect(role);
    return lab;
  }

  /** The first write of all finds a DynamoDB Local that is still warming up: what was not answered is asked again, and may have been done. */
  async #register(site: string, config: object): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const { status, body } = await this.call("PUT", `/v1/sites/${site}`, config);
      if (status === 200 || (attempt > 1 && body.code === "SITE_EXISTS")) return;
      if (status !== 503 || attempt === 5) throw new Error(`registering: ${status} ${JSON.stringify(body)}`);
    }
  }

  /** Writes an agent's part of the ledger into its state folder, with `changes` to each of its sites. */
  configure(role: Role, changes: object = {}): void {
    const { autonomySeconds, coldStart, pair, moreSites = {} } = this.#options;
    const state = `${this.pair.servers[role].leaseFile}.tandem`;
    mkdirSync(state, { recursive: true });
    const file = {
      ledger: {
        table: this.desk.tableName,
        region: "local",
        endpoint: `http://127.0.0.1:${LEDGER_PORT}`,
        api: `http://127.0.0.1:${API_PORT}`,
        ...(this.#options.clientKey === undefined ? {} : { clientKeyFile: this.#keyFile(state) }),
      },
      sites: Object.entries({ lab: SITE, ...moreSites }).map(([relationship, site]) => ({
        ...{ relationship, site, autonomySeconds },
        ...(site === SITE ? {} : { profile: site }),
        ...(coldStart === undefined ? {} : { coldStart }),
        ...(pair?.secondary === "dhcpd" ? { partner: "isc" } : {}),
        ...changes,
      })),
    };
    writeFileSync(join(state, "agent.json"), JSON.stringify(file));
  }

  #keyFile(state: string): string {
    const path = join(state, "client-key");
    writeFileSync(path, `${this.#options.clientKey}\n`, { mode: 0o600 });
    return path;
  }

  /** `tandem` on a server that is down, with the agent's credentials and way to the ledger. */
  async offline(role: Role, ...argv: string[]): Promise<{ readonly status: number | null; readonly output: string }> {
    const { accessKeyId, secretAccessKey } = deskCredentials(SITE, SERVERS[role]);
    const keys = [`AWS_ACCESS_KEY_ID=${accessKeyId}`, `AWS_SECRET_ACCESS_KEY=${secretAccessKey}`];
    const command = TANDEM_DHCPD.replace(/tandem-dhcpd$/, "tandem");
    // never while waiting for it: desk and WAN live in this process
    const child = spawn("ip", ["netns", "exec", this.pair.namespaces[role].name, "env", ...keys, command, ...argv]);
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
    return new Promise((resolve) => child.once("close", (status) => resolve({ status, output })));
  }

  /** Looks every three seconds: what `look` runs keeps this process from serving desk and WAN meanwhile. */
  async until(look: () => unknown, millis: number, complaint: () => string = () => "it did not happen"): Promise<void> {
    const giveUp = Date.now() + millis;
    while (!(await look())) {
      if (Date.now() > giveUp) throw new Error(complaint());
      await new Promise((resolve) => setTimeout(resolve, 3000));
    }
  }

  async #connect(role: Role): Promise<void> {
    this.configure(role);
    const ways = [
      [LEDGER_PORT, this.desk.ledgerEndpoint],
      [API_PORT, this.desk.url],
    ] as const;
    for (const [port, url] of ways) {
      const path = join(this.#folder, `${role}-${port}`);
      await this.#relay(role, path, Number(new URL(url).port));
      const forward = `require("net").createServer((c)=>{const s=require("net").connect(${JSON.stringify(path)});c.pipe(s);s.pipe(c);c.on("error",()=>s.destroy());s.on("error",()=>c.destroy());s.on("close",()=>c.destroy());c.on("close",()=>s.destroy())}).listen(${port},"127.0.0.1",()=>console.log("ready"))`;
      await this.pair.namespaces[role].start(`wan${port}`, ["node", "-e", forward]).waitForLog(/ready/, 10_000);
    }
  }

  #relay(role: Role, path: string, port: number): Promise<void> {
    const server = createServer((socket) => {
      if (this.#cut.has(role)) {
        socket.destroy();
        return;
      }
      const far = connect(port, "127.0.0.1");
      for (const end of [socket, far]) {
        this.#sockets.get(role)?.add(end);
        end.on("error", () => {});
        end.on("close", () => {
          this.#sockets.get(role)?.delete(end);
          socket.destroy();
          far.destroy();
        });
      }
      this.#carry(role, socket, far);
      this.#carry(role, far, socket);
    });
    this.#relays.push(server);
    return new Promise((resolve) => server.listen(path, resolve));
  }

  /** Passes on what comes, in order, as late as the way is slow. */
  #carry(role: Role, from: Socket, to: Socket): void {
    let last: Promise<void> = Promise.resolve();
    from.on("data", (piece) => {
      const wait = this.#delay.get(role) ?? 0;
      last = last.then(() => new Promise((resolve) => setTimeout(resolve, wait))).then(() => void (to.writable && to.write(piece)));
    });
    from.on("end", () => {
      last = last.then(() => void to.end());
    });
  }

  /** Makes one server's WAN slow: milliseconds for each piece, 0 for none. */
  slow(role: Role, milliseconds: number): void {
    this.#delay.set(role, milliseconds);
  }

  /** Cuts or heals one server's WAN. */
  wan(role: Role, works: boolean): void {
    if (works) this.#cut.delete(role);
    else {
      this.#cut.add(role);
      for (const socket of this.#sockets.get(role) ?? []) socket.destroy();
    }
  }

  /** A request of an operator's to the control plane. */
  // biome-ignore lint/suspicious/noExplicitAny: every route answers in its own shape
  async call(method: string, path: string, body?: object): Promise<{ status: number; body: any }> {
    const headers = { authorization: `Bearer ${this.token}`, ...(body === undefined ? {} : { "content-type": "application/json" }) };
    const response = await fetch(this.desk.url + path, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    return { status: response.status, body: await response.json().catch(() => ({})) };
  }
  async state(): Promise<string> {
    return (await this.call("GET", `/v1/sites/${SITE}`)).body.state;
  }

  /** Asks for partner-down, once a second, until it is granted; the answer. Throws with the last refusal. */
  async granted(survivor: "A" | "B", millis = 110_000): ReturnType<LedgerLab["call"]> {
    const giveUp = Date.now() + millis;
    for (;;) {
      const answer = await this.call("POST", `/v1/sites/${SITE}/partner-down`, { survivor });
      if (answer.status === 200) return answer;
      if (Date.now() > giveUp) throw new Error(`not granted: ${JSON.stringify(answer.body)}`);
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }

  async close(): Promise<void> {
    await this.pair.close();
    for (const relay of this.#relays) relay.close();
    for (const sockets of this.#sockets.values()) for (const socket of sockets) socket.destroy();
    await this.desk.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
