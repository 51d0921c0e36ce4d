import type { DhcpMessage } from "../dhcp/wire/message.ts";
import type { Lease } from "../leases/lease.ts";
import type { Ipv4Address } from "../values/ipv4.ts";
import type { Instant } from "../values/time.ts";
import type { AgentConfig, HostDeclaration, Scope } from "./agent-config.ts";
import type { LeaseEvent, Statement } from "./expression.ts";

/** What statements and expressions may look at. */
export interface EvaluationInput {
  readonly config: AgentConfig;
  readonly message: DhcpMessage | undefined;
  /** The lease the answer is about, as it was before this message. */
  readonly lease: Lease | undefined;
  /** The address that is going to the client (leased-address). */
  readonly leasedAddress: Ipv4Address | undefined;
  /** The seconds being granted (lease-time), once known. */
  readonly leaseSeconds: number | undefined;
  readonly host: HostDeclaration | undefined;
  /** Does a host declaration name this client? (`known`, permits) */
  readonly known: boolean;
  readonly classNames: readonly string[];
  /** Name of this machine (gethostname). */
  readonly hostName: string;
  readonly at: Instant;
}

/** What is looked at where no client has anything to do with it. */
export const NO_CLIENT = {
  message: undefined,
  lease: undefined,
  leasedAddress: undefined,
  leaseSeconds: undefined,
  host: undefined,
  known: false,
  classNames: [],
} as const satisfies Partial<EvaluationInput>;

/** What running a chain of scopes gave. Option values are encoded as they go on the wire. */
export interface Evaluation {
  /** Encoded value of an option; encapsulated spaces are joined in by the reply's builder. */
  option(space: string, code: number): Uint8Array | undefined;
  /** Codes that have a value, in `space`, ascending. */
  codes(space: string): readonly number[];
  readonly spaces: readonly string[];
  readonly vendorOptionSpace: string | undefined;
  readonly siteOptionSpace: string | undefined;
  /** A numeric parameter such as "default-lease-time". */
  number(parameter: string): number | undefined;
  flag(parameter: string): boolean | undefined;
  bytes(parameter: string): Uint8Array | undefined;
  /** Lines that `log` statements asked for, in order. */
  readonly logs: readonly { readonly priority: "fatal" | "error" | "info" | "debug"; readonly text: string }[];
  /** The lease's variables after `set` and `unset`. */
  readonly variables: ReadonlyMap<string, Uint8Array>;
  /** Bodies of `on EVENT { … }` statements met, for when that event comes. */
  readonly handlers: readonly { readonly events: readonly LeaseEvent[]; readonly body: readonly Statement[] }[];
  readonly executions: readonly { readonly command: string; readonly arguments: readonly string[] }[];
  readonly addedClasses: readonly string[];
}

/** Scopes to run, outermost first. */
export type ScopeChain = readonly Scope[];
