import type { HostDeclaration } from "../config/agent-config.ts";
import type { Evaluation } from "../config/evaluation.ts";
import type { Caller } from "./caller.ts";
import type { Subject } from "./evaluate-for.ts";
import type { Exchange } from "./exchange.ts";
import type { Candidate } from "./find-lease.ts";

/** An address about to be given to a client, with what the configuration says of it. */
export interface Grant {
  /** The name that the lease has already, where the client is told of it unaltered and sent none. */
  readonly keptName?: string | undefined;
  readonly exchange: Exchange;
  readonly caller: Caller;
  readonly candidate: Candidate;
  readonly kind: "offer" | "ack" | "bootp";
  /** The log line of the client's message. */
  readonly text: string;
  readonly host: HostDeclaration | undefined;
  readonly subject: Subject;
  readonly evaluation: Evaluation;
  /** Option 61, unless the configuration has it ignored. */
  readonly clientId: Uint8Array | undefined;
  readonly sameClient: boolean;
}
