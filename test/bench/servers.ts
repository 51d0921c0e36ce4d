import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ISC_DHCPD, TANDEM_DHCPD } from "../support/dhcp-server.ts";
import { eventually, type Lab, type Namespace, type Running } from "../support/netns.ts";

/** Where servers and clients meet: one veth pair, server 10.77.0.1 on s0, client 10.77.0.2 on c0. */
export interface Wire {
  readonly server: Namespace;
  readonly client: Namespace;
}

/** A server under measurement. */
export interface Contender {
  readonly name: string;
  readonly program: string;
  /** Writes what it needs into an empty directory and gives its command line. */
  prepare(directory: string): readonly string[];
}

const CONF = `authoritative; ping-check off; default-lease-time 3600; max-lease-time 7200;
subnet 10.77.0.0 netmask 255.255.0.0 {
  range 10.77.1.0 10.77.255.254; option routers 10.77.0.1; option domain-name-servers 10.77.0.1;
}
`;

function keaConf(directory: string): object {
  return {
    Dhcp4: {
      "interfaces-config": { interfaces: ["s0"], "dhcp-socket-type": "raw" },
      "lease-database": { type: "memfile", persist: true, name: join(directory, "kea.csv"), "lfc-interval": 0 },
      "valid-lifetime": 3600,
      "multi-threading": { "enable-multi-threading": true, "thread-pool-size": 2, "packet-queue-size": 64 },
      subnet4: [
        {
          id: 1,
          subnet: "10.77.0.0/16",
          pools: [{ pool: "10.77.1.0-10.77.255.254" }],
          "option-data": [
            { name: "routers", data: "10.77.0.1" },
            { name: "domain-name-servers", data: "10.77.0.1" },
          ],
        },
      ],
      loggers: [{ name: "kea-dhcp4", output_options: [{ output: join(directory, "kea.log") }], severity: "WARN" }],
    },
  };
}

/** dhcpd's command line, which ours shares. */
function likeDhcpd(program: string): Contender["prepare"] {
  return (directory) => {
    const [conf, leases, pid] = ["dhcpd.conf", "dhcpd.leases", "dhcpd.pid"].map((name) => join(directory, name)) as [
      string,
      string,
      string,
    ];
    writeFileSync(conf, CONF);
    writeFileSync(leases, "");
    return [program, "-4", "-f", "-cf", conf, "-lf", leases, "-pf", pid, "s0"];
  };
}

export const CONTENDERS: readonly Contender[] = [
  { name: "tandem", program: TANDEM_DHCPD, prepare: likeDhcpd(TANDEM_DHCPD) },
  { name: "isc", program: ISC_DHCPD, prepare: likeDhcpd(ISC_DHCPD) },
  {
    name: "kea",
    program: "/usr/sbin/kea-dhcp4",
    prepare: (directory) => {
      mkdirSync("/run/kea", { recursive: true });
      const file = join(directory, "kea.json");
      writeFileSync(file, JSON.stringify(keaConf(directory)));
      return ["/usr/sbin/kea-dhcp4", "-c", file];
    },
  },
];

/** Namespaces and the wire between them. */
export function layWire(lab: Lab): Wire {
  const server = lab.namespace("s");
  const client = lab.namespace("c");
  lab.cable(
    { namespace: server, device: "s0", addresses: ["10.77.0.1/16"] },
    { namespace: client, device: "c0", addresses: ["10.77.0.2/16"] },
  );
  return { server, client };
}

let started = 0;

/**
 * The environment of a server whose disk takes `millis` longer for each flush than it does; builds the library that sees to it. Throws where
 * there is no C compiler.
 */
export function slowFlush(millis: number, directory: string): Readonly<Record<string, string>> {
  const library = join(directory, "slow-flush.so");
  const source = join(import.meta.dirname, "slow-flush.c");
  const built = spawnSync("cc", ["-shared", "-fPIC", "-O2", "-o", library, source, "-ldl"], { encoding: "utf8" });
  if (built.status !== 0)
    throw new Error(`--flush-ms needs a C compiler (apt install gcc libc6-dev): ${built.error?.message ?? built.stderr}`);
  return { LD_PRELOAD: library, FLUSH_MICROS: String(Math.round(millis * 1000)) };
}

/** Starts a contender in an empty directory; resolves when it has answered one exchange. */
export async function startContender(
  contender: Contender,
  wire: Wire,
  environment: Readonly<Record<string, string>> = {},
): Promise<Running> {
  started += 1;
  const directory = join(wire.server.directory, `run${started}`);
  mkdirSync(directory, { mode: 0o777 });
  const running = wire.server.start(contender.name, contender.prepare(directory), environment);
  await eventually(
    () => {
      if (!running.isRunning) throw new Error(`${contender.name} ended early:\n${running.log().slice(-2000)}`);
      const probe = wire.client.attempt(["perfdhcp", "-4", "-l", "c0", "-r", "5", "-n", "1", "-W", "300000"], 3000);
      return /^received packets: 1$/m.test(probe.output);
    },
    20_000,
    () => `${contender.name} does not answer:\n${running.log().slice(-2000)}`,
  );
  return running;
}
