import { constants } from "node:os";
import koffi from "koffi";

/** A system call that failed: `code` as "EPERM". */
export class SystemCallFailed extends Error {
  override readonly name = "SystemCallFailed";
  readonly call: string;
  readonly code: string;

  constructor(call: string, errno: number) {
    const code = ERRNO_NAMES.get(errno) ?? `errno ${errno}`;
    super(`${call}: ${code}`);
    this.call = call;
    this.code = code;
  }
}

const ERRNO_NAMES = new Map<number, string>(Object.entries(constants.errno).map(([name, value]) => [value, name]));

const AF_UNIX = 1;
const AF_INET = 2;
const AF_PACKET = 17;
const SOCK_DGRAM = 2;
const SOCK_RAW = 3;
const SOCK_FLAGS = 0x80800; // SOCK_CLOEXEC | SOCK_NONBLOCK
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_BROADCAST = 6;
const SO_RCVBUF = 8;
const SO_SNDBUF = 7;
const SO_ATTACH_FILTER = 26;
const SO_RCVBUFFORCE = 33;
const SOL_PACKET = 263;
const PACKET_AUXDATA = 8;
const IP_PKTINFO = 8;
const ETH_P_IP = 0x0800;
const CLOCK_BOOTTIME = 7;
const IPPROTO_ICMP = 1;
/** Some thousand packets, a fraction of a second of the highest rate: older ones are not worth an answer. */
const SOCKET_BUFFER_BYTES = 2 << 20;

const libc = koffi.load(null);
const calls = {
  socket: libc.func("int socket(int domain, int type, int protocol)") as (domain: number, type: number, protocol: number) => number,
  bind: libc.func("int bind(int fd, const void *address, unsigned int length)") as FdBytes,
  connect: libc.func("int connect(int fd, const void *address, unsigned int length)") as FdBytes,
  close: libc.func("int close(int fd)") as (fd: number) => number,
  setsockopt: libc.func("int setsockopt(int fd, int level, int name, const void *value, unsigned int length)") as (
    fd: number,
    level: number,
    name: number,
    value: Uint8Array,
    length: number,
  ) => number,
  send: libc.func("long send(int fd, const void *bytes, size_t length, int flags)") as (
    fd: number,
    bytes: Uint8Array,
    length: number,
    flags: number,
  ) => number,
  sendto: libc.func("long sendto(int fd, const void *bytes, size_t length, int flags, const void *to, unsigned int size)") as (
    fd: number,
    bytes: Uint8Array,
    length: number,
    flags: number,
    to: Uint8Array,
    size: number,
  ) => number,
  recv: libc.func("long recv(int fd, void *bytes, size_t length, int flags)") as (
    fd: number,
    bytes: Uint8Array,
    length: number,
    flags: number,
  ) => number,
  recvmmsg: libc.func("int recvmmsg(int fd, void *messages, unsigned int count, int flags, void *timeout)") as BatchCall,
  sendmmsg: libc.func("int sendmmsg(int fd, void *messages, unsigned int count, int flags)") as BatchCall,
  write: libc.func("long write(int fd, const void *bytes, size_t length)") as FdBytes,
  poll: libc.func("int poll(void *fds, uint64_t count, int timeout)"),
  eventfd: libc.func("int eventfd(unsigned int initial, int flags)") as (initial: number, flags: number) => number,
  clockGettime: libc.func("int clock_gettime(int clock, void *time)") as (clock: number, time: Uint8Array) => number,
  interfaceIndex: libc.func("unsigned int if_nametoindex(const char *name)") as (name: string) => number,
};
type FdBytes = (fd: number, bytes: Uint8Array, length: number) => number;
type BatchCall = (fd: number, messages: unknown, count: number, flags: number, timeout?: null) => number;

const check = (call: string, result: number): number => {
  if (result < 0) throw new SystemCallFailed(call, koffi.errno());
  return result;
};

/** The name of the last failed call's errno; read it directly after the call. */
export const lastError = (): string => ERRNO_NAMES.get(koffi.errno()) ?? String(koffi.errno());

