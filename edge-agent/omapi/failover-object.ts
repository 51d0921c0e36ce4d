import type { Ipv4Address } from "../values/ipv4.ts";
import { ipv4ToBytes } from "../values/ipv4.ts";
import { err, ok } from "../values/result.ts";
import type { OmapiChange } from "./change.ts";
import type { ObjectType } from "./objects.ts";
import { RESULT, refuse } from "./result-codes.ts";
import { integerValue, latin1, type OmapiValue, readInteger, textBytes } from "./wire/message.ts";

/** What a failover-state object shows; numbers of states are the wire's, times are wall-clock seconds. */
export interface FailoverAttributes {
  readonly name: string;
  readonly role: "primary" | "secondary";
  readonly partnerAddress: Ipv4Address | undefined;
  readonly partnerPort: number;
  readonly localAddress: Ipv4Address | undefined;
  readonly localPort: number;
  readonly maxUnackedUpdates: number;
  readonly mclt: number;
  readonly loadBalanceMaxSeconds: number;
  readonly hba: Uint8Array | undefined;
  readonly partnerState: number;
  readonly localState: number;
  readonly partnerStos: number;
  readonly localStos: number;
  readonly skew: number;
  readonly maxResponseDelay: number;
  readonly unackedUpdates: number;
}

/**
 * The numbers that `local-state` takes (draft-ietf-dhc-failover-12 §12.24; 254 is ISC's recover-wait). 1, which meant
 * partner-down to dhcpd 3.0 and is STARTUP since, is refused: whoever sends it means something else.
 */
const STATE_NUMBERS = new Set([2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 254]);

/** "failover-state": look one up by name, read it, set local-state. */
export function failoverObject(all: readonly FailoverAttributes[]): ObjectType<OmapiChange> {
  const byName = (name: string) => all.find((each) => each.name === name);
  return {
    find(keys) {
      const name = keys.find((key) => key.name === "name");
      if (name === undefined) return err(refuse(RESULT.notImplemented, "can't create new object"));
      const found = byName(latin1(name.value));
      if (found === undefined) return err(refuse(RESULT.notFound, "no object matches specification"));
      return ok({ type: "failover-state", name: found.name });
    },
    create: () => err(refuse(RESULT.notImplemented, "can't create new object")),
    read(reference) {
      const found = byName(reference.name);
      return found === undefined ? undefined : attributes(found);
    },
    update(reference, values) {
      const changes: OmapiChange[] = [];
      for (const { name, value } of values) {
        if (name !== "local-state") continue; // dhcpd accepts the others and does nothing
        const state = readInteger(value);
        if (state === undefined || !STATE_NUMBERS.has(state)) return err(refuse(RESULT.invalidArgument, "can't update object"));
        changes.push({ kind: "failover-state", name: reference.name, state });
      }
      return ok(changes);
    },
    remove: () => err(refuse(RESULT.notImplemented)),
  };
}

function attributes(peer: FailoverAttributes): readonly OmapiValue[] {
  const integer = (name: string, value: number): OmapiValue => ({ name, value: integerValue(value) });
  const address = (name: string, value: Ipv4Address | undefined): OmapiValue => ({
    name,
    value: value === undefined ? new Uint8Array(4) : ipv4ToBytes(value),
  });
  return [
    { name: "name", value: textBytes(peer.name) },
    address("partner-address", peer.partnerAddress),
    integer("partner-port", peer.partnerPort),
    address("local-address", peer.localAddress),
    integer("local-port", peer.localPort),
    integer("max-outstanding-updates", peer.maxUnackedUpdates),
    integer("mclt", peer.mclt),
    integer("load-balance-max-secs", peer.loadBalanceMaxSeconds),
    ...(peer.hba === undefined ? [] : [{ name: "load-balance-hba", value: peer.hba }]),
    integer("partner-state", peer.partnerState),
    integer("local-state", peer.localState),
    integer("partner-stos", peer.partnerStos),
    integer("local-stos", peer.localStos),
    integer("hierarchy", peer.role === "primary" ? 0 : 1),
    integer("last-packet-sent", 0),
    integer("last-timestamp-received", 0),
    integer("skew", peer.skew),
    integer("max-response-delay", peer.maxResponseDelay),
    integer("cur-unacked-updates", peer.unackedUpdates),
  ];
}
