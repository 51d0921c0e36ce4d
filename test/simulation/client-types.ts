import type { DhcpMessage } from "../../edge-agent/dhcp/wire/message.ts";
import type { Ipv4Address } from "../../edge-agent/values/ipv4.ts";
import type { Net } from "./lan.ts";

/** What a client believes to have; times in true milliseconds. */
export interface Holding {
  readonly address: Ipv4Address;
  readonly server: Ipv4Address;
  /** When the request left that the lease counts from (RFC 2131 §4.4.1). */
  readonly since: number;
  readonly until: number;
}

/** What a client needs of the world it lives in, simulated or real. */
export interface ClientWorld {
  /** True time in milliseconds, and what is to happen. */
  readonly agenda: { readonly now: number; after(millis: number, task: () => void): void };
  trace(who: string, text: string): void;
}

/** The network that carries its messages; one of kind `once` may get lost, but is neither repeated nor late. */
export interface ClientNet {
  toServers(net: Net, bytes: Uint8Array, kind: "plain" | "once"): void;
  toServer(server: Ipv4Address, source: Ipv4Address, bytes: Uint8Array, kind: "plain" | "once"): void;
}

export interface ClientOptions {
  readonly number: number;
  readonly sendsClientId: boolean;
  readonly asksSeconds: number | undefined;
  readonly broadcasts: boolean;
  /** Mean seconds between whims; 0 for none. */
  readonly whims: number;
  /** Stays on the network where it begins, the near one. */
  readonly settled?: boolean;
  /** Its pauses are this many times as long as in the simulation, where leases last hours. */
  readonly pace?: number;
}

/** What a client reads of a server's message. */
export type Answer = Pick<DhcpMessage, "xid" | "yiaddr" | "options">;
