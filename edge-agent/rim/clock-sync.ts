import { existsSync } from "node:fs";
import koffi from "koffi";

/** What the kernel says of its clock (adjtimex(2)). */
export interface KernelClock {
  /** NTP, or whatever sets it, is in step with the world. */
  readonly isSynchronised: boolean;
  /** Somebody has corrected its pace since the machine started. */
  readonly isDisciplined: boolean;
}

const TIME_ERROR = 5;
const STA_UNSYNC = 0x40;
/** `struct timex` has 208 bytes on 64-bit machines; `freq` and `status` where the C library puts them. */
const TIMEX_BYTES = 256;
const FREQUENCY_AT = 16;
const STATUS_AT = 40;
/** Folders that a program which keeps the time has while it runs. */
const KEEPERS = ["/run/systemd/timesync", "/run/chrony", "/run/ntpsec", "/run/openntpd"];

/** Reads the state of the kernel's clock; undefined where that cannot be asked. Needs no rights. */
export function kernelClock(): KernelClock | undefined {
  try {
    const timex = Buffer.alloc(TIMEX_BYTES);
    const answer = koffi.load(null).func("int adjtimex(void *)")(timex) as number;
    if (answer < 0) return undefined;
    const isSynchronised = answer !== TIME_ERROR && (timex.readInt32LE(STATUS_AT) & STA_UNSYNC) === 0;
    return { isSynchronised, isDisciplined: timex.readBigInt64LE(FREQUENCY_AT) !== 0n };
  } catch {
    return undefined; // No such call in this C library.
  }
}

/** `ntp`: a clock that is not synchronised is not trusted; `auto`: only where something keeps it, at other times; `trusted`: it always is. */
export type ClockTrust = "auto" | "ntp" | "trusted";
const LOOK_MILLIS = 10_000;

/** Says why the machine's clock is not to be trusted, if it is not; looks every ten seconds at most. */
export function clockDoubt(
  trust: ClockTrust,
  sources: {
    readonly kernel: () => KernelClock | undefined;
    readonly hasKeeper: () => boolean;
    readonly millis: () => number;
  } = { kernel: kernelClock, hasKeeper: () => KEEPERS.some((path) => existsSync(path)), millis: () => performance.now() },
): () => string | undefined {
  let lookAt = Number.NEGATIVE_INFINITY;
  let doubt: string | undefined;
  const look = (): string | undefined => {
    const clock = sources.kernel();
    if (trust === "trusted" || clock === undefined || clock.isSynchronised) return undefined;
    const isKept = trust === "ntp" || clock.isDisciplined || sources.hasKeeper();
    return isKept ? "this machine's clock is not synchronised (NTP)" : undefined;
  };
  return () => {
    if (sources.millis() >= lookAt) {
      doubt = look();
      lookAt = sources.millis() + LOOK_MILLIS;
    }
    return doubt;
  };
}
