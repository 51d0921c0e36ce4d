import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { DhcpClient, firstAnswer } from "../support/dhcp-client.ts";
import { TANDEM_DHCPD } from "../support/dhcp-server.ts";
import { eventually, Lab, type Namespace, run } from "../support/netns.ts";

const lab = new Lab("init");
afterAll(() => lab.close());

/** Debian's own, of the package isc-dhcp-server. */
const SCRIPT = "/etc/init.d/isc-dhcp-server";

/** A machine of which the program that the script starts is ours, seen in the places that the script has for it. */
class Machine {
  readonly conf: string;
  readonly pid: string;
  readonly #namespace: Namespace;
  readonly #folder: string;

  constructor(namespace: Namespace) {
    this.#namespace = namespace;
    this.#folder = namespace.directory;
    mkdirSync(join(this.#folder, "lib"), { recursive: true });
    this.conf = join(this.#folder, "dhcpd.conf");
    this.pid = join(this.#folder, "dhcpd.pid");
    const leases = join(this.#folder, "leases");
    writeFileSync(leases, "");
    // its script waits two seconds for a server to end, which on a busy machine may not be enough
    const program = `#!/bin/sh\n[ ! -e ${leases}.tandem/lock ] || [ -z "$AFTER" ] || flock -w 60 ${leases}.tandem/lock true\nexec ${TANDEM_DHCPD} "$@"\n`;
    writeFileSync(join(this.#folder, "program"), program);
    chmodSync(join(this.#folder, "program"), 0o755);
    writeFileSync(join(this.#folder, "default"), `DHCPDv4_CONF=${this.conf}\nINTERFACESv4="s0"\n`);
    this.configure(`lease-file-name "${leases}";\npid-file-name "${this.pid}";\nauthoritative; ping-check off;
subnet 10.79.0.0 netmask 255.255.255.0 { range 10.79.0.100 10.79.0.110; }\n`);
  }

  configure(text: string): void {
    writeFileSync(this.conf, text);
  }

  /** Calls the script; its status and what it says. */
  call(verb: string, environment = ""): { readonly status: number | null; readonly said: readonly string[] } {
    const mounts = `mount --make-rprivate / && mount --bind ${this.#folder}/program /usr/sbin/dhcpd && mount --bind ${this.#folder}/lib /var/lib/dhcp`;
    const call = `${mounts} && DHCPD_DEFAULT=${this.#folder}/default ${environment} exec ${SCRIPT} ${verb}`;
    const { status, output } = this.#namespace.attempt(["unshare", "--mount", "sh", "-c", call], 120_000);
    return { status, said: output.trimEnd().split("\n") };
  }
}

test("Debian's script starts, looks at, restarts and stops the server as it does dhcpd", async () => {
  const server = lab.namespace("s");
  const client = lab.namespace("c");
  lab.cable({ namespace: server, device: "s0", addresses: ["10.79.0.1/24"] }, { namespace: client, device: "c0" });
  const machine = new Machine(server);
  const dhcp = new DhcpClient(client, "c0");
  const serves = async (): Promise<void> => {
    expect(await firstAnswer(dhcp)).toBe("OFFER by 10.79.0.1");
  };
  const started = { status: 0, said: ["Launching IPv4 server only.", "Starting ISC DHCPv4 server: dhcpd."] };
  const runs = { status: 0, said: ["Status of ISC DHCPv4 server: dhcpd is running."] };
  try {
    expect(machine.call("status")).toEqual({ status: 3, said: ["Status of ISC DHCPv4 server: dhcpd is not running."] });
    expect(machine.call("start")).toEqual(started);
    expect(machine.call("status")).toEqual(runs);
    await serves();
    const first = readFileSync(machine.pid, "utf8");
    const stopped = "Stopping ISC DHCPv4 server: dhcpd.";
    expect(machine.call("restart", "AFTER=1")).toEqual({ status: 0, said: [stopped, ...started.said] });
    expect(machine.call("status")).toEqual(runs);
    expect(readFileSync(machine.pid, "utf8")).not.toBe(first);
    await serves();
    expect(machine.call("stop")).toEqual({ status: 0, said: [stopped] });
    await eventually(() => run(["ip", "netns", "pids", server.name]).trim() === "", 60_000);
    expect(existsSync(machine.pid)).toBe(false);
    machine.configure("subnet 10.79.0.0 netmask 255.255.255.0 { rnage 10.79.0.1; }\n");
    const broken = machine.call("start");
    expect(broken.status).toBe(1);
    expect(broken.said.join("\n")).toContain(`dhcpd self-test failed. Please fix ${machine.conf}.`);
    expect(broken.said.join("\n")).toContain(`${machine.conf} line 1: semicolon expected.`);
  } finally {
    dhcp.close();
  }
}, 300_000);
