import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, type TestContext, test } from "vitest";
import type { Options } from "../../edge-agent/failover/wire/options.ts";
import { DhcpClient } from "../support/dhcp-client.ts";
import { bytesOf } from "../support/dhcp-packet.ts";
import { DhcpServer, ISC_DHCPD, TANDEM_DHCPD } from "../support/dhcp-server.ts";
import type { Role } from "../support/failover-config.ts";
import { connectTerms, ScriptedPeer } from "../support/failover-peer.ts";
import { session } from "../support/hostile-sessions.ts";
import { eventually, Lab, type Namespace, sleep } from "../support/netns.ts";

/** A partner that errs, lies, stalls or attacks, on a live agent with a client that must be answered all the time. */
const HERE = "10.78.0.2";
const PARTNER = "10.78.0.3";
const STRANGER = "10.78.0.4";
const FRAMES = 50_000;

const conf = (role: Role) => `authoritative; default-lease-time 120; ping-check off;
failover peer "lab" { ${role}; address ${HERE}; port 647; peer address ${PARTNER}; peer port 647; max-response-delay 6; max-unacked-updates 10;
  load balance max seconds 3; ${role === "primary" ? "mclt 20; split 128;" : ""} }
subnet 10.77.0.0 netmask 255.255.255.0 { pool { failover peer "lab"; range 10.77.0.100 10.77.0.199; } }
host fixed { hardware ethernet 02:00:00:00:00:01; fixed-address 10.77.0.5; }
`;

interface Target {
  readonly partner: Namespace;
  readonly server: DhcpServer;
  /** Times in milliseconds that the client waited for its answers; NaN for none. */
  readonly waits: number[];
  residentMegabytes(): number;
}

async function target(context: TestContext, role: Role): Promise<Target> {
  const lab = new Lab("hostile");
  const agent = lab.namespace("a");
  const partner = lab.namespace("p");
  const clients = lab.namespace("c");
  lab.cable({ namespace: agent, device: "cli0", addresses: ["10.77.0.2/24"] }, { namespace: clients, device: "eth0" });
  lab.cable(
    { namespace: agent, device: "fo0", addresses: [`${HERE}/24`] },
    { namespace: partner, device: "fo0", addresses: [`${PARTNER}/24`, `${STRANGER}/24`] },
  );
  const server = new DhcpServer({ namespace: agent, program: TANDEM_DHCPD, conf: conf(role), interfaces: ["cli0"] });
  await server.start();
  const client = new DhcpClient(clients, "eth0");
  const waits: number[] = [];
  let over = false;
  const asking = (async () => {
    for (let xid = 1; !over; xid += 1) {
      const before = performance.now();
      const offer = await client.exchange({ xid, chaddr: "020000000001", flags: 0x8000, options: [[53, bytesOf("01")]] }, 3000);
      waits.push(offer?.yiaddr === "10.77.0.5" ? performance.now() - before : Number.NaN);
      await sleep(100);
    }
  })();
  context.onTestFinished(async () => {
    if (context.task.result?.state === "fail") console.log(server.log().slice(-3000));
    over = true;
    await asking;
    client.close();
    await lab.close();
  });
  const residentMegabytes = () =>
    Math.max(
      ...agent
        .exec("ip", "netns", "pids", agent.name)
        .trim()
        .split("\n")
        .map((pid) => {
          try {
            return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;
          } catch {
            return 0;
          }
        }),
    );
  return { partner, server, waits, residentMegabytes };
}

/** Every answer came, and none took long. */
function alwaysServed(waits: readonly number[]): void {
  expect(waits.length).toBeGreaterThan(2);
  // none at all is NaN; the machine may be busy with others, and with ourselves
  expect(waits.filter((wait) => !(wait < 5000))).toEqual([]);
}

/** The agent opens its failover port just after it says that it serves. */
const dial = async ({ partner }: Target): Promise<ScriptedPeer> => {
  const found: ScriptedPeer[] = [];
  await eventually(
    async () => {
      const peer = await ScriptedPeer.dial(partner, PARTNER, HERE);
      if (peer !== undefined) found.push(peer);
      return peer !== undefined;
    },
    5000,
    () => "nobody listens",
  );
  return found[0]!;
};

