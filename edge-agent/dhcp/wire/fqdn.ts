import { bytesToLabels, labelsToBytes } from "./domain-name.ts";

/** Codes of dhcpd's "fqdn" option space, which stands for the parts of option 81. */
export const FQDN = {
  noClientUpdate: 1,
  serverUpdate: 2,
  encoded: 3,
  rcode1: 4,
  rcode2: 5,
  hostname: 6,
  domainname: 7,
  fqdn: 8,
} as const;

const LONGEST_LABEL = 63;
const FLAG_SERVER = 1;
const FLAG_OVERRIDE = 2;
const FLAG_ENCODED = 4;
const DOT = 46;

/**
 * Option 81 as the "fqdn" space shows it (RFC 4702 §2; dhcp-options(5)): flags and rcodes are one byte each, names are text
 * without a final dot. Undefined if it is too short or its labels are malformed; then the option is as if not known.
 */
export function decodeFqdn(bytes: Uint8Array): ReadonlyMap<number, Uint8Array> | undefined {
  if (bytes.length < 3) return undefined;
  const flags = bytes[0]!;
  const parts = new Map<number, Uint8Array>([[FQDN.encoded, flag(flags & FLAG_ENCODED)]]);
  if ((flags & FLAG_ENCODED) !== 0) {
    if (!decodeLabels(bytes.subarray(3), parts)) return undefined;
  } else decodeText(bytes.subarray(3), parts);
  parts.set(FQDN.noClientUpdate, flag(flags & FLAG_OVERRIDE));
  parts.set(FQDN.serverUpdate, flag(flags & FLAG_SERVER));
  parts.set(FQDN.rcode1, bytes.subarray(1, 2));
  parts.set(FQDN.rcode2, bytes.subarray(2, 3));
  return parts;
}

/** What is wrong with the labels of option 81, in dhcpd's words; undefined if nothing is. */
export function fqdnFault(bytes: Uint8Array): string | undefined {
  if (bytes.length < 3 || (bytes[0]! & FLAG_ENCODED) === 0) return undefined;
  for (let at = 3; at < bytes.length; at += 1 + bytes[at]!) {
    if (bytes[at] === 0) return undefined;
    if (bytes[at]! > LONGEST_LABEL) return "label length exceeds 63 in fqdn option";
    if (at + 1 + bytes[at]! > bytes.length) return "fqdn label longer than buffer";
  }
  return undefined;
}

const flag = (bit: number): Uint8Array => Uint8Array.of(bit === 0 ? 0 : 1);

/** Deprecated ASCII encoding; some clients end it with NUL. */
function decodeText(name: Uint8Array, parts: Map<number, Uint8Array>): void {
  const text = name.at(-1) === 0 ? name.subarray(0, -1) : name;
  const dot = text.indexOf(DOT);
  const hostname = dot < 0 ? text : text.subarray(0, dot);
  if (hostname.length > 0) parts.set(FQDN.hostname, hostname);
  if (dot >= 0 && dot + 1 < text.length) parts.set(FQDN.domainname, text.subarray(dot + 1));
  if (text.length > 0) parts.set(FQDN.fqdn, text);
}

/** A name without its root label is partial: all of it is the host name. The domain keeps its leading dot, as dhcpd has it. */
function decodeLabels(name: Uint8Array, parts: Map<number, Uint8Array>): boolean {
  const read = bytesToLabels(name);
  if (read === undefined) return false;
  if (read.labels.length === 0) return true;
  const whole = read.labels.reduce((text, label, index) => (index === 0 ? label : concat(text, label)), new Uint8Array());
  const first = read.terminated ? read.labels[0]! : whole;
  parts.set(FQDN.hostname, first);
  if (first.length < whole.length) parts.set(FQDN.domainname, whole.subarray(first.length));
  parts.set(FQDN.fqdn, whole);
  return true;
}

function concat(left: Uint8Array, right: Uint8Array): Uint8Array {
  const joined = new Uint8Array(left.length + 1 + right.length);
  joined.set(left);
  joined[left.length] = DOT;
  joined.set(right, left.length + 1);
  return joined;
}

/** Option 81 from the values of the "fqdn" space; undefined if the name does not fit into labels. */
export function encodeFqdn(value: (code: number) => Uint8Array | undefined): Uint8Array | undefined {
  const name = value(FQDN.fqdn) ?? new Uint8Array();
  const encoded = isSet(value(FQDN.encoded));
  const wire = name.length === 0 ? name : encoded ? labelsToBytes(name) : name;
  if (wire === undefined) return undefined;
  const option = new Uint8Array(3 + wire.length);
  option[0] =
    (encoded ? FLAG_ENCODED : 0) |
    (isSet(value(FQDN.noClientUpdate)) ? FLAG_OVERRIDE : 0) |
    (isSet(value(FQDN.serverUpdate)) ? FLAG_SERVER : 0);
  option[1] = value(FQDN.rcode1)?.[0] ?? 0;
  option[2] = value(FQDN.rcode2)?.[0] ?? 0;
  option.set(wire, 3);
  return option;
}

const isSet = (value: Uint8Array | undefined): boolean => value !== undefined && value.length > 0 && value[0] !== 0;
