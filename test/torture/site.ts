import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { LeaseReport } from "../../edge-agent/control/protocol.ts";
import { askAgent } from "../../edge-agent/rim/control-socket.ts";
import { TANDEM_DHCPD } from "../support/dhcp-server.ts";
import type { PairOptions, Role } from "../support/failover-config.ts";
import { FailoverSite } from "../support/failover-site.ts";
import { LedgerLab } from "../support/ledger-lab.ts";
import type { DatabaseLease, History } from "./history.ts";
import { agreedTerms, type Plan, type Terms } from "./plan.ts";
import { TortureServer } from "./servers.ts";
import { Wires } from "./wires.ts";

const TANDEM_COMMAND = fileURLToPath(new URL("../../edge-agent/bin/tandem", import.meta.url));
const ROLES = ["primary", "secondary"] as const;
const execute = promisify(execFile);

/** The library that makes a program see another time; undefined where it is not installed. */
export const FAKE_TIME = (existsSync("/usr/lib") ? readdirSync("/usr/lib") : [])
  .map((folder) => `/usr/lib/${folder}/faketime/libfaketimeMT.so.1`)
  .find(existsSync);

/** The pair under torture: two real servers on small disks of their own, their wires, and the ledger if there is one. */
export class TortureSite {
  readonly history: History;
  readonly pair: FailoverSite;
  readonly ledger: LedgerLab | undefined;
  readonly servers: readonly TortureServer[];
  readonly wires: Wires;
  readonly terms = new Map<TortureServer, Terms>();
  readonly #plan: Plan;
  readonly #texts: ReadonlyMap<TortureServer, string>;

  private constructor(plan: Plan, pair: FailoverSite, ledger: LedgerLab | undefined, servers: readonly TortureServer[], history: History) {
    this.#plan = plan;
    this.pair = pair;
    this.ledger = ledger;
    this.servers = servers;
    this.history = history;
    this.wires = new Wires(pair.namespaces);
    this.#texts = new Map(servers.map((server) => [server, readFileSync(server.server.conf, "utf8")]));
  }

  static async make(plan: Plan, history: History): Promise<TortureSite> {
    const clocks = `/tmp/tandem-${process.pid}-clock-`;
    const environment = (role: Role): string => {
      if (FAKE_TIME === undefined || !plan.clocks) return "";
      return `LD_PRELOAD=${FAKE_TIME} FAKETIME_TIMESTAMP_FILE=${clocks}${role} FAKETIME_CACHE_DURATION=1 DONT_FAKE_MONOTONIC=1 FAKETIME_DONT_FAKE_MONOTONIC=1`;
    };
    const options: PairOptions = {
      ...plan.programs,
      mclt: plan.mclt,
      maxResponseDelay: plan.maxResponseDelay,
      maxUnacked: plan.maxUnacked,
      leaseSeconds: plan.leaseSeconds,
      range: rangeOf(plan.poolSize),
      // Segments that were dropped on the way and sent again with others do not read in a capture
      unwatched: true,
    };
    let servers: readonly TortureServer[] = [];
    const prepare = (pair: FailoverSite): void => {
      servers = ROLES.map((role) => new TortureServer(role, plan.programs[role], pair.servers[role], history, `${clocks}${role}`));
      for (const server of servers) {
        server.mount();
        server.setClock(plan.skew[server.role]);
      }
    };
    if (plan.ledger) {
      const autonomySeconds = plan.autonomySeconds;
      const lab = await LedgerLab.make({ mclt: plan.mclt, autonomySeconds, pair: options, environment, prepare, embedded: true });
      return new TortureSite(plan, lab.pair, lab, servers, history);
    }
    const agent = (role: Role): string => {
      const script = `${clocks}${role}.sh`;
      writeFileSync(script, `#!/bin/sh\n${environment(role)} exec ${TANDEM_DHCPD} "$@"\n`, { mode: 0o755 });
      return script;
    };
    const pair = new FailoverSite({ ...options, agent, unwatched: true });
    prepare(pair);
    return new TortureSite(plan, pair, undefined, servers, history);
  }

  partnerOf(server: TortureServer): TortureServer {
    const partner = this.servers.find((each) => each !== server);
    if (partner === undefined) throw new Error("no pair");
    return partner;
  }

  /** Takes everything stored from a server that is down. */
  forget(server: TortureServer): void {
    this.pair.forget(server.role);
    this.ledger?.configure(server.role);
    this.history.add({ kind: "disk-lost", who: server.role });
  }

  /** Writes an edition of a server's configuration, with its terms; or one with an error. */
  configure(server: TortureServer, edition: number, broken: boolean): void {
    if (server.diskFull) return;
    const { mclt, split, more } = this.terms.get(server) ?? agreedTerms(this.#plan);
    const text = (this.#texts.get(server) ?? "")
      .replace(/mclt \d+;/, `mclt ${mclt};`)
      .replace(/split \d+;/, `split ${split};`)
      .replace(rangeOf(this.#plan.poolSize), rangeOf(this.#plan.poolSize + more));
    const name = server.program === "tandem" ? `option domain-name "edition-${edition}";\n` : "";
    writeFileSync(server.server.conf, `${name}${broken ? "subnet 10.77.0.0 {\n" : ""}${text}`);
  }
  /** From here on these terms are in its configuration. */
  agree(server: TortureServer, terms: Terms): void {
    this.terms.set(server, terms);
  }

  /** An operator's order; gives what came of it. */
  async order(server: TortureServer, verb: string, ...options: readonly string[]): Promise<string> {
    try {
      if (server.program === "dhcpd") {
        this.pair.setState(server.role, 4);
        return "told by omshell";
      }
      const socket = join(`${server.server.leaseFile}.tandem`, "control.sock");
      const { stdout } = await execute(TANDEM_COMMAND, [verb, ...options, "--socket", socket], { timeout: 60_000 });
      return stdout.trim();
    } catch (error) {
      return `refused: ${String((error as { stderr?: string }).stderr ?? error).trim()}`;
    }
  }

  /** What `tandem status` asks of a running agent; undefined if it does not answer. */
  async status(server: TortureServer): Promise<Status | undefined> {
    const socket = join(`${server.server.leaseFile}.tandem`, "control.sock");
    try {
      return ((await askAgent(socket, { verb: "status" })) as { result: Status }).result;
    } catch {
      return undefined;
    }
  }

  /** What a server has stored: of an agent what it says itself, of a dhcpd its lease file. */
  async database(server: TortureServer): Promise<readonly DatabaseLease[]> {
    if (server.program === "dhcpd") return server.leases();
    const socket = join(`${server.server.leaseFile}.tandem`, "control.sock");
    const reply = (await askAgent(socket, { verb: "leases", filter: {}, limit: 1000 })) as { result: { leases: readonly LeaseReport[] } };
    return reply.result.leases.map(({ address, status, hardware, ends }) => ({
      address,
      status: status.toLowerCase(),
      ends,
      ...(hardware === undefined ? {} : { hardware }),
    }));
  }

  async close(): Promise<void> {
    for (const server of this.servers) await server.stop("SIGKILL");
    for (const server of this.servers) server.unmount();
    await (this.ledger?.close() ?? this.pair.close());
  }
}

/** What of an agent's status is looked at. */
export interface Status {
  readonly relationships: readonly { readonly state: string; readonly owed: number; readonly unacked: number }[];
  readonly ledger: { readonly backlog?: number; readonly mode?: string };
}

function rangeOf(size: number): string {
  const last = 9 + size;
  return `10.77.1.10 10.77.${1 + Math.floor(last / 256)}.${last % 256}`;
}
