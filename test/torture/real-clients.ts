import { closeSync, openSync, readSync } from "node:fs";
import type { FailoverSite } from "../support/failover-site.ts";
import { sleep } from "../support/netns.ts";
import { type ClientTool, RealClient } from "../support/real-clients.ts";
import type { History } from "./history.ts";

const LOOK_MILLIS = 250;
/** How late a script may hear of the ACK. */
const SCRIPT_MILLIS = 300;
const DHCLIENT = ["timeout 12;", "retry 4;", "reboot 3;", "select-timeout 1;", "initial-interval 1;", "backoff-cutoff 4;"];
const HELD = new Set(["BOUND", "RENEW", "REBIND", "REBOOT", "bound", "renew"]);
const LOST = new Set(["EXPIRE", "FAIL", "RELEASE", "STOP", "NAK", "deconfig", "leasefail", "nak"]);

interface Watched {
  readonly name: string;
  readonly client: RealClient;
  readonly hardware: string;
  address: string | undefined;
  until: number;
  read: number;
}

/** A few real dhclient and udhcpc, each in a namespace of its own; what they tell their scripts goes into the history. */
export class RealClients {
  readonly #watched: Watched[];
  readonly #history: History;
  #over = false;

  constructor(site: FailoverSite, tools: readonly ClientTool[], history: History) {
    this.#history = history;
    this.#watched = tools.map((tool, index) => {
      const namespace = site.lab.namespace(`r${index}`);
      site.plug(namespace, "eth0", `r${index}`, []);
      // The script knows no prefix length: the servers are to be reached from any address
      namespace.ip("route add 10.77.0.0/16 dev eth0");
      const [link] = JSON.parse(namespace.ip("-j link show dev eth0")) as { address: string }[];
      const client = new RealClient(tool, namespace);
      return { name: `${tool}-${index}`, client, hardware: link?.address ?? "", address: undefined, until: 0, read: 0 };
    });
  }

  begin(): void {
    for (const { client } of this.#watched) client.start(client.tool === "dhclient" ? DHCLIENT : ["-t", "3", "-A", "2"]);
    void (async () => {
      while (!this.#over) {
        for (const watched of this.#watched) this.#look(watched);
        await sleep(LOOK_MILLIS);
      }
    })();
  }

  /** Those that hold nothing. */
  get idle(): readonly string[] {
    return this.#watched.filter(({ address, until }) => address === undefined || until < this.#history.now).map(({ name }) => name);
  }

  async close(): Promise<void> {
    this.#over = true;
    await Promise.all(this.#watched.map(({ client }) => client.kill()));
  }

  #look(watched: Watched): void {
    for (const line of newLines(watched)) {
      const [reason = "", ...pairs] = line.split("\t");
      const values = new Map(pairs.map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]));
      if (HELD.has(reason)) this.#held(watched, values);
      else if (LOST.has(reason)) this.#lost(watched);
    }
  }

  #held(watched: Watched, values: ReadonlyMap<string, string>): void {
    const address = values.get("new_ip_address") ?? values.get("ip") ?? "";
    const seconds = Number(values.get("new_dhcp_lease_time") ?? values.get("lease"));
    const server = values.get("new_dhcp_server_identifier") ?? values.get("serverid") ?? "";
    if (watched.address !== undefined && watched.address !== address) this.#lost(watched);
    watched.address = address;
    const heard = Number(values.get("at")) - this.#history.begun;
    // dhclient says when its lease ends, counted in whole seconds from the ACK; its script may run later
    const expiry = values.get("new_expiry");
    const until = expiry === undefined ? heard + seconds * 1000 - SCRIPT_MILLIS : Number(expiry) * 1000 - this.#history.begun;
    const since = until - seconds * 1000;
    watched.until = until;
    const { name: client, hardware } = watched;
    this.#history.add({ kind: "bound", client, hardware, address, server, since, until });
  }
  #lost(watched: Watched): void {
    if (watched.address === undefined) return;
    this.#history.add({ kind: "gone", client: watched.name, address: watched.address });
    watched.address = undefined;
  }
}

/** Whole lines that the client's script has written since the last look. */
function newLines(watched: Watched): string[] {
  const file = openSync(watched.client.eventFile, "r");
  const piece = Buffer.alloc(1 << 16);
  const length = readSync(file, piece, 0, piece.length, watched.read);
  closeSync(file);
  const end = piece.subarray(0, length).lastIndexOf(10) + 1;
  watched.read += end;
  return piece.toString("utf8", 0, end).split("\n").filter(Boolean);
}
