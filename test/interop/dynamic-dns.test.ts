import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DhcpClient } from "../support/dhcp-client.ts";
import type { Reply } from "../support/dhcp-packet.ts";
import { DhcpServer, ISC_DHCPD, TANDEM_DHCPD } from "../support/dhcp-server.ts";
import { Lab, type Namespace, type Running, sleep } from "../support/netns.ts";
import { accept, discover, mac, opt, prl, RELAY, release, SERVER_MAC, type StepSource, text } from "./cases/case.ts";

const SECRET = Buffer.from("0123456789abcdef0123456789abcdef").toString("base64");
const ZONES = ["example.org", "77.10.in-addr.arpa"];
const KEY = `key tandem-key { algorithm hmac-sha256; secret "${SECRET}"; };`;
/** What DNS has after a while is what counts: both servers update it after their reply. */
const SETTLED_MS = 8000;

interface World {
  readonly namespace: Namespace;
  readonly program: string;
  readonly client: DhcpClient;
  readonly named: Running;
  server: DhcpServer | undefined;
}

const lab = new Lab("dynamic-dns");
const worlds: World[] = [];

beforeAll(async () => {
  for (const [number, program] of [ISC_DHCPD, TANDEM_DHCPD].entries()) {
    const namespace = lab.namespace(`s${number}`);
    const outside = lab.namespace(`c${number}`);
    lab.cable(
      { namespace, device: "s0", mac: SERVER_MAC, addresses: ["10.77.0.1/24"] },
      { namespace: outside, device: "c0", mac: "02:00:0a:4d:00:09" },
    );
    namespace.ip("link set lo up");
    const named = startNamed(namespace);
    const client = new DhcpClient(outside, "c0");
    client.own(RELAY);
    worlds.push({ namespace, program, client, named, server: undefined });
  }
  for (const { namespace } of worlds) for (let tries = 0; tries < 100 && records(namespace).length === 0; tries += 1) await sleep(100);
}, 60_000);

afterAll(async () => {
  for (const { client, named, server } of worlds) {
    client.close();
    await server?.stop("SIGKILL");
    await named.stop("SIGKILL");
  }
  lab.close();
});

function startNamed(namespace: Namespace): Running {
  const folder = join(namespace.directory, "named");
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o777);
  const zones = ZONES.map((name) => {
    const file = join(folder, `${name}.zone`);
    const address = name === "example.org" ? "ns A 127.0.0.1\n" : "";
    writeFileSync(file, `$TTL 60\n@ SOA ns.example.org. root.example.org. 1 60 60 60 60\n@ NS ns.example.org.\n${address}`);
    return `zone "${name}" { type master; file "${file}"; allow-update { key tandem-key; }; allow-transfer { any; }; check-names ignore; };`;
  });
  const options = `options { directory "${folder}"; listen-on { 127.0.0.1; }; listen-on-v6 { none; }; pid-file none; recursion no; dnssec-validation no; };`;
  const conf = join(folder, "named.conf");
  writeFileSync(conf, `${options}\ncontrols { };\n${KEY}\n${zones.join("\n")}\n`);
  return namespace.start("named", ["named", "-g", "-c", conf, "-n", "1"]);
}

/** Everything in the zones but their own records, one text a record, sorted. */
function records(namespace: Namespace): string[] {
  return ZONES.flatMap((zone) => {
    const { output } = namespace.attempt(["dig", "@127.0.0.1", "+noall", "+answer", "+time=1", "+tries=1", "AXFR", zone]);
    return output
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith(";") && !/\sSOA\s/.test(line))
      .map((line) => line.replace(/\s+/g, " "));
  }).sort();
}

const conf = (style: string): string => `authoritative; ping-check off; min-lease-time 2; default-lease-time 600;
ddns-update-style ${style}; ddns-domainname "example.org."; ddns-rev-domainname "in-addr.arpa."; update-static-leases on; allow client-updates;
${KEY.replace(/;$/, "")}
${ZONES.map((name) => `zone ${name}. { primary 127.0.0.1; key tandem-key; }`).join("\n")}
class "short" { match if option vendor-class-identifier = "short"; default-lease-time 3; max-lease-time 3; }
class "named" { match if option vendor-class-identifier = "named"; ddns-hostname = concat("h-", binary-to-ascii(16, 8, "-", substring(hardware, 5, 2))); ddns-ttl 120; }
class "quiet" { match if option vendor-class-identifier = "quiet"; ddns-updates off; }
subnet 10.77.0.0 netmask 255.255.255.0 { range 10.77.0.100 10.77.0.199; }
host fixed { hardware ethernet ${(mac(40, 90).match(/../g) ?? []).join(":")}; fixed-address 10.77.0.12; ddns-hostname "fixed"; }
`;

