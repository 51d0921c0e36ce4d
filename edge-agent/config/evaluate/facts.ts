import type { DhcpMessage } from "../../dhcp/wire/message.ts";
import { ipv4ToBytes } from "../../values/ipv4.ts";
import type { EvaluationInput } from "../evaluation.ts";
import { untilNul } from "./data-operations.ts";
import { bytesOf } from "./environment.ts";

/** Expressions that only the packet, the lease or the host can answer. */
export type Fact = "hardware" | "filename" | "server-name" | "host-decl-name" | "leased-address" | "gethostname";

/** The value of a {@link Fact}; undefined if there is no packet, host or address to ask. */
export function factOf(fact: Fact, input: EvaluationInput): Uint8Array | undefined {
  const { message, host, leasedAddress } = input;
  switch (fact) {
    case "hardware":
      return message === undefined ? hardwareOfLease(input) : hardwareOf(message);
    case "filename":
      return message === undefined || message.file[0] === 0 ? undefined : untilNul(message.file);
    case "server-name":
      return message === undefined || message.sname[0] === 0 ? undefined : untilNul(message.sname);
    case "host-decl-name":
      return host === undefined ? undefined : bytesOf(host.name);
    case "leased-address":
      return leasedAddress === undefined ? undefined : ipv4ToBytes(leasedAddress);
    case "gethostname":
      return bytesOf(input.hostName);
  }
}

/** What dhcpd logs where a fact is asked for and there is none. */
export const MISSING_FACT: { readonly [fact in Fact]?: string } = {
  "leased-address": 'data: "leased-address" configuration directive: there is no lease associated with this client.',
  "host-decl-name": "data: host_decl_name: not available",
  hardware: "data: hardware: no raw packet or lease is available",
};

/** Hardware type and address, as dhcp-eval(5) `hardware` and host declarations have it. */
export function hardwareOf(message: DhcpMessage): Uint8Array {
  const length = Math.min(message.hlen, message.chaddr.length);
  const value = new Uint8Array(length + 1);
  value[0] = message.htype;
  value.set(message.chaddr.subarray(0, length), 1);
  return value;
}

/** Without a packet, as when a lease expires, the lease tells. */
function hardwareOfLease({ lease }: EvaluationInput): Uint8Array | undefined {
  return lease?.hardware === undefined ? undefined : Uint8Array.of(lease.hardware.htype, ...lease.hardware.bytes);
}

/** `static`: the address is one that a host declaration fixes. */
export const isFixed = (input: EvaluationInput): boolean =>
  input.host !== undefined && input.leasedAddress !== undefined && input.host.addresses.includes(input.leasedAddress);
