import { closeSync, openSync } from "node:fs";
import { connect, type Socket, type TcpNetConnectOpts } from "node:net";
import koffi from "koffi";

/** The few Linux calls that raw test clients need and Node does not offer. All of them throw with the errno's number on failure. */
const libc = koffi.load("libc.so.6");
const c = {
  setns: libc.func("int setns(int fd, int kind)"),
  socket: libc.func("int socket(int domain, int type, int protocol)"),
  bind: libc.func("int bind(int fd, const uint8_t *address, uint32_t length)"),
  send: libc.func("int64_t send(int fd, const uint8_t *bytes, size_t length, int flags)"),
  recv: libc.func("int64_t recv(int fd, _Out_ uint8_t *bytes, size_t length, int flags)"),
  poll: libc.func("int poll(_Inout_ uint8_t *fds, uint64_t count, int timeout)"),
  close: libc.func("int close(int fd)"),
  ifIndex: libc.func("uint32_t if_nametoindex(const char *name)"),
};

const CLONE_NEWNET = 0x40000000;
const AF_PACKET = 17;
const SOCK_RAW = 3;
const SOCK_NONBLOCK = 0o4000;
const ETH_P_ALL = 3;
const POLLIN = 1;

const checked = (what: string, value: number): number => {
  if (value < 0) throw new Error(`${what}: errno ${koffi.errno()}`);
  return value;
};

/** Runs `body` with this thread inside the named network namespace; sockets opened there stay there. */
export function inNamespace<T>(namespace: string, body: () => T): T {
  const home = openSync("/proc/thread-self/ns/net", "r");
  const there = openSync(`/run/netns/${namespace}`, "r");
  try {
    checked("setns", c.setns(there, CLONE_NEWNET));
    return body();
  } finally {
    checked("setns back", c.setns(home, CLONE_NEWNET));
    closeSync(there);
    closeSync(home);
  }
}

/** Opens a TCP connection from inside a namespace; it comes about, or fails, by itself. */
export async function connectInside(namespace: string, options: TcpNetConnectOpts): Promise<Socket> {
  const home = openSync("/proc/thread-self/ns/net", "r");
  const there = openSync(`/run/netns/${namespace}`, "r");
  try {
    checked("setns", c.setns(there, CLONE_NEWNET));
    const socket = connect(options);
    // Node makes the socket in the next tick
    await new Promise<void>((resolve) => process.nextTick(resolve));
    return socket;
  } finally {
    checked("setns back", c.setns(home, CLONE_NEWNET));
    closeSync(there);
    closeSync(home);
  }
}

/** An AF_PACKET socket on one interface: whole Ethernet frames in and out. */
export interface PacketSocket {
  send(frame: Uint8Array): void;
  /** The frames that are waiting, without waiting. */
  drain(): Uint8Array[];
  /** Resolves when a frame waits or `milliseconds` are over. */
  readable(milliseconds: number): Promise<boolean>;
  close(): void;
}

/** Opens a packet socket on `device` inside `namespace`. */
export function openPacketSocket(namespace: string, device: string): PacketSocket {
  const fd = inNamespace(namespace, () => {
    const index = c.ifIndex(device);
    if (index === 0) throw new Error(`no interface ${device} in ${namespace}`);
    const opened = checked("socket", c.socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0));
    const address = Buffer.alloc(20);
    address.writeUInt16LE(AF_PACKET, 0);
    address.writeUInt16BE(ETH_P_ALL, 2);
    address.writeInt32LE(index, 4);
    checked("bind", c.bind(opened, address, address.length));
    return opened;
  });
  const buffer = Buffer.alloc(65536);
  return {
    send(frame) {
      checked("send", Number(c.send(fd, frame, frame.length, 0)));
    },
    drain() {
      const frames: Uint8Array[] = [];
      for (;;) {
        const length = Number(c.recv(fd, buffer, buffer.length, 0));
        if (length < 0) return frames;
        frames.push(Uint8Array.from(buffer.subarray(0, length)));
      }
    },
    readable(milliseconds) {
      const slot = Buffer.alloc(8);
      slot.writeInt32LE(fd, 0);
      slot.writeInt16LE(POLLIN, 4);
      return new Promise((resolve, reject) => {
        c.poll.async(slot, 1, Math.max(0, Math.ceil(milliseconds)), (error: Error | null, count: number) =>
          error ? reject(error) : resolve(count > 0),
        );
      });
    },
    close() {
      c.close(fd);
    },
  };
}
