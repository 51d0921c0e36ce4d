import { agentClear } from "../../../cloud/handlers/agent-clear.ts";
import { agentPartnerDown } from "../../../cloud/handlers/agent-partner-down.ts";
import { agentWord } from "../../../cloud/handlers/agent-word.ts";
import type { LedgerEffect } from "../../../edge-agent/agent/service-events.ts";
import type { LedgerAnswer, LedgerCall } from "../../../edge-agent/ledger/calls.ts";
import { type ControlAnswer, type ControlOp, ledgerClient } from "../../../edge-agent/rim/ledger-client.ts";
import { monotonicMillis } from "../../../edge-agent/values/time.ts";
import type { Agenda } from "../agenda.ts";
import type { Machine, Process } from "../machine.ts";
import { type Cloud, SITE } from "./cloud.ts";
import { type Carry, serverOf } from "./names.ts";
import { Throttled, type Wan } from "./wan.ts";

/** The daemon's patience with a call, with one attempt of the SDK's, and with the control plane; milliseconds. */
const CALL_MILLIS = 10_000;
const ATTEMPT_MILLIS = 4_000;
const ATTEMPTS = 2;

/** One process's way to the ledger: the production client over the simulated WAN. */
export class LedgerPort {
  readonly #agenda: Agenda;
  readonly #machine: Machine;
  readonly #process: Process;
  readonly #client: (call: LedgerCall) => Promise<LedgerAnswer>;
  readonly #cloud: Cloud;
  readonly #wan: Wan;
  readonly #awake: (task: () => void) => void;
  #requests = 0;

  constructor(agenda: Agenda, cloud: Cloud, wan: Wan, machine: Machine, process: Process) {
    this.#agenda = agenda;
    this.#cloud = cloud;
    this.#wan = wan;
    this.#machine = machine;
    this.#process = process;
    this.#awake = (task) => process.whenAlive(task);
    const carry: Carry = (run) => wan.carry(run, { attempts: ATTEMPTS, patience: ATTEMPT_MILLIS, awake: this.#awake });
    this.#client = ledgerClient(cloud.ledger(carry), {
      site: SITE,
      server: serverOf(machine),
      keepMillis: 0,
      version: "simulated",
      wallMillis: () => Math.floor(machine.wallMillis()),
      monotonic: () => this.#monotonic(),
      askControlPlane: (op, epoch, reason) => this.#ask(op, epoch, reason),
    });
  }

  perform({ relationship, call }: LedgerEffect): void {
    const begunAt = this.#monotonic();
    let over = false;
    const give = (answer: LedgerAnswer): void => {
      if (over) return;
      over = true;
      this.#process.take({ kind: "ledger-answer", relationship, answer });
    };
    this.#agenda.after(CALL_MILLIS, () =>
      this.#awake(() => {
        const result = { outcome: "unanswered", reason: "no answer within 10 s" } as const;
        give({ op: call.op, begunAt, endedAt: this.#monotonic(), result } as LedgerAnswer);
      }),
    );
    this.#agenda.stirred();
    this.#client(call).then(give, (error: unknown) => this.#agenda.fail(error));
  }

  #monotonic() {
    return monotonicMillis(this.#machine.bootMillis());
  }

  /** A request to the control plane, as the agent's client signs and sends it: one attempt. */
  async #ask(op: ControlOp, epoch: number, reason: string | undefined, actedAt?: number): Promise<ControlAnswer> {
    this.#requests += 1;
    const server = serverOf(this.#machine);
    const key = `${this.#machine.name}-${this.#agenda.now}-${this.#requests}`;
    const caller = { kind: "agent", who: server, session: server } as const;
    const params = { site: SITE, server };
    const word = { operator: "console", reason: reason ?? "", actedAt: new Date(actedAt ?? 0).toISOString() };
    const attested = reason === undefined ? {} : { attested: { operator: "console", reason } };
    const outcome = await this.#wan.carry(
      () => {
        if (op === "ask-clear") return this.#cloud.handle(agentClear, { params, body: { expectedEpoch: epoch } }, caller, key);
        if (op === "tell-word") return this.#cloud.handle(agentWord, { params, body: word }, caller, `${server}-${actedAt}`);
        return this.#cloud.handle(agentPartnerDown, { params, body: { expectedEpoch: epoch, ...attested } }, caller, key);
      },
      { attempts: 1, patience: CALL_MILLIS, awake: this.#awake },
    );
    if (outcome.kind === "reply") return { outcome: "done" };
    if (outcome.code === "LEDGER_BUSY") throw new Throttled(outcome.detail);
    return { outcome: "refused", code: outcome.code, detail: outcome.detail };
  }
}