let serial = 0x400000;
async function play(steps: readonly StepSource[]): Promise<void> {
  const xids = steps.map(() => ++serial);
  for (const { client } of worlds) {
    const replies: (Reply | undefined)[] = [];
    for (const [number, source] of steps.entries()) {
      const { packet, route } = typeof source === "function" ? source(replies) : source;
      if (packet instanceof Uint8Array) throw new Error("a described packet is wanted");
      if (packet.ciaddr) client.own(packet.ciaddr);
      const isRelease = packet.options?.some(([code, value]) => code === 53 && value[0] === 7) === true;
      // A release waits until the names are in DNS.
      if (isRelease) await sleep(1500);
      client.send({ ...packet, xid: xids[number] ?? 0 }, route);
      replies.push(await client.reply(xids[number] ?? 0, isRelease ? 100 : 5000));
    }
  }
}

/** Both zones have come to `expected` many records, and agree record by record. */
async function agree(expected: RegExp | undefined, absent?: RegExp): Promise<void> {
  const [reference, ours] = worlds as [World, World];
  const done = (found: string[]): boolean =>
    (expected === undefined || found.some((record) => expected.test(record))) &&
    (absent === undefined || !found.some((record) => absent.test(record)));
  const end = performance.now() + SETTLED_MS;
  let found: [string[], string[]] = [records(reference.namespace), records(ours.namespace)];
  while (performance.now() < end && !(done(found[0]) && done(found[1]) && found[0].join() === found[1].join())) {
    await sleep(150);
    found = [records(reference.namespace), records(ours.namespace)];
  }
  expect(done(found[0]), `dhcpd's zones:\n${found[0].join("\n")}`).toBe(true);
  expect(found[1]).toEqual(found[0]);
}

const grant = (chaddr: string, ...options: Parameters<typeof discover>[1] & object): StepSource[] => [
  discover(chaddr, [prl(1, 12, 15, 81), ...options]),
  accept(chaddr, [prl(1, 12, 15, 81), ...options]),
];

describe.each(["interim", "standard"])("%s style", (style) => {
  const c = (number: number) => mac(40 + (style === "interim" ? 0 : 1), number);
  const name = (label: string) => `${label}-${style}`;
  const mark = style === "interim" ? "TXT" : "DHCID";
  const fqdn = (flags: number, label: string) => opt(81, `${flags.toString(16).padStart(2, "0")}0000${Buffer.from(label).toString("hex")}`);

  beforeAll(async () => {
    for (const world of worlds) {
      await world.server?.stop("SIGKILL");
      world.server = new DhcpServer({
        namespace: world.namespace,
        program: world.program,
        conf: conf(style),
        interfaces: ["s0"],
        label: style,
      });
      await world.server.start();
    }
  }, 60_000);

  test("a host name goes into both zones, with its mark", async () => {
    await play(grant(c(1), text(12, name("one"))));
    await agree(new RegExp(`PTR ${name("one")}\\.example\\.org`));
    expect(records((worlds[1] as World).namespace).some((record) => record.startsWith(name("one")) && record.includes(` ${mark} `))).toBe(
      true,
    );
  });
  test("another client does not get the name", async () => {
    await play(grant(c(2), text(12, name("one"))));
    await sleep(700);
    await agree(new RegExp(`^${name("one")}.* A 10\\.77`));
  });
  test("the client changes its name", async () => {
    await play(grant(c(1), text(12, name("uno"))));
    await agree(new RegExp(`^${name("uno")}.* A `), new RegExp(`^${name("one")}.* A 10`));
  });
  test("a qualified name that the server is to enter", async () => {
    await play(grant(c(3), fqdn(1, `${name("three")}.example.org`)));
    await agree(new RegExp(`^${name("three")}.* A `));
  });
  test("a qualified name that the client enters itself", async () => {
    await play(grant(c(4), fqdn(0, `${name("four")}.example.org`)));
    await agree(new RegExp(`PTR ${name("four")}`));
  });
  test("a name by expression, with its time to live", async () => {
    await play(grant(c(5), text(60, "named")));
    await agree(/^h-0-5\S* 120 .* A |^h-[0-9a-f]+-5\S* 120 .* A /);
  });
  test("no updates for a class", async () => {
    await play(grant(c(6), text(12, name("quiet")), text(60, "quiet")));
    await sleep(500);
    await agree(undefined, new RegExp(name("quiet")));
  });
  test("removed on release", async () => {
    await play([...grant(c(7), text(12, name("seven"))), release(c(7))]);
    await agree(undefined, new RegExp(name("seven")));
  });
  test("removed on expiry", async () => {
    await play(grant(c(8), text(12, name("eight")), text(60, "short")));
    await agree(new RegExp(`^${name("eight")}.* A `));
    await sleep(4000);
    await agree(undefined, new RegExp(name("eight")));
  });
  test("a fixed address, by update-static-leases", async () => {
    await play(grant(c(90)));
    await agree(style === "interim" ? /^fixed\.example\.org.* A 10\.77\.0\.12/ : undefined);
  });
});
