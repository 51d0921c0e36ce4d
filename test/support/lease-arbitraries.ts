import fc from "fast-check";
import { BINDING_STATUSES } from "../../edge-agent/leases/binding-status.ts";
import type { FailoverTimes, Lease } from "../../edge-agent/leases/lease.ts";
import type { Ipv4Address } from "../../edge-agent/values/ipv4.ts";
import { type EpochSeconds, NEVER, NO_TIME } from "../../edge-agent/values/time.ts";

/** Times as a store meets them: few enough to collide, and the two special ones. */
export const anyTime: fc.Arbitrary<EpochSeconds> = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom(NO_TIME, NEVER) },
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 20 }) as unknown as fc.Arbitrary<EpochSeconds> },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 0xffffffff }) as unknown as fc.Arbitrary<EpochSeconds> },
);

const fewBytes = (maxLength: number): fc.Arbitrary<Uint8Array> =>
  fc.oneof(fc.uint8Array({ minLength: 1, maxLength: 1, max: 3 }), fc.uint8Array({ maxLength }));
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined });

const anyFailoverTimes: fc.Arbitrary<FailoverTimes> = fc.record({
  tstp: anyTime,
  tsfp: anyTime,
  atsfp: anyTime,
  owed: fc.boolean(),
  rewindStatus: fc.constantFrom(...BINDING_STATUSES),
});

/** As they are written down, or none. */
const anyStatements = fc.constantFrom("", '\n    log (info, "a } { # ; b");', "\n    if exists host-name {\n      set aa = 01 ;\n    }");

/** Any record there can be of one of `addresses`. */
export const anyLease = (addresses: fc.Arbitrary<number>): fc.Arbitrary<Lease> =>
  fc.record({
    address: addresses as unknown as fc.Arbitrary<Ipv4Address>,
    status: fc.constantFrom(...BINDING_STATUSES),
    starts: anyTime,
    ends: anyTime,
    cltt: anyTime,
    clientId: maybe(fewBytes(255)),
    hardware: maybe(fc.record({ htype: fc.constantFrom(0, 1, 6, 32), bytes: fewBytes(16) })),
    hostname: maybe(fc.string({ unit: "binary", maxLength: 255 })),
    agentOptions: maybe(fewBytes(255)),
    reserved: fc.boolean(),
    bootp: fc.boolean(),
    variables: fc
      .array(fc.tuple(fc.string({ minLength: 1, maxLength: 12 }), fewBytes(300)), { maxLength: 3 })
      .map((pairs) => new Map(pairs) as ReadonlyMap<string, Uint8Array>),
    billingClass: maybe(fc.string({ maxLength: 12 })),
    endings: maybe(fc.record({ release: anyStatements, expiry: anyStatements }).filter(({ release, expiry }) => release + expiry !== "")),
    failover: maybe(anyFailoverTimes),
  });
