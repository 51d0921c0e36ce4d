import type { AgentConfig } from "../config/agent-config.ts";
import type { Evaluation } from "../config/evaluation.ts";
import type { LeaseEvent, Statement } from "../config/expression.ts";
import { printStatements } from "../config/print-statements.ts";
import type { Lease, LeaseEndings } from "../leases/lease.ts";

/** How deep dhcpd indents these statements in its lease file. */
const INDENT = 4;
/** Texts whose statements are kept; there are seldom more than a handful. */
const MAX_TEXTS = 1000;

/**
 * `on release` and `on expiry`: written down with a lease when it is granted, and read again when it ends. A cache of both ways
 * for one configuration.
 */
export class Endings {
  readonly #config: AgentConfig;
  readonly #texts = new WeakMap<readonly Statement[], string>();
  readonly #bodies = new Map<string, readonly Statement[]>();

  constructor(config: AgentConfig) {
    this.#config = config;
  }

  /** What a lease is to run when it ends. As in dhcpd, what was met before stays until the lease ends or another is met. */
  met(handlers: Evaluation["handlers"], before: Lease | undefined): LeaseEndings | undefined {
    const held = before?.status === "ACTIVE" ? before.endings : undefined;
    if (handlers.length === 0) return held;
    const release = this.#textFor(handlers, "release") ?? held?.release ?? "";
    const expiry = this.#textFor(handlers, "expiry") ?? held?.expiry ?? "";
    return release === "" && expiry === "" ? undefined : { release, expiry };
  }

  /** The statements of `event`; none if they no longer fit the configuration. */
  statements(lease: Lease, event: "release" | "expiry"): readonly Statement[] {
    const text = lease.endings?.[event] ?? "";
    if (text === "") return [];
    return this.#bodies.get(text) ?? this.#remember(text, this.#config.readStatements(text) ?? []);
  }

  #textFor(handlers: Evaluation["handlers"], event: LeaseEvent): string | undefined {
    const body = handlers.find(({ events }) => events.includes(event))?.body;
    if (body === undefined) return undefined;
    let text = this.#texts.get(body);
    if (text === undefined) {
      text = printStatements(body, INDENT);
      this.#texts.set(body, text);
      this.#remember(text, body);
    }
    return text;
  }

  #remember(text: string, body: readonly Statement[]): readonly Statement[] {
    if (this.#bodies.size >= MAX_TEXTS) this.#bodies.clear();
    this.#bodies.set(text, body);
    return body;
  }
}
