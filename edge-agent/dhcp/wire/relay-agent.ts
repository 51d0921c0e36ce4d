import { type Ipv4Address, ipv4FromBytes } from "../../values/ipv4.ts";
import { joinBytes } from "./decode.ts";
import { decodeSubOptions, encodeSubOption } from "./sub-options.ts";

/** Sub-options of option 82 that the server looks at. */
export const AGENT = {
  /** RFC 3046 §3.1 */
  circuitId: 1,
  /** RFC 3046 §3.2 */
  remoteId: 2,
  /** RFC 3256 */
  deviceId: 4,
  /** RFC 3527: the network to allocate from, if giaddr does not say it. */
  linkSelection: 5,
  /** RFC 5107: the address the client is to take for the server's. */
  serverIdOverride: 11,
} as const;

const WIDTHS = { codeWidth: 1, lengthWidth: 1 } as const;

/** Sub-options of option 82 (RFC 3046 §2.0) by code; undefined if malformed. */
export const decodeAgentOptions = (bytes: Uint8Array): ReadonlyMap<number, Uint8Array> | undefined => decodeSubOptions(bytes, WIDTHS);

/**
 * Option 82 as it goes back in a reply (RFC 3046 §2.2). As dhcpd does it: nothing if it is malformed, and without pads, empty
 * sub-options and repeats of one; that is almost always the very bytes that came.
 */
export function echoOf(agentOptions: Uint8Array): Uint8Array | undefined {
  const decoded = decodeAgentOptions(agentOptions);
  if (decoded === undefined) return undefined;
  let size = 0;
  let clean = true;
  for (const value of decoded.values()) {
    size += 2 + value.length;
    clean &&= value.length > 0;
  }
  if (clean && size === agentOptions.length) return size === 0 ? undefined : agentOptions;
  const parts: Uint8Array[] = [];
  for (const [code, value] of decoded) {
    const part = value.length === 0 ? undefined : encodeSubOption(code, value, WIDTHS);
    if (part !== undefined) parts.push(part);
  }
  return parts.length === 0 ? undefined : joinBytes(parts);
}

/** Sub-options without those of some codes. */
export function withoutCodes(agentOptions: Uint8Array, codes: ReadonlySet<number>): Uint8Array {
  return written([...(decodeAgentOptions(agentOptions) ?? [])].filter(([code]) => !codes.has(code)));
}

/** Sub-options with those of `other` in place of theirs, and after them what of `other` is new. */
export function withOthers(agentOptions: Uint8Array, other: ReadonlyMap<number, Uint8Array>): Uint8Array {
  return written([...new Map([...(decodeAgentOptions(agentOptions) ?? []), ...other])]);
}

function written(options: readonly (readonly [number, Uint8Array])[]): Uint8Array {
  return joinBytes(options.flatMap(([code, value]) => (value.length === 0 ? [] : (encodeSubOption(code, value, WIDTHS) ?? []))));
}

/** One sub-option that is an address (5 or 11); undefined if it is missing or not 4 bytes. */
export function agentAddress(agentOptions: Uint8Array | undefined, code: number): Ipv4Address | undefined {
  if (agentOptions === undefined) return undefined;
  const value = decodeAgentOptions(agentOptions)?.get(code);
  return value?.length === 4 ? ipv4FromBytes(value) : undefined;
}
