import { createSocket } from "node:dgram";
import { afterEach, expect, test } from "vitest";
import {
  closeListeningSockets,
  DatagramReceiver,
  type ListeningSockets,
  openListeningSockets,
} from "../../../edge-agent/rim/datagram-port.ts";
import { DatagramSender } from "../../../edge-agent/rim/datagram-sender.ts";
import { findInterface } from "../../../edge-agent/rim/interfaces.ts";
import type { DatagramReceived } from "../../../edge-agent/server/event.ts";
import { formatIpv4, ipv4, LIMITED_BROADCAST } from "../../../edge-agent/values/ipv4.ts";

const PORT = 22067;
let close: (() => void)[] = [];
afterEach(() => {
  for (const end of close) end();
  close = [];
});

function listen(onDatagram: (datagram: DatagramReceived) => void): { sockets: ListeningSockets; refused: string[] } {
  const interfaces = [findInterface("lo")];
  const sockets = openListeningSockets("udp", PORT, interfaces);
  const refused: string[] = [];
  const receiver = new DatagramReceiver(sockets, interfaces, { onRead: () => {}, onDatagram, onRefused: (reason) => refused.push(reason) });
  close.push(() => {
    receiver.close();
    closeListeningSockets(sockets);
  });
  return { sockets, refused };
}

test("datagrams come with interface, source and target, and answers go out in a batch", async () => {
  const interfaces = [findInterface("lo")];
  const client = createSocket("udp4");
  close.push(() => client.close());
  await new Promise<void>((resolve) => client.bind(0, "127.0.0.3", resolve));
  const echoed: string[] = [];
  let sender: DatagramSender | undefined;
  const { sockets } = listen((datagram) => {
    expect(datagram.interfaceName).toBe("lo");
    expect(formatIpv4(datagram.source)).toBe("127.0.0.3");
    expect(formatIpv4(datagram.target ?? ipv4(0))).toBe("127.0.0.9");
    sender?.send({
      kind: "send",
      interfaceName: "lo",
      destination: { kind: "udp", address: datagram.source, port: datagram.sourcePort },
      bytes: datagram.bytes,
    });
    sender?.flush();
  });
  const onRefused = (count: number, error: string): void => void echoed.push(`refused ${count} ${error}`);
  sender = new DatagramSender(sockets, interfaces, { port: PORT, broadcastAddress: LIMITED_BROADCAST, onRefused });
  await new Promise<void>((resolve) => {
    client.on("message", (bytes, from) => {
      expect(from.port).toBe(PORT);
      echoed.push(bytes.toString());
      if (echoed.length === 300) resolve();
    });
    for (let index = 0; index < 300; index += 1) client.send(`hello ${index}`, PORT, "127.0.0.9");
  });
  expect(new Set(echoed).size).toBe(300);
  sender.send({
    kind: "send",
    interfaceName: "none",
    destination: { kind: "broadcast", port: 68, source: ipv4(0) },
    bytes: new Uint8Array(1),
  });
  sender.send({
    kind: "send",
    interfaceName: "lo",
    destination: { kind: "udp", address: ipv4(0x7f000001), port: 9 },
    bytes: new Uint8Array(9300),
  });
  sender.flush();
  expect(echoed.slice(300)).toEqual(["refused 1 ENODEV", "refused 1 EMSGSIZE"]);
});

test("a datagram longer than any DHCP message is refused", async () => {
  const client = createSocket("udp4");
  close.push(() => client.close());
  let arrived: () => void = () => {};
  const small = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const { refused } = listen(() => arrived());
  client.send(new Uint8Array(5000), PORT, "127.0.0.1");
  client.send(new Uint8Array(300), PORT, "127.0.0.1");
  await small;
  expect(refused).toEqual(["truncated"]);
});

test("a flood of answers is spread over some milliseconds, in order, and none is lost", async () => {
  const client = createSocket("udp4");
  const heard: string[] = [];
  close.push(() => client.close());
  await new Promise<void>((resolve) => client.bind(0, "127.0.0.1", resolve));
  const { sockets } = listen(() => {});
  const refused: string[] = [];
  let now = 1000;
  const options = {
    port: PORT,
    broadcastAddress: LIMITED_BROADCAST,
    onRefused: (count: number, error: string) => refused.push(`${count} ${error}`),
  };
  const sender = new DatagramSender(sockets, [findInterface("lo")], options, () => now);
  const destination = { kind: "udp", address: ipv4(0x7f000001), port: client.address().port } as const;
  const answer = (index: number) => sender.send({ kind: "send", interfaceName: "lo", destination, bytes: Buffer.from(`${index}`) });
  const all = new Promise<void>((resolve) => {
    client.on("message", (bytes) => {
      if (heard.push(bytes.toString()) === 200) resolve();
    });
  });
  for (let index = 0; index < 200; index += 1) answer(index);
  sender.flush();
  const step = setInterval(() => {
    now += 1;
  }, 1);
  await all;
  clearInterval(step);
  expect(heard).toEqual(Array.from({ length: 200 }, (_, index) => `${index}`));
  // what waits while the process stands still is not sent; what waits at the end is
  for (let index = 0; index < 150; index += 1) answer(index);
  sender.flush();
  now += 60_000;
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(refused.map((line) => line.split(" ")[1])).toEqual(["ETIME"]);
  for (let index = 0; index < 150; index += 1) answer(1000 + index);
  sender.close();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(heard.at(-1)).toBe("1149");
});
