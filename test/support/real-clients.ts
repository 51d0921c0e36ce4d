import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually, type Lab, type Namespace, type Running } from "./netns.ts";

/**
 * A network of two switches: the server has 10.77.0.1/24 on s0 and 10.78.0.1/24 on s1, behind which clients are plugged in and moved.
 */
export class Site {
  readonly server: Namespace;
  readonly #lab: Lab;
  readonly #switches: Namespace;
  #ports = 0;

  constructor(lab: Lab) {
    this.#lab = lab;
    this.server = lab.namespace("server");
    this.#switches = lab.namespace("switch");
    for (const [net, address] of [
      ["a", "10.77.0.1/24"],
      ["b", "10.78.0.1/24"],
    ] as const) {
      const uplink = `up-${net}`;
      lab.cable(
        { namespace: this.server, device: net === "a" ? "s0" : "s1", addresses: [address] },
        { namespace: this.#switches, device: uplink },
      );
      this.#switches.ip(`link add br-${net} type bridge forward_delay 0`);
      this.#switches.ip(`link set br-${net} up`);
      this.#switches.ip(`link set ${uplink} master br-${net}`);
    }
  }

  /** A namespace with an eth0 plugged into network `a` or `b`. */
  plug(name: string, net: "a" | "b", addresses: readonly string[] = []): Namespace {
    const namespace = this.#lab.namespace(name);
    this.plugDevice(namespace, "eth0", net, addresses);
    return namespace;
  }

  /** One more device for a namespace; gives the port to move it by. */
  plugDevice(namespace: Namespace, device: string, net: "a" | "b", addresses: readonly string[] = []): string {
    this.#ports += 1;
    const port = `port${this.#ports}`;
    this.#lab.cable({ namespace, device, addresses }, { namespace: this.#switches, device: port });
    this.move(port, net);
    return port;
  }

  /** Pulls a port's plug and puts it into the other network's switch. */
  move(port: string, net: "a" | "b"): void {
    this.#switches.ip(`link set ${port} master br-${net}`);
  }
}

export type ClientTool = "dhclient" | "udhcpc" | "dhcpcd";

/** What a client knew when it called its script. */
export interface ClientEvent {
  /** The client's own word: BOUND, RENEW, NAK, deconfig, bound … */
  readonly reason: string;
  readonly values: Readonly<Record<string, string>>;
}

/** A real DHCP client on eth0 of a namespace; its script sets address and default route there and touches nothing else. */
export class RealClient {
  readonly tool: ClientTool;
  readonly namespace: Namespace;
  readonly directory: string;
  readonly #device: string;
  #process: Running | undefined;

