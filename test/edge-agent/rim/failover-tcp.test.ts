import { connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import type { FailoverEvent } from "../../../edge-agent/failover/event.ts";
import { type FailoverAddresses, FailoverTcp } from "../../../edge-agent/rim/failover-tcp.ts";

const PORT = 20_647 + (process.pid % 20_000);
const peer = (changes: Partial<FailoverAddresses> = {}): FailoverAddresses => ({
  ...{ name: "lab", role: "primary", address: "127.0.0.1", port: PORT, peerAddress: "127.0.0.2", peerPort: PORT + 1 },
  ...changes,
});

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

const partner = async (name: string): Promise<readonly string[]> =>
  name === "partner.example" ? ["127.0.0.2"] : Promise.reject(new Error("no such name"));

function rim(peers: readonly FailoverAddresses[], isBusy = () => false, resolve = partner, mayWait = () => false) {
  const events: FailoverEvent[] = [];
  const waiting: (() => void)[] = [];
  const tcp = new FailoverTcp({
    peers: () => peers,
    emit: (event) => {
      events.push(event);
      for (const wake of waiting.splice(0)) wake();
    },
    resolve,
    isBusy,
    mayWait,
    now: () => 0,
    warn: () => {},
  });
  closing.push(() => tcp.close());
  const until = async <K extends FailoverEvent["kind"]>(kind: K): Promise<Extract<FailoverEvent, { kind: K }>> => {
    for (;;) {
      const at = events.findIndex((event) => event.kind === kind);
      if (at >= 0) return events.splice(at, 1)[0] as Extract<FailoverEvent, { kind: K }>;
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
  };
  return { tcp, events, until };
}

const from = (address: string): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const attempt = () => {
      const socket = connect({ host: "127.0.0.1", port: PORT, localAddress: address });
      closing.push(() => socket.destroy());
      socket.once("connect", () => resolve(socket));
      socket.once("error", (error: NodeJS.ErrnoException) => (error.code === "ECONNREFUSED" ? setTimeout(attempt, 5) : reject(error)));
    };
    attempt();
  });
const ended = (socket: Socket): Promise<void> => new Promise((resolve) => socket.once("close", () => resolve()).resume());

test("takes connections from the partner, and from nobody else", async () => {
  const { tcp, events, until } = rim([peer()]);
  tcp.perform({ kind: "failover-listen", peer: "lab" });
  await ended(await from("127.0.0.9"));
  expect(events).toEqual([]);
  const socket = await from("127.0.0.2");
  const opened = await until("failover-link-opened");
  expect(opened).toMatchObject({ peer: "lab", direction: "accepted" });
  socket.write("hello");
  expect(Buffer.from((await until("failover-bytes")).bytes).toString()).toBe("hello");
  tcp.perform({ kind: "failover-send", link: opened.link, bytes: Uint8Array.of(65) });
  tcp.perform({ kind: "failover-send", link: opened.link, bytes: Uint8Array.of(66) });
  // both in one piece
  expect(String(await new Promise((resolve) => socket.once("data", resolve)))).toBe("AB");
  socket.destroy();
  expect(await until("failover-link-closed")).toMatchObject({ link: opened.link });
});

test("a partner's name is looked up; more connections than two servers need are refused", async () => {
  const { tcp, until } = rim([peer({ peerAddress: "partner.example" })]);
  tcp.perform({ kind: "failover-listen", peer: "lab" });
  for (let count = 0; count < 4; count += 1) {
    await from("127.0.0.2");
    await until("failover-link-opened");
  }
  await ended(await from("127.0.0.2"));
});

test("what is sent before a close still arrives", async () => {
  const { tcp, until } = rim([peer()]);
  tcp.perform({ kind: "failover-listen", peer: "lab" });
  const socket = await from("127.0.0.2");
  const { link } = await until("failover-link-opened");
  const heard: Buffer[] = [];
  socket.on("data", (bytes) => heard.push(bytes));
  tcp.perform({ kind: "failover-send", link, bytes: Uint8Array.from(Buffer.from("last words")) });
  tcp.perform({ kind: "failover-close", link });
  await ended(socket);
  expect(Buffer.concat(heard).toString()).toBe("last words");
});

