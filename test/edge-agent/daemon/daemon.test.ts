import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { decodeMessage } from "../../../edge-agent/dhcp/wire/decode.ts";
import { encodeMessage } from "../../../edge-agent/dhcp/wire/encode.ts";
import type { DhcpMessage } from "../../../edge-agent/dhcp/wire/message.ts";
import { MESSAGE_TYPE, OPTION } from "../../../edge-agent/dhcp/wire/option-codes.ts";
import { formatIpv4, ipv4, ipv4ToBytes } from "../../../edge-agent/values/ipv4.ts";

const LAUNCHER = fileURLToPath(new URL("../../../edge-agent/bin/tandem-dhcpd", import.meta.url));
const CONFIG = `
authoritative; ping-check off; default-lease-time 600;
subnet 127.0.0.0 netmask 255.255.255.0 { }
subnet 127.0.9.0 netmask 255.255.255.0 { range 127.0.9.20 127.0.9.29; }
`;

let folder = "";
let children: ChildProcess[] = [];
let relay: Socket | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tandem-daemon-"));
  writeFileSync(join(folder, "conf"), CONFIG);
  writeFileSync(join(folder, "leases"), "");
});
afterEach(() => {
  for (const child of children) child.kill("SIGKILL");
  children = [];
  relay?.close();
  relay = undefined;
  rmSync(folder, { recursive: true, force: true });
});

const files = () => ["-cf", join(folder, "conf"), "-lf", join(folder, "leases"), "-pf", join(folder, "pid")];

interface Server {
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
  said(): string;
  /** Waits until the server said so. */
  says(text: string): Promise<void>;
}

function start(port: number, ...more: string[]): Server {
  const child = spawn(LAUNCHER, ["-4", "-f", "-d", "-p", String(port), ...files(), ...more, "lo"], { stdio: ["ignore", "ignore", "pipe"] });
  children.push(child);
  let said = "";
  const waiting = new Set<() => void>();
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    said += text;
    for (const look of waiting) look();
  });
  return {
    child,
    exited: new Promise((resolve) => child.on("exit", resolve)),
    said: () => said,
    says: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (said.includes(text)) resolve();
        };
        waiting.add(look);
        look();
        child.on("exit", () => reject(new Error(`it ended, having said: ${said}`)));
      }),
  };
}

