import type { HardwareAddress } from "../values/hardware-address.ts";
import { hexPairs } from "../values/hardware-address.ts";
import { ok, type Result } from "../values/result.ts";
import { canonicalName, encodeName } from "./wire/name.ts";

/** Digests, computed by the rim: a pure function of its input all the same. */
export type Digest = (algorithm: "md5" | "sha256", data: Uint8Array) => Uint8Array;

/** `ddns-update-style`: which record marks whose a name is. */
export type UpdateStyle = "standard" | "interim";

export interface ClientIdentity {
  readonly clientId: Uint8Array | undefined;
  readonly hardware: HardwareAddress | undefined;
}

/** The DHCP option whose number stands in interim identifiers for "made from the client identifier". */
const CLIENT_IDENTIFIER_OPTION = 61;
const SHA256_DIGEST_TYPE = 1;

/** RDATA of the DHCID record for a client that owns `fqdn` (RFC 4701 §3); undefined without any identity. */
export function standardDhcid(client: ClientIdentity, fqdn: string, digest: Digest): Result<Uint8Array | undefined, string> {
  const name = encodeName(fqdn);
  if (!name.ok) return name;
  const identity = standardIdentity(client);
  if (identity === undefined) return ok(undefined);
  const hash = digest("sha256", concat(identity.data, canonicalName(name.value)));
  return ok(concat(Uint8Array.of(identity.type >> 8, identity.type & 255, SHA256_DIGEST_TYPE), hash));
}

/** §3.3: 2 = DUID of an RFC 4361 client identifier, 1 = any other client identifier, 0 = hardware type and address. */
function standardIdentity(client: ClientIdentity): { readonly type: number; readonly data: Uint8Array } | undefined {
  const { clientId, hardware } = client;
  if (clientId !== undefined && clientId.length > 0) {
    if (clientId[0] !== 255) return { type: 1, data: clientId };
    return clientId.length < 5 ? undefined : { type: 2, data: clientId.subarray(5) };
  }
  return hardware === undefined ? undefined : { type: 0, data: concat(Uint8Array.of(hardware.htype), hardware.bytes) };
}

/**
 * Text of the TXT record of the interim style: two characters for the kind of identity, then MD5 in hex. The second
 * character comes of a division by 15, not 16; so it is in every zone that dhcpd ever wrote.
 */
export function interimText(client: ClientIdentity, digest: Digest): string | undefined {
  const { clientId, hardware } = client;
  const fromClientId = clientId !== undefined && clientId.length > 0;
  if (!fromClientId && hardware === undefined) return undefined;
  const type = fromClientId ? CLIENT_IDENTIFIER_OPTION : 0;
  const data = fromClientId ? clientId : concat(Uint8Array.of(hardware?.htype ?? 0), hardware?.bytes ?? new Uint8Array(0));
  const kind = "0123456789abcdef".charAt((type >> 4) & 15) + "0123456789abcdef".charAt(type % 15);
  return kind + hexPairs(digest("md5", data), "");
}

/** A TXT record's RDATA holding one string. */
export const txtData = (text: string): Uint8Array =>
  Uint8Array.from([text.length, ...Array.from(text, (each) => each.charCodeAt(0) & 255)]);

function concat(left: Uint8Array, right: Uint8Array): Uint8Array {
  const joined = new Uint8Array(left.length + right.length);
  joined.set(left);
  joined.set(right, left.length);
  return joined;
}
