import type { Lease } from "../../leases/lease.ts";
import type { HardwareAddress } from "../../values/hardware-address.ts";
import type { Instant } from "../../values/time.ts";
import { timesOf } from "../lease-times.ts";
import { BINDING_STATUS_CODES, BOOTP_FLAG, RESERVED_FLAG, toWireTime } from "../wire/codes.ts";
import type { Options } from "../wire/options.ts";
import { encodePrivateData } from "../wire/private-data.ts";

/** What a BNDUPD says of `lease`, as dhcpd words it: the three dates always, client and flags if there are any. */
export function bindingUpdate(lease: Lease, toTandem: boolean, at: Instant): Options {
  // dhcpd rejects an ABANDONED with a client
  const hasClient = lease.status !== "ABANDONED";
  const clientId = hasClient && lease.clientId !== undefined && lease.clientId.length > 0 ? lease.clientId : undefined;
  const hardware = hasClient ? lease.hardware : undefined;
  const flags = (lease.reserved ? RESERVED_FLAG : 0) | (lease.bootp ? BOOTP_FLAG : 0);
  const isPrivate = toTandem && hasClient && (lease.hostname !== undefined || lease.agentOptions !== undefined);
  const options: { -readonly [Name in keyof Options]: Options[Name] } = {
    assignedIpAddress: lease.address,
    bindingStatus: BINDING_STATUS_CODES[lease.status],
    leaseExpirationTime: toWireTime(lease.ends, at),
    // what was released promises nothing any more
    potentialExpirationTime: toWireTime(lease.status === "RELEASED" ? lease.ends : timesOf(lease).tstp, at),
    startTimeOfState: toWireTime(lease.starts, at),
  };
  if (lease.cltt !== 0) options.clientLastTransactionTime = toWireTime(lease.cltt, at);
  if (hardware !== undefined) options.clientHardwareAddress = typed(hardware);
  if (clientId !== undefined) options.clientIdentifier = clientId;
  if (flags !== 0) options.ipFlags = flags;
  if (isPrivate) options.vendorSpecificOptions = encodePrivateData({ hostname: lease.hostname, agentOptions: lease.agentOptions });
  return options;
}

function typed({ htype, bytes }: HardwareAddress): Uint8Array {
  const whole = new Uint8Array(bytes.length + 1);
  whole[0] = htype;
  for (let index = 0; index < bytes.length; index += 1) whole[index + 1] = bytes[index] ?? 0;
  return whole;
}

/** client-hardware-address: the type's byte, then the address. Undefined if there is none. */
export function hardwareOf(option: Uint8Array | undefined): HardwareAddress | undefined {
  if (option === undefined || option.length < 2) return undefined;
  const bytes = new Uint8Array(option.length - 1);
  for (let index = 0; index < bytes.length; index += 1) bytes[index] = option[index + 1] ?? 0;
  return { htype: option[0] ?? 0, bytes };
}
