import { afterAll, describe, expect, test } from "vitest";
import { ipBytes, type Reply, replyType } from "../support/dhcp-packet.ts";
import { Lab, sleep } from "../support/netns.ts";
import { accept, discover, ip, mac, message, SERVER, type StepSource, text, u32, unicast } from "./cases/case.ts";
import { send, startWorld, twoWires, type World } from "./cases/two-worlds.ts";

/*
 * `on release` and `on expiry` stay with the lease in the lease file, as dhcpd writes them, and run after a restart, when the
 * packet that made the lease is long gone.
 */
const CONF = `
authoritative; ping-check off; ddns-update-style none; dhcp-cache-threshold 0;
default-lease-time 600; min-lease-time 3; max-lease-time 600;
option custom code 200 = text;
define both(one, two) { return concat(one, two); }
class "special" { match if option host-name = "special";
  on release { log(info, concat("SPECIAL RELEASE ", binary-to-ascii(10, 8, ".", leased-address), " ", hello)); } }
subnet 10.77.0.0 netmask 255.255.255.0 { range 10.77.0.100 10.77.0.110; option routers 10.77.0.1;
  on commit { set hello = "hello"; set nn = encode-int(5, 16); }
  on release or expiry {
    if exists host-name and not exists domain-name {
      log(info, concat("END ", pick-first-value(option host-name, "none"), " ", binary-to-ascii(16, 8, ":", hardware)));
      set ended = "x";
    } elsif option host-name = 1:2:3 { unset hello; }
    else { log(error, concat("END WITHOUT A PACKET ", binary-to-ascii(10, 8, ".", leased-address), " ", hello)); set zz = encode-int(extract-int(nn, 16), 8); }
    switch (lease-time) { case 5: log("five"); break; default: log(debug, "other"); }
    execute("/bin/true", "a b", option host-name);
    if option host-name = "text only" { option domain-name "x"; option custom = concat("a", option host-name); supersede domain-name = lcase("X");
    max-lease-time 5; min-secs 3; always-broadcast on; default domain-name-servers 1.2.3.4; }
    log(info, concat("L", substring(option vendor-class-identifier, 0, 3), suffix(hardware,2), reverse(1, "ab"), packet(0,4), gethostname()));
    if option dhcp-message-type = 7 and suffix(hardware, 1) ~= "^[a-z]" or known { log(info, "condition"); }
  }
  if option host-name = "never" { on expiry { log(info, "NEVER"); } on release { set sorry = "quiet"; } }
  if option host-name = "nothing" { on expiry or release { } }
}`;

const lab = new Lab("endings");
const wires = twoWires(lab);
afterAll(() => lab.close());

/** What the lease file says that runs when a lease ends. */
const blocks = ({ server }: World): Record<string, string> =>
  Object.fromEntries(
    [...server.leases()].map(([address, body]) => [address, /\n {2}on (?:expiry|release)[\s\S]*\n {2}\}(?=\n|$)/.exec(body)?.[0] ?? ""]),
  );

/** What was told while leases ended. */
const told = ({ server }: World): string[] =>
  server
    .log()
    .split("\n")
    .filter((line) => /^(SPECIAL|END|L|five|other|NEVER|condition)/.test(line) && !line.startsWith("Listening"))
    .sort();

async function exchange(world: World, sources: readonly StepSource[], xid: number): Promise<string[]> {
  const replies: (Reply | undefined)[] = [];
  for (const [number, source] of sources.entries()) {
    send(world, typeof source === "function" ? source(replies) : source, xid + number);
    replies.push(await world.clients.c0.reply(xid + number, 2000));
  }
  return replies.map((reply) => (reply ? `${replyType(reply)} ${reply.yiaddr}` : "none"));
}

async function both(worlds: readonly World[], sources: readonly StepSource[], xid: number): Promise<void> {
  const [reference, ours] = await Promise.all(worlds.map((world) => exchange(world, sources, xid)));
  expect(ours).toEqual(reference);
}

async function agree(worlds: readonly World[], what: (world: World) => unknown): Promise<void> {
  const [reference, ours] = worlds as [World, World];
  await expect.poll(() => what(ours), { timeout: 10_000 }).toEqual(what(reference));
}

const client = (number: number) => mac(40, number);
const bind = (number: number, name: string, seconds = 600): StepSource[] => {
  const options = [text(12, name), u32(51, seconds)];
  return [discover(client(number), options), accept(client(number), options)];
};
const gone = (number: number, address: string): StepSource =>
  unicast(message(7, client(number), [[54, ipBytes(SERVER)], text(12, "again")], { ciaddr: address }), address);

describe.each(["SIGTERM", "SIGKILL"] as const)("with a %s in between", (signal) => {
  test("the same is in the lease file and runs", { timeout: 90_000 }, async () => {
    const group = { name: "endings", conf: CONF, cases: [], flags: ["--allow-execute"] };
    const worlds = await Promise.all(wires.map((wire) => startWorld(wire, group, signal === "SIGTERM" ? 0 : 1)));
    try {
      for (const [number, name] of ["box", "special", "never", "nothing", "short", "declined"].entries())
        await both(worlds, bind(number + 1, name, name === "short" ? 8 : 600), number * 16 + 1);
      await agree(worlds, blocks);
      expect(Object.values(blocks(worlds[0] as World)).filter((text) => text.includes("on expiry")).length).toBeGreaterThan(3);
      await Promise.all(worlds.map(({ server }) => server.stop(signal)));
      await Promise.all(worlds.map(({ server }) => server.start()));
      await agree(worlds, blocks);
      for (const [number, address] of ["10.77.0.100", "10.77.0.101", "10.77.0.102", "10.77.0.103"].entries())
        for (const world of worlds) send(world, gone(number + 1, address) as never, 200 + number);
      for (const world of worlds) send(world, message(4, client(6), [ip(50, "10.77.0.105"), ip(54, SERVER)]), 300);
      await sleep(9000);
      if (process.env["SHOW"]) for (const { server } of worlds) console.log(server.log().split("\n").slice(-40).join("\n"));
      await agree(worlds, told);
      expect(told(worlds[0] as World)).toContain("SPECIAL RELEASE 10.77.0.101 hello");
      await agree(worlds, blocks);
    } finally {
      for (const { server, clients } of worlds) {
        clients.c0.close();
        clients.c1.close();
        await server.stop("SIGKILL");
      }
    }
  });
});