/** Sends to the server as a relay at 127.0.9.1 and waits for the answer to that `xid`. */
async function ask(port: number, xid: number, type: number, options: ReadonlyMap<number, Uint8Array> = new Map()): Promise<DhcpMessage> {
  relay ??= await new Promise<Socket>((resolve) => {
    const socket = createSocket({ type: "udp4", reuseAddr: true });
    socket.bind(port, "127.0.9.1", () => resolve(socket));
  });
  const none = new Uint8Array(0);
  const chaddr = Uint8Array.of(2, 0, 0x5e, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  const addresses = { ciaddr: ipv4(0), yiaddr: ipv4(0), siaddr: ipv4(0), giaddr: ipv4(0x7f000901) };
  const header = { op: 1, htype: 1, hlen: 6, hops: 1, xid, secs: 0, flags: 0, ...addresses, chaddr, sname: none, file: none };
  const bytes = encodeMessage({ ...header, hasCookie: true, options: new Map([[OPTION.messageType, Uint8Array.of(type)], ...options]) });
  const socket = relay;
  return new Promise((resolve) => {
    const receive = (answer: Buffer): void => {
      const decoded = decodeMessage(answer);
      if (!decoded.ok || decoded.value.xid !== xid) return;
      socket.off("message", receive);
      resolve(decoded.value);
    };
    socket.on("message", receive);
    socket.send(bytes, port, "127.0.0.1");
  });
}

const typeOf = (message: DhcpMessage) => message.options.get(OPTION.messageType)?.[0];

async function getLease(port: number): Promise<string> {
  const offer = await ask(port, 1, MESSAGE_TYPE.DHCPDISCOVER);
  expect(typeOf(offer)).toBe(MESSAGE_TYPE.DHCPOFFER);
  const wanted = new Map([
    [OPTION.requestedAddress, ipv4ToBytes(offer.yiaddr)],
    [OPTION.serverIdentifier, offer.options.get(OPTION.serverIdentifier) ?? new Uint8Array(4)],
  ]);
  const ack = await ask(port, 2, MESSAGE_TYPE.DHCPREQUEST, wanted);
  expect(typeOf(ack)).toBe(MESSAGE_TYPE.DHCPACK);
  return formatIpv4(ack.yiaddr);
}

test("a client gets a lease; it survives TERM in the lease file, and SIGKILL in the store", async () => {
  const first = start(21067);
  await first.says("Server starting service.");
  expect(first.said()).toMatch(/Config file: .*\nDatabase file: .*\nPID file: .*\nWrote 0 leases to leases file\.\nListening on /);
  expect(readFileSync(join(folder, "pid"), "utf8")).toBe(`${first.child.pid}\n`);
  const address = await getLease(21067);
  await first.says(`DHCPACK on ${address} to 02:00:5e:00:00:07`);
  first.child.kill("SIGTERM");
  expect(await first.exited).toBe(0);
  expect(existsSync(join(folder, "pid"))).toBe(false);
  expect(readFileSync(join(folder, "leases"), "latin1")).toContain(`lease ${address} {`);

  const second = start(21067);
  await second.says("Server starting service.");
  expect(second.said()).toContain("Wrote 1 leases to leases file.");
  second.child.kill("SIGKILL");
  await second.exited;
  const third = start(21067);
  await third.says("Server starting service.");
  expect(await getLease(21067)).toBe(address);
});

test("dhcpd's lease file is taken over", async () => {
  writeFileSync(
    join(folder, "leases"),
    `lease 127.0.9.25 {\n  starts 0 2026/11/22 17:00:00;\n  ends 2 2199/01/01 00:00:00;\n  binding state active;\n  hardware ethernet 02:00:5e:00:00:07;\n}\n`,
  );
  const server = start(21071);
  await server.says("Server starting service.");
  expect(server.said()).toContain("Took over 1 leases");
  expect(await getLease(21071)).toBe("127.0.9.25");
});

test("HUP: a bad file changes nothing and says why, a good one counts at once", async () => {
  const server = start(21069);
  await server.says("Server starting service.");
  expect(await getLease(21069)).toMatch(/^127\.0\.9\.2\d$/);
  writeFileSync(join(folder, "conf"), `${CONFIG}\nnonsense here;`);
  server.child.kill("SIGHUP");
  await server.says("The configuration was not changed");
  expect(await getLease(21069)).toMatch(/^127\.0\.9\.2\d$/);
  writeFileSync(join(folder, "conf"), CONFIG.replaceAll("127.0.9.2", "127.0.9.7").replace("127.0.9.79", "127.0.9.79"));
  server.child.kill("SIGHUP");
  await server.says("is in use");
  expect(await getLease(21069)).toMatch(/^127\.0\.9\.7\d$/);
});

test("what cannot start says why, in dhcpd's words, with its status", () => {
  const run = (...args: string[]) => spawnSync(LAUNCHER, args, { encoding: "utf8" });
  const expectFailure = (result: ReturnType<typeof run>, text: string | RegExp): void => {
    expect(result.stderr).toMatch(text);
    expect(result.status).toBe(1);
    expect(result.stderr).not.toMatch(/\n\s+at /);
  };
  expectFailure(run("-xyz"), /Unknown command -xyz\nUsage: /);
  expectFailure(run("-t", "-cf", join(folder, "none")), /Can't open .*none: No such file or directory/);
  expectFailure(
    run("-f", "-d", "-p", "21075", ...files().with(3, join(folder, "none")), "lo"),
    /Can't open lease database .*none: No such file/,
  );
  expectFailure(
    run("-f", "-d", "-p", "21075", ...files(), "nosuch0"),
    /No subnet declaration for nosuch0 \(no IPv4 addresses\)[\s\S]*This machine has no interface nosuch0\.[\s\S]*Not configured to listen/,
  );
  expectFailure(
    run("-f", "-d", "-p", "21075", ...files(), "--agent-config", join(folder, "none.json"), "lo"),
    /none\.json: ENOENT[\s\S]*exiting/,
  );
  expectFailure(
    run("-f", "-d", "-p", "21075", ...files(), "--state", join(folder, "conf"), "lo"),
    /Can't make the state folder .*conf: A file of that name is there/,
  );
  expect(run("-t", ...files()).status).toBe(0);
  expect(run("-T", ...files())).toMatchObject({ status: 0, stderr: expect.stringContaining("Lease file test successful") });
  writeFileSync(join(folder, "conf"), "authoritative;\nwidget;\n");
  // dhcpd says nothing of it
  expect(run("-t", ...files())).toMatchObject({
    status: 0,
    stderr: expect.stringMatching(/conf line 2: "widget" has no effect\nwidget;\n\s*\^\n/),
  });
  writeFileSync(join(folder, "conf"), "subnet 10.0.0.0 netmask 255.255.255.0 { rage 10.0.0.1; }");
  expectFailure(run("-t", ...files()), /line 1: [\s\S]*\^\nConfiguration file errors encountered -- exiting/);
});

test("without -f it goes into the background once it serves, or fails in front", async () => {
  const args = ["-p", "21077", ...files()];
  const started = spawnSync(LAUNCHER, [...args, "lo"], { encoding: "utf8" });
  expect(started).toMatchObject({ status: 0, stderr: expect.stringContaining("Wrote 0 leases to leases file.") });
  const pid = Number(readFileSync(join(folder, "pid"), "utf8"));
  try {
    expect(await getLease(21077)).toMatch(/^127\.0\.9\.2/);
    const again = spawnSync(LAUNCHER, [...args, "lo"], { encoding: "utf8" });
    expect(again).toMatchObject({ status: 1, stderr: expect.stringContaining("There's already a DHCP server running.") });
  } finally {
    process.kill(pid, "SIGTERM");
    while (existsSync(join(folder, "pid"))) await new Promise((resolve) => setImmediate(resolve));
  }
});
