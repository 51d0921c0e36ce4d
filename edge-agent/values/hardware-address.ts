/** A client's link-layer address: ARP hardware type (RFC 1700) and up to 16 bytes (RFC 2131 §2). */
export interface HardwareAddress {
  readonly htype: number;
  readonly bytes: Uint8Array;
}

export const ETHERNET = 1;
const INFINIBAND = 32;

/** Does it tell machines apart? Over InfiniBand nobody has one in the message (RFC 4390 §2.1): such clients are known by their identifier alone. */
export const tellsApart = ({ htype, bytes }: HardwareAddress): boolean => bytes.length > 0 || htype !== INFINIBAND;

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

const COLON_AND_HEX = HEX.map((pair) => `:${pair}`);

/** Lower-case hex pairs with `separator` between, as dhcpd prints them: "00:16:3e:01:02:03". */
export function hexPairs(bytes: Uint8Array, separator = ":"): string {
  if (bytes.length === 0) return "";
  let text = HEX[bytes[0]!]!;
  if (separator === ":") for (let index = 1; index < bytes.length; index += 1) text += COLON_AND_HEX[bytes[index]!]!;
  else for (let index = 1; index < bytes.length; index += 1) text += separator + HEX[bytes[index]!];
  return text;
}

/** The address alone, without its type, as log lines show it. */
export const formatHardware = (hardware: HardwareAddress): string => hexPairs(hardware.bytes);

/** Do both name the same interface? The type counts too. */
export function sameHardware(left: HardwareAddress | undefined, right: HardwareAddress | undefined): boolean {
  if (left === undefined || right === undefined) return left === right;
  return left.htype === right.htype && sameBytes(left.bytes, right.bytes);
}

export function sameBytes(left: Uint8Array | undefined, right: Uint8Array | undefined): boolean {
  if (left === undefined || right === undefined) return left === right;
  if (left.length !== right.length) return false;
  for (let index = 0; index < left.length; index += 1) if (left[index] !== right[index]) return false;
  return true;
}
