import type { ByteReader } from "../../values/byte-reader.ts";
import type { ByteWriter } from "../../values/byte-writer.ts";
import { FAILOVER_OPTIONS, type OptionName, type Options } from "./options.ts";

type Codes = { readonly [N in OptionName]: (typeof FAILOVER_OPTIONS)[N]["code"] };
const CODES = Object.fromEntries(Object.entries(FAILOVER_OPTIONS).map(([name, { code }]) => [name, code])) as Codes;

/** Those that {@link writeBindingOptions} writes. */
export const BINDING_OPTIONS: readonly OptionName[] = [
  ...(["assignedIpAddress", "bindingStatus", "clientIdentifier", "clientHardwareAddress", "leaseExpirationTime"] as const),
  ...(["potentialExpirationTime", "startTimeOfState", "clientLastTransactionTime", "ipFlags"] as const),
];

/** Options while they are read or made. */
export type OptionsInMaking = { -readonly [N in OptionName]?: Options[N] | undefined };

/** Nothing yet, with a place for each option of a BNDUPD: objects of one shape are made, read and thrown away most quickly. */
export const noBindingOptions = (): OptionsInMaking => ({
  assignedIpAddress: undefined,
  bindingStatus: undefined,
  clientIdentifier: undefined,
  clientHardwareAddress: undefined,
  leaseExpirationTime: undefined,
  potentialExpirationTime: undefined,
  startTimeOfState: undefined,
  clientLastTransactionTime: undefined,
  ipFlags: undefined,
  vendorSpecificOptions: undefined,
  rejectReason: undefined,
});

/**
 * What most BNDUPDs and BNDACKs carry, in dhcpd's order up to IP-flags; a transfer has hundreds of thousands of them. Says the same as the
 * tables do, which have the rest. One that would reach past `end` is left out.
 */
export function writeBindingOptions(options: Options, out: ByteWriter, end: number): void {
  number32(CODES.assignedIpAddress, options.assignedIpAddress, out, end);
  if (options.bindingStatus !== undefined && out.length + 5 <= end) out.u32((CODES.bindingStatus << 16) | 1).u8(options.bindingStatus);
  raw(CODES.clientIdentifier, options.clientIdentifier, out, end);
  raw(CODES.clientHardwareAddress, options.clientHardwareAddress, out, end);
  number32(CODES.leaseExpirationTime, options.leaseExpirationTime, out, end);
  number32(CODES.potentialExpirationTime, options.potentialExpirationTime, out, end);
  number32(CODES.startTimeOfState, options.startTimeOfState, out, end);
  number32(CODES.clientLastTransactionTime, options.clientLastTransactionTime, out, end);
  if (options.ipFlags !== undefined && out.length + 6 <= end) out.u32((CODES.ipFlags << 16) | 2).u16(options.ipFlags);
}

function number32(code: number, value: number | undefined, out: ByteWriter, end: number): void {
  if (value !== undefined && out.length + 8 <= end) out.u32((code << 16) | 4).u32(value);
}
function raw(code: number, value: Uint8Array | undefined, out: ByteWriter, end: number): void {
  if (value !== undefined && out.length + 4 + value.length <= end) out.u32((code << 16) | value.length).bytes(value);
}

/** Reads one of the options that {@link writeBindingOptions} writes; false if it is none of them, is there already or has another size. */
export function readBindingOption(options: OptionsInMaking, code: number, reader: ByteReader, length: number): boolean {
  switch (code) {
    case CODES.assignedIpAddress:
      if (length !== 4 || options.assignedIpAddress !== undefined) return false;
      options.assignedIpAddress = reader.address();
      return true;
    case CODES.bindingStatus:
      if (length !== 1 || options.bindingStatus !== undefined) return false;
      options.bindingStatus = reader.u8();
      return true;
    case CODES.clientIdentifier:
      if (options.clientIdentifier !== undefined) return false;
      options.clientIdentifier = reader.copy(length);
      return true;
    case CODES.clientHardwareAddress:
      if (options.clientHardwareAddress !== undefined) return false;
      options.clientHardwareAddress = reader.copy(length);
      return true;
    case CODES.leaseExpirationTime:
      if (length !== 4 || options.leaseExpirationTime !== undefined) return false;
      options.leaseExpirationTime = reader.u32();
      return true;
    case CODES.potentialExpirationTime:
      if (length !== 4 || options.potentialExpirationTime !== undefined) return false;
      options.potentialExpirationTime = reader.u32();
      return true;
    case CODES.startTimeOfState:
      if (length !== 4 || options.startTimeOfState !== undefined) return false;
      options.startTimeOfState = reader.u32();
      return true;
    case CODES.clientLastTransactionTime:
      if (length !== 4 || options.clientLastTransactionTime !== undefined) return false;
      options.clientLastTransactionTime = reader.u32();
      return true;
    default:
      return false;
  }
}