/** Memory outside the JavaScript heap: it never moves, so the kernel may be given its address. */
export interface FixedMemory {
  readonly pointer: unknown;
  readonly address: bigint;
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/** Reserves zeroed memory for the life of the process. */
export function fixedMemory(size: number): FixedMemory {
  const pointer = koffi.alloc("uint8_t", size);
  const buffer = koffi.view(pointer, size);
  const bytes = new Uint8Array(buffer);
  bytes.fill(0);
  return { pointer, address: koffi.address(pointer), bytes, view: new DataView(buffer) };
}

/** `recvmmsg` without waiting: the number of messages filled in, 0 when none wait. Errors of earlier sends are swallowed. */
export function receiveMany(fd: number, messages: FixedMemory, count: number): number {
  return Math.max(0, calls.recvmmsg(fd, messages.pointer, count, 0x40, null));
}

/** `sendmmsg` without waiting: the number of messages sent, or -1 with {@link lastError}. */
export const sendMany = (fd: number, messages: FixedMemory, offset: number, count: number): number =>
  calls.sendmmsg(fd, messages.address + BigInt(offset), count, 0x40);

/** Waits in a thread until one of the sockets of `fds` (struct pollfd) is ready or `timeoutMillis` passed. */
export function pollSockets(fds: FixedMemory, count: number, timeoutMillis: number, done: () => void): void {
  (calls.poll as unknown as { async(...args: unknown[]): void }).async(fds.pointer, count, timeoutMillis, done);
}

export const closeSocket = (fd: number): void => void calls.close(fd);

/** A descriptor that becomes readable when {@link wake} is called on it: ends a {@link pollSockets} early. */
export const openWaker = (): number => check("eventfd", calls.eventfd(0, 0x80800));
export const wake = (fd: number): void => void calls.write(fd, Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0), 8);

/** Milliseconds since the machine started, suspend included (CLOCK_BOOTTIME). */
export function bootMillis(): number {
  calls.clockGettime(CLOCK_BOOTTIME, TIME);
  return Number(TIME_VIEW.getBigInt64(0, true)) * 1000 + Number(TIME_VIEW.getBigInt64(8, true)) / 1e6;
}
const TIME = new Uint8Array(16);
const TIME_VIEW = new DataView(TIME.buffer);

/** Kernel number of an interface; 0 if there is none of that name. */
export const interfaceIndex = (name: string): number => calls.interfaceIndex(name);

/**
 * A packet socket on one interface that hears every IPv4 UDP datagram for `port`, whatever its addresses, ahead of the
 * machine's own IP stack and packet filter, and can send to stations that have no address. Needs CAP_NET_RAW.
 */
export function openPacketSocket(index: number, port: number): number {
  const fd = check("socket", calls.socket(AF_PACKET, SOCK_DGRAM | SOCK_FLAGS, 0));
  try {
    attachFilter(fd, udpPortFilter(port));
    setInt(fd, SOL_PACKET, PACKET_AUXDATA, 1);
    growBuffers(fd);
    check("bind", calls.bind(fd, linkAddress(index, undefined), LINK_ADDRESS_BYTES));
  } catch (error) {
    calls.close(fd);
    throw error;
  }
  return fd;
}