describe.concurrent("an agent that is secondary", () => {
  test("refuses a CONNECT with the reason that fits, and takes a good one", async (context) => {
    const live = await target(context, "secondary");
    const { hashBucketAssignment: _, ...noBuckets } = connectTerms();
    const { mclt: __, ...noMclt } = connectTerms();
    const cases: readonly (readonly [Options, skew: number, reason: number])[] = [
      [connectTerms({ relationshipName: new TextEncoder().encode("other") }), 0, 8],
      [connectTerms(), 62, 4],
      [connectTerms(), -62, 4],
      [noBuckets, 0, 18],
      [noMclt, 0, 5],
    ];
    for (const [options, skew, reason] of cases) {
      const peer = await dial(live);
      await peer.say("CONNECT", options, skew);
      expect((await peer.hears("CONNECTACK")).options.rejectReason).toBe(reason);
      await peer.closes();
    }
    const good = await dial(live);
    await good.say("CONNECT", connectTerms(), 58);
    expect((await good.hears("CONNECTACK")).options.rejectReason).toBeUndefined();
    expect((await good.hears("STATE")).options.serverState).toBe(6);
    const second = await dial(live);
    await second.say("CONNECT", connectTerms());
    await second.closes();
    expect(good.isClosed).toBe(false);
    for (const message of ["invalid HBA", "no MCLT", "time offset", "unknown failover relationship"])
      expect(live.server.log()).toContain(message);
    good.end();
    alwaysServed(live.waits);
  });

  test("closes strangers before reading, ends silent and stalled connections, bounds their number", async (context) => {
    const live = await target(context, "secondary");
    // It may be reset before it so much as sees that it was connected.
    const stranger = await ScriptedPeer.dial(live.partner, STRANGER, HERE);
    await stranger?.say("CONNECT", connectTerms());
    await stranger?.closes(1000);
    expect(stranger?.heard ?? []).toEqual([]);
    const silent: ScriptedPeer[] = [];
    for (let count = 0; count < 40; count += 1) silent.push(await dial(live));
    await eventually(() => silent.filter((peer) => !peer.isClosed).length <= 4);
    await eventually(
      () => silent.every((peer) => peer.isClosed),
      8_000,
      () => "a connection without a word stays open",
    );
    const stalled = await dial(live);
    await stalled.say("CONNECT", connectTerms());
    await stalled.hears("CONNECTACK");
    stalled.stall();
    await stalled.say("STATE", { serverState: 2, serverFlags: 0, startTimeOfState: 1 });
    for (let count = 0; count < 500; count += 1) await stalled.say("UPDREQALL", {});
    await live.server.process.waitForLog(/timeout waiting for failover peer lab/, 12_000);
    alwaysServed(live.waits);
  });
});

describe.concurrent.each(["primary", "secondary"] as const)("an agent that is %s", (role) => {
  test("serves on, in bounded memory, whatever its partner says", async (context) => {
    const live = await target(context, role);
    let frames = 0;
    let sessions = 0;
    let refused = 0;
    let settled = 0;
    const samples = fc.sample(session, { numRuns: 60, seed: 20_260_101 });
    while (frames < FRAMES) {
      const peer = await ScriptedPeer.dial(live.partner, PARTNER, HERE);
      if (peer === undefined) throw new Error(`nobody listens after ${frames} frames`);
      if (role === "secondary") {
        await peer.say("CONNECT", connectTerms());
        await eventually(() => peer.isClosed || peer.heard.length > 0);
        // the agent has yet to learn that the connection before is gone
        if (peer.heard.length === 0) {
          refused += 1;
          expect(refused).toBeLessThan(1000);
          await sleep(10);
          continue;
        }
      } else {
        await peer.hears("CONNECT");
        const { mclt: _, hashBucketAssignment: __, tlsRequest: ___, ...terms } = connectTerms();
        await peer.say("CONNECTACK", terms);
        // a server tells its state when it has heard its partner's, or after a while
        await peer.say("STATE", { serverState: 6, serverFlags: 0, startTimeOfState: 1 });
        await eventually(() => peer.isClosed || peer.heard.some(({ type }) => type === "STATE"));
      }
      const pieces = samples[sessions % samples.length] ?? [];
      for (let at = 0; at < pieces.length && !peer.isClosed; at += 25) {
        const some = pieces.slice(at, at + 25);
        await peer.raw(Buffer.concat(some));
        frames += some.length;
      }
      await sleep(5);
      peer.end();
      sessions += 1;
      if (sessions === 40) settled = live.residentMegabytes();
    }
    expect(live.server.process.isRunning).toBe(true);
    expect(live.residentMegabytes() - settled).toBeLessThan(80);
    await soundWith(live, role);
    alwaysServed(live.waits);
  });
});

