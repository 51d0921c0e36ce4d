import type { FailoverMessage } from "../../edge-agent/failover/wire/message.ts";
import { MESSAGE_TYPES } from "../../edge-agent/failover/wire/options.ts";

/** One message of a failover session. */
export interface Said {
  /** Seconds since 1970. */
  readonly at: number;
  readonly from: string;
  readonly stream: number;
  readonly bytes: Uint8Array;
  readonly message: FailoverMessage;
}

/** Options of a frame, without knowing them. */
function* codesIn(bytes: Uint8Array): Iterable<readonly [code: number, length: number]> {
  for (let at = bytes[3] ?? 12; at + 4 <= bytes.length; ) {
    const length = ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
    yield [((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0), length];
    at += 4 + length;
  }
}

const STATES_ON_THE_WIRE = [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 254];
const DDNS = 9;
const IP_FLAGS = 12;
const VENDOR_SPECIFIC = 29;

/** Why this message would end, wedge or blind a stock dhcpd whatever its state, or be rejected by it; undefined if it would not. */
export function harmIn(bytes: Uint8Array, { type, options, xid }: FailoverMessage, toTandem = false): string | undefined {
  if (bytes.length > 2048 || bytes[3] !== 12) return `length ${bytes.length}, offset ${bytes[3]}`;
  if (!Object.values(MESSAGE_TYPES).includes(bytes[2] as never)) return `type ${bytes[2]}`;
  const codes = [...codesIn(bytes)];
  if (new Set(codes.map(([code]) => code)).size !== codes.length) return "an option twice";
  if (codes.some(([code, length]) => code === DDNS || (code === IP_FLAGS && length !== 2))) return "DDNS, or IP-flags of another size";
  if (!toTandem && codes.some(([code]) => code === VENDOR_SPECIFIC)) return "private data for a stranger";
  if ((type === "CONNECT" || type === "CONNECTACK") && options.rejectReason === undefined) {
    if ((options.receiveTimer ?? 0) < 3) return `receive-timer ${options.receiveTimer}: CONTACTs without end`;
    if ((options.maxUnackedBndupd ?? 0) < 1) return "max-unacked 0: it never updates us";
    if (type === "CONNECT" && (options.mclt === undefined || options.hashBucketAssignment?.length !== 32))
      return "a CONNECT without MCLT or HBA";
  }
  if (type === "STATE" && !STATES_ON_THE_WIRE.includes(options.serverState ?? -1)) return `state ${options.serverState}`;
  if (type === "BNDACK" && options.rejectReason === undefined && codes.length !== 1)
    return "an acknowledgement that says more than the address";
  if (type !== "BNDUPD") return undefined;
  const status = options.bindingStatus ?? 0;
  if (status < 1 || status > 7) return `binding-status ${status}`;
  if (xid === 0) return "BNDUPD with xid 0";
  const hardware = options.clientHardwareAddress;
  if (status === 5 && (hardware !== undefined || options.clientIdentifier !== undefined)) return "ABANDONED with a client";
  if (status >= 2 && status <= 4 && hardware === undefined) return `status ${status} without a client`;
  if ((hardware?.length ?? 0) > 21) return "chaddr too long";
  for (const date of ["leaseExpirationTime", "potentialExpirationTime", "startTimeOfState"] as const)
    if (options[date] === undefined || options[date] > 0x7fffffff) return `${date} ${options[date]}`;
  return undefined;
}

/** The same for all that `from` said and is answered for, and for answers that answer nothing. */
export function* harmsIn(
  said: readonly Said[],
  from: string,
  isJudged: (each: Said) => boolean = () => true,
  toTandem: (each: Said) => boolean = () => false,
): Iterable<string> {
  const asked = new Map<string, number>();
  for (const each of said) {
    const { at, from: sender, stream, bytes, message } = each;
    const { type, options, xid } = message;
    const key = `${stream} ${xid} ${options.assignedIpAddress ?? 0}`;
    if (sender !== from) {
      if (type === "BNDUPD") asked.set(key, (asked.get(key) ?? 0) + 1);
      continue;
    }
    if (!isJudged(each)) continue;
    const harm = harmIn(bytes, message, toTandem(each));
    if (harm !== undefined) yield `${at}: ${type}: ${harm}`;
    if (type === "BNDACK") {
      const left = asked.get(key) ?? 0;
      // a rejection may also free what dhcpd counts as under way since an earlier connection
      if (left < 1 && message.options.rejectReason === undefined) yield `${at}: BNDACK ${xid} answers nothing`;
      asked.set(key, left - 1);
    }
  }
}