/** The server's UDP socket on `port`. A deaf one only sends (its owner hears by packet sockets) and keeps the port ours. */
export function openUdpSocket(port: number, deaf: boolean): number {
  const fd = check("socket", calls.socket(AF_INET, SOCK_DGRAM | SOCK_FLAGS, 0));
  try {
    setInt(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    setInt(fd, SOL_SOCKET, SO_BROADCAST, 1);
    setInt(fd, 0, IP_PKTINFO, 1);
    if (deaf) attachFilter(fd, [[0x06, 0, 0, 0]]);
    growBuffers(fd);
    check("bind", calls.bind(fd, inetAddress(0, port), 16));
  } catch (error) {
    calls.close(fd);
    throw error;
  }
  return fd;
}

/** A raw ICMP socket that hears echo replies only; needs CAP_NET_RAW. */
export function openIcmpSocket(): number {
  const fd = check("socket", calls.socket(AF_INET, SOCK_RAW | SOCK_FLAGS, IPPROTO_ICMP));
  const filter = new Uint8Array(4);
  new DataView(filter.buffer).setUint32(0, 0xfffffffe, true); // ICMP_FILTER: all but type 0
  calls.setsockopt(fd, 255, 1, filter, 4);
  return fd;
}

/** Sends `bytes` to `address` as one packet of a raw socket; false if the network refuses. */
export const sendTo = (fd: number, bytes: Uint8Array, address: number): boolean =>
  calls.sendto(fd, bytes, bytes.length, 0x40, inetAddress(address, 0), 16) >= 0;
/** One datagram into `buffer`, or -1 when none waits. */
export const receive = (fd: number, buffer: Uint8Array): number => Number(calls.recv(fd, buffer, buffer.length, 0x40));

/** A connection to the machine's syslog; throws {@link SystemCallFailed} if there is none. */
export function openSyslog(path: string): { send(line: Uint8Array): boolean } {
  const address = new Uint8Array(110);
  address[0] = AF_UNIX;
  address.set(new TextEncoder().encode(path).subarray(0, 107), 2);
  const open = (): number => {
    const fd = check("socket", calls.socket(AF_UNIX, SOCK_DGRAM | SOCK_FLAGS, 0));
    if (calls.connect(fd, address, 2 + path.length + 1) >= 0) return fd;
    const failed = new SystemCallFailed("connect", koffi.errno());
    calls.close(fd);
    throw failed;
  };
  let fd = open();
  const send = (line: Uint8Array): boolean => Number(calls.send(fd, line, line.length, 0x4040)) >= 0;
  return {
    send: (line) => {
      if (send(line)) return true;
      if (!["ENOTCONN", "ECONNREFUSED", "ECONNRESET", "EPIPE"].includes(lastError())) return false;
      try {
        const again = open(); // the syslog daemon was restarted
        calls.close(fd);
        fd = again;
        return send(line);
      } catch {
        return false;
      }
    },
  };
}

/** Bytes of struct sockaddr_ll. */
export const LINK_ADDRESS_BYTES = 20;

/** struct sockaddr_ll for IPv4 on interface `index`; without `station` it is the address to bind to. */
export function linkAddress(index: number, station: Uint8Array | undefined): Uint8Array {
  const address = new Uint8Array(LINK_ADDRESS_BYTES);
  const view = new DataView(address.buffer);
  view.setUint16(0, AF_PACKET, true);
  view.setUint16(2, ETH_P_IP, false);
  view.setInt32(4, index, true);
  if (station !== undefined) setStation(address, station);
  return address;
}

/** Puts another station (at most 8 bytes of it) into a {@link linkAddress}. */
export function setStation(address: Uint8Array, station: Uint8Array): void {
  const length = Math.min(8, station.length);
  address[11] = length;
  for (let index = 0; index < 8; index += 1) address[12 + index] = index < length ? station[index]! : 0;
}

/** struct sockaddr_in. */
export function inetAddress(host: number, port: number): Uint8Array {
  const address = new Uint8Array(16);
  address[0] = AF_INET;
  setInetAddress(address, host, port);
  return address;
}

/** Puts another host and port into an {@link inetAddress}. */
export function setInetAddress(address: Uint8Array, host: number, port: number): void {
  address[2] = port >>> 8;
  address[3] = port & 255;
  address[4] = host >>> 24;
  address[5] = (host >>> 16) & 255;
  address[6] = (host >>> 8) & 255;
  address[7] = host & 255;
}

function growBuffers(fd: number): void {
  const size = intBytes(SOCKET_BUFFER_BYTES);
  if (calls.setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, size, 4) < 0) calls.setsockopt(fd, SOL_SOCKET, SO_RCVBUF, size, 4);
  calls.setsockopt(fd, SOL_SOCKET, SO_SNDBUF, size, 4);
}

const intBytes = (value: number): Uint8Array => new Uint8Array(Int32Array.of(value).buffer);
const setInt = (fd: number, level: number, name: number, value: number): number =>
  check("setsockopt", calls.setsockopt(fd, level, name, intBytes(value), 4));

type Instruction = readonly [code: number, jumpTrue: number, jumpFalse: number, k: number];

/** Classic BPF over an IP packet: unfragmented UDP to `port`, no matter to which address. */
const udpPortFilter = (port: number): readonly Instruction[] => [
  [0x30, 0, 0, 9], // protocol
  [0x15, 0, 6, 17],
  [0x28, 0, 0, 6], // fragment offset
  [0x45, 4, 0, 0x1fff],
  [0xb1, 0, 0, 0], // header length
  [0x48, 0, 0, 2], // destination port
  [0x15, 0, 1, port],
  [0x06, 0, 0, 0x40000],
  [0x06, 0, 0, 0],
];

function attachFilter(fd: number, program: readonly Instruction[]): void {
  const code = fixedMemory(program.length * 8);
  program.forEach(([operation, jumpTrue, jumpFalse, k], index) => {
    code.view.setUint16(index * 8, operation, true);
    code.view.setUint8(index * 8 + 2, jumpTrue);
    code.view.setUint8(index * 8 + 3, jumpFalse);
    code.view.setUint32(index * 8 + 4, k, true);
  });
  const header = new Uint8Array(16);
  new DataView(header.buffer).setUint16(0, program.length, true);
  new DataView(header.buffer).setBigUint64(8, code.address, true);
  check("setsockopt", calls.setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, header, 16));
}
