import koffi from "koffi";

/** The capabilities that a server needs after it stopped being root: ports below 1024 and raw sockets, for interfaces and partners to come. */
const KEPT = (1 << 10) | (1 << 13); // CAP_NET_BIND_SERVICE, CAP_NET_RAW
const PR_SET_KEEPCAPS = 8;
const VERSION_3 = 0x20080522;

const libc = koffi.load(null);
const prctl = libc.func("int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)") as (
  option: number,
  a: number,
  b: number,
  c: number,
  d: number,
) => number;
type CapabilityCall = (header: Uint8Array, data: Uint8Array) => number;
const capget = libc.func("int capget(void *header, _Out_ void *data)") as CapabilityCall;
const capset = libc.func("int capset(void *header, void *data)") as CapabilityCall;

/** Asks the kernel to leave this thread its capabilities through the next change of user; then call {@link useKeptCapabilities}. */
export const keepCapabilities = (): void => void prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);

/**
 * After the change of user: of the capabilities that this thread may have, those a server goes on needing, and none besides.
 * False if the kernel refuses; then it has none.
 */
export function useKeptCapabilities(): boolean {
  const header = new Uint8Array(new Uint32Array([VERSION_3, 0]).buffer);
  const data = new Uint32Array(6); // effective, permitted, inheritable; twice
  const bytes = new Uint8Array(data.buffer);
  if (capget(header, bytes) < 0) return false;
  const kept = (data[1]! & KEPT) >>> 0;
  data.fill(0);
  data[0] = kept;
  data[1] = kept;
  return capset(header, bytes) >= 0;
}