test("connects from its own address; a failed attempt is an event", async () => {
  const { tcp, until } = rim([peer()]);
  tcp.perform({ kind: "failover-dial", peer: "lab" });
  expect(await until("failover-dial-failed")).toMatchObject({ peer: "lab", local: false });
  const remote = await new Promise<string | undefined>((resolve) => {
    const server: Server = createServer((socket) => {
      closing.push(() => socket.destroy());
      resolve(socket.remoteAddress);
    }).listen(PORT + 1, "127.0.0.2", () => tcp.perform({ kind: "failover-dial", peer: "lab" }));
    closing.push(() => server.close());
  });
  expect(remote).toBe("127.0.0.1");
  expect(await until("failover-link-opened")).toMatchObject({ direction: "dialled" });
  const { tcp: lost, until: lostUntil } = rim([peer({ peerAddress: "nowhere.example" })]);
  lost.perform({ kind: "failover-dial", peer: "lab" });
  expect(await lostUntil("failover-dial-failed")).toMatchObject({ local: true });
});

test("reads nothing more while the agent is busy", async () => {
  let busy = false;
  const { tcp, events, until } = rim([peer()], () => busy);
  tcp.perform({ kind: "failover-listen", peer: "lab" });
  const socket = await from("127.0.0.2");
  await until("failover-link-opened");
  busy = true;
  socket.write("one");
  await until("failover-bytes");
  socket.write("two");
  await new Promise<void>((resolve) => socket.write("three", () => setImmediate(() => setImmediate(resolve))));
  expect(events).toEqual([]);
  busy = false;
  expect(Buffer.from((await until("failover-bytes")).bytes).toString()).toMatch(/^two/);
});

/** Resolves with the address of ours at which the partner was reached. */
const partnerAt = (address: string): Promise<string> =>
  new Promise((resolve) => {
    const server: Server = createServer((socket) => {
      closing.push(() => socket.destroy());
      resolve(address);
    }).listen(PORT + 1, address);
    closing.push(() => server.close());
  });

test("a partner with two addresses may come from either, and is tried at each in turn", async () => {
  const { tcp, until } = rim([peer({ peerAddress: "partner.example" })], undefined, async () => ["127.0.0.2", "127.0.0.3"]);
  tcp.perform({ kind: "failover-listen", peer: "lab" });
  for (const address of ["127.0.0.2", "127.0.0.3"]) {
    await from(address);
    expect(await until("failover-link-opened")).toMatchObject({ direction: "accepted" });
  }
  const reached = partnerAt("127.0.0.3");
  tcp.perform({ kind: "failover-dial", peer: "lab" });
  await until("failover-dial-failed");
  tcp.perform({ kind: "failover-dial", peer: "lab" });
  expect(await reached).toBe("127.0.0.3");
  expect(await until("failover-link-opened")).toMatchObject({ direction: "dialled" });
});

test("a partner's name is looked up each time: one that has moved is found, and one whose name is gone for a moment is not lost", async () => {
  let answer: () => Promise<readonly string[]> = async () => ["127.0.0.2"];
  const { tcp, until } = rim([peer({ peerAddress: "partner.example" })], undefined, () => answer());
  tcp.perform({ kind: "failover-listen", peer: "lab" });
  await from("127.0.0.2");
  await until("failover-link-opened");
  answer = async () => ["127.0.0.3"];
  const reached = partnerAt("127.0.0.3");
  tcp.perform({ kind: "failover-dial", peer: "lab" });
  expect(await reached).toBe("127.0.0.3");
  await until("failover-link-opened");
  await ended(await from("127.0.0.2"));
  answer = () => Promise.reject(new Error("the name server is down"));
  await from("127.0.0.3");
  expect(await until("failover-link-opened")).toMatchObject({ direction: "accepted" });
});

test("what follows closely from one of our own kind waits to be handed over, and is never lost", async () => {
  const looked: number[] = [];
  const told = () => events.filter(({ kind }) => kind === "failover-bytes").length;
  const mayWait = () => {
    queueMicrotask(() => looked.push(told()));
    return true;
  };
  const { tcp, events, until } = rim([peer()], undefined, undefined, mayWait);
  tcp.perform({ kind: "failover-listen", peer: "lab" });
  const socket = await from("127.0.0.2");
  await until("failover-link-opened");
  const words = async (): Promise<string> => Buffer.from((await until("failover-bytes")).bytes).toString();
  const isHeld = async (count: number) => {
    while (looked.length < count) await new Promise((resolve) => setImmediate(resolve));
  };
  socket.write("the first word after silence");
  expect(await words()).toBe("the first word after silence");
  expect(looked).toEqual([]);
  socket.write("second");
  await isHeld(1);
  tcp.handOver();
  expect(await words()).toBe("second");
  // nobody hands over
  socket.write("third");
  expect(await words()).toBe("third");
  socket.write("last");
  await isHeld(3);
  socket.destroy();
  expect(await words()).toBe("last");
  await until("failover-link-closed");
  expect(looked).toEqual([0, 0, 0]);
});