  constructor(tool: ClientTool, namespace: Namespace, device = "eth0") {
    this.tool = tool;
    this.namespace = namespace;
    this.#device = device;
    this.directory = join(namespace.directory, `${tool}-${device}`);
    mkdirSync(this.directory, { recursive: true });
    writeFileSync(this.#file("hook"), HOOK.replaceAll("@EVENTS@", this.#file("events")), { mode: 0o755 });
    writeFileSync(this.#file("events"), "");
  }

  /** Starts it. For dhclient and dhcpcd `settings` are lines of its configuration file, for udhcpc further arguments. */
  start(settings: readonly string[] = []): Running {
    writeFileSync(this.#file("conf"), `${this.tool === "udhcpc" ? "" : settings.join("\n")}\n`);
    this.#process = this.namespace.start(`${this.tool}-${this.#device}`, this.#command(settings));
    return this.#process;
  }

  get process(): Running {
    if (!this.#process) throw new Error("the client was not started");
    return this.#process;
  }

  /** Ends the client without a word to the server. */
  async kill(): Promise<void> {
    await this.#process?.stop("SIGKILL");
  }

  /** Gives the address back. */
  async release(): Promise<void> {
    if (this.tool === "dhclient") this.namespace.attempt([...this.#dhclient(), "-r", this.#device]);
    else process.kill(this.process.pid, this.tool === "udhcpc" ? "SIGUSR2" : "SIGALRM");
    await eventually(
      () => this.address() === undefined,
      30_000,
      () => `${this.tool} keeps its address:\n${this.process.log().slice(-3000)}`,
    );
  }

  /** The interface's address without prefix, or undefined. */
  address(): string | undefined {
    return this.namespace.addresses(this.#device)[0]?.split("/")[0];
  }

  /** Resolves with the address when there is one (that `fits`). */
  async bound(fits: (address: string) => boolean = () => true, milliseconds = 30_000): Promise<string> {
    return eventually(
      () => [this.address()].find((address) => address !== undefined && fits(address)),
      milliseconds,
      () => `${this.tool} got no address:\n${this.process.log().slice(-3000)}`,
    );
  }

  /** The file in which its script keeps what it was told, a line each. */
  get eventFile(): string {
    return this.#file("events");
  }

  /** What the client told its script, oldest first. */
  events(): ClientEvent[] {
    const lines = readFileSync(this.#file("events"), "utf8").split("\n").filter(Boolean);
    return lines.map((line) => {
      const [reason = "", ...pairs] = line.split("\t");
      return {
        reason,
        values: Object.fromEntries(pairs.map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)])),
      };
    });
  }

  /** The first event of one of these names (after the first `skip` events). */
  async event(names: readonly string[], skip = 0, milliseconds = 30_000): Promise<ClientEvent> {
    return eventually(
      () =>
        this.events()
          .slice(skip)
          .find(({ reason }) => names.includes(reason)),
      milliseconds,
      () => `${this.tool}: no ${names}, only ${this.events().map(({ reason }) => reason)}:\n${this.process.log().slice(-3000)}`,
    );
  }

  /** dhclient's own lease file. */
  leaseFile(): string {
    const file = this.#file("leases");
    return existsSync(file) ? readFileSync(file, "utf8") : "";
  }

  #file(name: string): string {
    return join(this.directory, name);
  }

  #dhclient(): string[] {
    return [
      "dhclient",
      "-4",
      "-v",
      "-sf",
      this.#file("hook"),
      "-cf",
      this.#file("conf"),
      "-lf",
      this.#file("leases"),
      "-pf",
      this.#file("pid"),
    ];
  }

  #command(settings: readonly string[]): string[] {
    const hook = this.#file("hook");
    switch (this.tool) {
      case "dhclient":
        return [...this.#dhclient(), "-d", this.#device];
      case "udhcpc":
        return ["udhcpc", "-f", "-i", this.#device, "-s", hook, "-t", "20", "-T", "1", "-A", "1", ...settings];
      case "dhcpcd": {
        // Its state and control sockets have fixed places: this process alone sees these.
        const state = this.#file("state");
        mkdirSync(state, { recursive: true });
        const mounts = `mkdir -p /var/lib/dhcpcd /run/dhcpcd && mount --bind ${state} /var/lib/dhcpcd && mount -t tmpfs none /run/dhcpcd`;
        const command = `exec dhcpcd -4 -B -d -f ${this.#file("conf")} -c ${hook} ${this.#device}`;
        return ["unshare", "-m", "sh", "-c", `${mounts} && ${command}`];
      }
    }
  }
}

/** One script for the three: dhclient and dhcpcd speak through `$reason` and `$new_…`, udhcpc through `$1` and bare names. */
const HOOK = `#!/bin/sh
at=$(date +%s%3N)
word="\${reason:-$1}"
address="\${new_ip_address:-$ip}"
routers="\${new_routers:-$router}"
values=$(env | sed -n -E 's/^(new_[a-z0-9_]+|old_ip_address|ip|serverid|lease|router|domain|hostname|siaddr|sname|boot_file|bootfile|tftp|dns|subnet|message)=/\\t&/p' | tr -d '\\n')
printf '%s\\tat=%s\\n' "$word$values" "$at" >>@EVENTS@
case "$word" in
PREINIT | deconfig) ip -4 address flush dev "$interface"; ip link set "$interface" up ;;
BOUND | RENEW | REBIND | REBOOT | bound | renew)
  if [ -z "$(ip -4 address show dev "$interface" to "$address")" ]; then
    ip -4 address flush dev "$interface"
    ip address add "$address/\${new_subnet_cidr:-24}" dev "$interface"
  fi
  for router in $routers; do ip route replace default via "$router" dev "$interface"; break; done ;;
EXPIRE | FAIL | RELEASE | STOP | NAK) ip -4 address flush dev "$interface" ;;
esac
exit 0
`;
