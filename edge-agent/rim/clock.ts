import type { Clock } from "../runtime/ports.ts";
import { epochSeconds, type Instant, type MonotonicMillis, monotonicMillis } from "../values/time.ts";

/** What the clock needs of the machine. */
export interface TimeSources {
  /** Milliseconds since boot, suspend included. */
  bootMillis(): number;
  /** Milliseconds since 1970 as the machine's wall clock has it. */
  wallMillis(): number;
  /** Changes with every boot (/proc/sys/kernel/random/boot_id); empty if unknown. */
  readonly bootId: string;
}

/** What is stored of the lease clock: its reading at one moment of one boot. */
interface ClockRecord {
  readonly bootId: string;
  readonly bootMillis: number;
  readonly leaseMillis: number;
}

/** The key of the clock's record in the store. */
export const CLOCK_RECORD = "clock";
/** A wall clock that strays further than this from where it was, in milliseconds, was set by somebody. */
const STEP_MILLIS = 2000;
/** Beyond this a timer of the runtime overflows. */
const LONGEST_TIMER_MILLIS = 0x7fffffff;

/**
 * The lease clock: it starts at the wall clock's time or, if that is later or of this same boot, where the stored record left
 * off, and then follows elapsed time. Setting the wall clock changes `wallOffset` and nothing else.
 */
export class LeaseClock implements Clock {
  readonly #sources: TimeSources;
  readonly #onStep: (offsetSeconds: number, changeSeconds: number) => void;
  /** Lease clock minus boot clock, in milliseconds. */
  readonly #base: number;
  /** Wall clock minus lease clock, in milliseconds, as last accepted. */
  #offset: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    sources: TimeSources,
    stored: Uint8Array | undefined,
    onStep: (offsetSeconds: number, changeSeconds: number) => void = () => {},
  ) {
    this.#sources = sources;
    this.#onStep = onStep;
    const boot = sources.bootMillis();
    const wall = sources.wallMillis();
    const record = readRecord(stored);
    const sameBoot = record !== undefined && record.bootId !== "" && record.bootId === sources.bootId && record.bootMillis <= boot;
    const lease = sameBoot ? record.leaseMillis + (boot - record.bootMillis) : Math.max(wall, record?.leaseMillis ?? 0);
    this.#base = lease - boot;
    this.#offset = Math.abs(wall - lease) > STEP_MILLIS ? wall - lease : 0;
  }

  instant(): Instant {
    const boot = this.#sources.bootMillis();
    const lease = this.#base + boot;
    const difference = this.#sources.wallMillis() - lease;
    if (Math.abs(difference - this.#offset) > STEP_MILLIS) {
      const before = this.#offset;
      this.#offset = Math.abs(difference) > STEP_MILLIS ? difference : 0;
      this.#onStep(Math.round(this.#offset / 1000), Math.round((this.#offset - before) / 1000));
    }
    return { now: epochSeconds(lease / 1000), monotonic: monotonicMillis(boot), wallOffset: Math.round(this.#offset / 1000) };
  }

  /** The record to store, so that the clock goes on from here after a restart. */
  record(): Uint8Array {
    const boot = this.#sources.bootMillis();
    const record: ClockRecord = { bootId: this.#sources.bootId, bootMillis: boot, leaseMillis: this.#base + boot };
    return new TextEncoder().encode(JSON.stringify(record));
  }

  arm(at: MonotonicMillis | undefined, wake: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (at === undefined) return;
    const wait = Math.min(LONGEST_TIMER_MILLIS, Math.max(0, Math.ceil(at - this.#sources.bootMillis())));
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (wait === LONGEST_TIMER_MILLIS) this.arm(at, wake);
      else wake();
    }, wait);
  }
}

function readRecord(stored: Uint8Array | undefined): ClockRecord | undefined {
  if (stored === undefined) return undefined;
  try {
    const value = JSON.parse(new TextDecoder().decode(stored)) as Partial<ClockRecord>;
    const { bootId, bootMillis, leaseMillis } = value;
    if (typeof bootId !== "string" || !Number.isFinite(bootMillis) || !Number.isFinite(leaseMillis)) return undefined;
    return { bootId, bootMillis: Number(bootMillis), leaseMillis: Number(leaseMillis) };
  } catch {
    return undefined;
  }
}