/** Whatever was said before: a real dhcpd comes, with nothing in its lease file, and both are in NORMAL and of one mind. */
async function soundWith(live: Target, role: Role): Promise<void> {
  for (const [address, record] of live.server.leases()) {
    const last = Number(address.split(".")[3]);
    if (!address.startsWith("10.77.0.") || last < 100 || last > 199) throw new Error(`${address} is no address of ours:\n${record}`);
    expect(record).toMatch(/^ {2}binding state (free|active|expired|released|abandoned|reset|backup);$/m);
    if (/^ {2}binding state (active|expired|released);$/m.test(record)) expect(record).toMatch(/^ {2}hardware /m);
  }
  const other: Role = role === "primary" ? "secondary" : "primary";
  live.partner.ip("link add cli0 type veth peer name nobody");
  live.partner.ip("link set nobody up");
  live.partner.ip("address add 10.77.0.3/24 dev cli0");
  live.partner.ip("link set cli0 up");
  const swapped = conf(other).replaceAll(HERE, "HERE").replaceAll(PARTNER, HERE).replaceAll("HERE", PARTNER);
  const stock = new DhcpServer({ namespace: live.partner, program: ISC_DHCPD, conf: swapped, interfaces: ["cli0"], label: "stock" });
  const from = live.server.log().length;
  await stock.start();
  const state = (log: string) => [...log.matchAll(/failover peer lab: I move from \S+ to ([a-z-]+)/g)].at(-1)?.[1];
  await eventually(
    () => state(stock.log()) === "normal" && state(live.server.log()) === "normal",
    120_000,
    () =>
      `${state(live.server.log())} and ${state(stock.log())}:\n${live.server.log().slice(from).slice(0, 3000)}\n-----\n${stock.log().slice(-3000)}`,
  );
  const held = (server: DhcpServer) => {
    // dhcpd refuses addresses with flags that it was not told of by its operator
    const plain = [...server.leases()].filter(([, record]) => !/^ {2}(reserved|dynamic-bootp);$/m.test(record));
    const active = plain.filter(([, record]) => /^ {2}binding state active;$/m.test(record));
    return new Map(active.map(([address, record]) => [address, /^ {2}hardware (.*);$/m.exec(record)?.[1]]));
  };
  const differences = () => {
    const [ours, theirs] = [held(live.server), held(stock)];
    return [...new Set([...ours.keys(), ...theirs.keys()])].filter((address) => {
      const flagged = /^ {2}(reserved|dynamic-bootp);$/m;
      const isFlagged = [live.server, stock].some((server) => flagged.test(server.leases().get(address) ?? ""));
      return !isFlagged && ours.get(address) !== theirs.get(address);
    });
  };
  await eventually(
    () => differences().length === 0,
    60_000,
    () =>
      differences()
        .map((address) => `${address}:\n${live.server.leases().get(address)}-- and\n${stock.leases().get(address)}`)
        .slice(0, 3)
        .join("\n"),
  );
  expect(stock.hasDied).toBe(false);
  await stock.stop();
}
