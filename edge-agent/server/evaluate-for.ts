import type { HostDeclaration, Pool, Subnet } from "../config/agent-config.ts";
import { evaluateHandlers, evaluateScopes } from "../config/evaluate/scopes.ts";
import type { Evaluation, EvaluationInput, ScopeChain } from "../config/evaluation.ts";
import type { LeaseEvent } from "../config/expression.ts";
import type { Lease } from "../leases/lease.ts";
import type { Ipv4Address } from "../values/ipv4.ts";
import type { Caller } from "./caller.ts";
import { type Membership, MOST_CLASSES, tooManyClasses } from "./classes.ts";
import type { ClientMessage } from "./client-message.ts";
import { emitLogs } from "./configured-logs.ts";
import { type Exchange, say } from "./exchange.ts";

/** Whom and what the statements of the configuration are run for. */
export interface Subject {
  readonly client: ClientMessage | undefined;
  readonly classNames: readonly string[];
  readonly known: boolean;
  readonly lease: Lease | undefined;
  readonly address: Ipv4Address | undefined;
  /** What `lease-time` gives; set once it is known, as options are evaluated when they are needed. */
  leaseSeconds: number | undefined;
  readonly host: HostDeclaration | undefined;
}

/**
 * The scopes of an answer, outermost first: those of the subnet, of the pool, of the classes (the first class last, so that it
 * wins), and of the host; a scope that was met already does not run again.
 */
export function answerChain(
  exchange: Exchange,
  caller: Caller,
  subnet: Subnet,
  pool: Pool | undefined,
  host: HostDeclaration | undefined,
): ScopeChain {
  const { networks } = exchange.state;
  if (caller.classes.length === 0) return host === undefined ? networks.chain(subnet, pool) : networks.extended(subnet, pool, host.scope);
  const chain = withClasses(exchange, networks.chain(subnet, pool), caller.classes);
  return host === undefined ? chain : networks.extend(chain, host.scope);
}

/** `chain`, then the scopes of `classes`, the last of them first. */
export function withClasses(exchange: Exchange, chain: ScopeChain, classes: readonly Membership[]): ScopeChain {
  let longer = chain;
  for (let index = classes.length - 1; index >= 0; index -= 1) longer = exchange.state.networks.extend(longer, classes[index]!.scope);
  return longer;
}

/**
 * Runs the scopes of an answer. Classes that an `add` of the network's or the pool's scopes names count for this very message:
 * their statements run too, as in dhcpd, and `classes` has them.
 */
export function runAnswer(
  exchange: Exchange,
  caller: Caller,
  place: { readonly subnet: Subnet; readonly pool: Pool | undefined },
  subject: Subject,
): { readonly evaluation: Evaluation; readonly classes: readonly Membership[]; readonly subject: Subject } {
  const { subnet, pool } = place;
  const chainOf = (classes: readonly Membership[]): ScopeChain => answerChain(exchange, { ...caller, classes }, subnet, pool, subject.host);
  let evaluation = evaluateScopes(chainOf(caller.classes), inputOf(exchange, subject));
  const added = evaluation.addedClasses.length === 0 ? NOTHING_ADDED : addedBy(exchange, caller, place, subject);
  if (added.length === 0) {
    emit(exchange, evaluation);
    return { evaluation, classes: caller.classes, subject };
  }
  const classes = [...caller.classes, ...added].slice(0, MOST_CLASSES);
  for (let left = caller.classes.length + added.length - classes.length; left > 0; left -= 1)
    say(exchange, tooManyClasses(caller.client.hardwareText));
  const asMember = { ...subject, classNames: classes.map(({ className }) => className) };
  evaluation = evaluateScopes(chainOf(classes), inputOf(exchange, asMember));
  emit(exchange, evaluation);
  return { evaluation, classes, subject: asMember };
}

const NOTHING_ADDED: readonly Membership[] = [];

/** Classes named by `add` outside classes and hosts, that the message is not in already. */
function addedBy(
  exchange: Exchange,
  caller: Caller,
  { subnet, pool }: { readonly subnet: Subnet; readonly pool: Pool | undefined },
  subject: Subject,
): readonly Membership[] {
  const { config, networks } = exchange.state;
  const { addedClasses } = evaluateScopes(networks.chain(subnet, pool), inputOf(exchange, subject));
  const names = new Set(addedClasses);
  for (const { className } of caller.classes) names.delete(className);
  return config.classes
    .filter(({ name }) => names.has(name))
    .map(({ name, scope, leaseLimit }) => ({ className: name, scope, leaseLimit, billing: name }));
}

/** Runs scopes; what their `log` and `execute` statements ask for becomes effects. */
export function runScopes(exchange: Exchange, chain: ScopeChain, subject: Subject): Evaluation {
  const evaluation = evaluateScopes(chain, inputOf(exchange, subject));
  emit(exchange, evaluation);
  return evaluation;
}

/** Runs the bodies of `on EVENT` that `evaluation` met. The variables that it gives are those of the lease afterwards. */
export function runHandlers(exchange: Exchange, evaluation: Evaluation, event: LeaseEvent, subject: Subject): Evaluation {
  const after = evaluateHandlers(evaluation, event, inputOf(exchange, subject));
  emit(exchange, after);
  return after;
}

/** A policy such as `allow-booting`: "ignore" refuses without a word in the log. */
export function policy(evaluation: Evaluation, parameter: string): "allow" | "deny" | "ignore" | undefined {
  const value = evaluation.number(parameter);
  if (value === undefined) return undefined;
  return value === 0 ? "deny" : value === 2 ? "ignore" : "allow";
}

const inputOf = (exchange: Exchange, subject: Subject): EvaluationInput => new SubjectInput(exchange, subject);

/** A class, since a getter in a literal costs a closure for each packet. */
class SubjectInput implements EvaluationInput {
  readonly config: EvaluationInput["config"];
  readonly message: EvaluationInput["message"];
  readonly lease: EvaluationInput["lease"];
  readonly leasedAddress: EvaluationInput["leasedAddress"];
  readonly host: EvaluationInput["host"];
  readonly known: boolean;
  readonly classNames: readonly string[];
  readonly hostName: string;
  readonly at: EvaluationInput["at"];
  readonly #subject: Subject;

  constructor(exchange: Exchange, subject: Subject) {
    this.config = exchange.state.config;
    this.message = subject.client?.message;
    this.lease = subject.lease;
    this.leasedAddress = subject.address;
    this.host = subject.host;
    this.known = subject.known;
    this.classNames = subject.classNames;
    this.hostName = exchange.state.options.hostName;
    this.at = exchange.at;
    this.#subject = subject;
  }

  get leaseSeconds(): number | undefined {
    return this.#subject.leaseSeconds;
  }
}

function emit(exchange: Exchange, evaluation: Evaluation): void {
  emitLogs(exchange, evaluation.logs, 0);
  for (const execution of evaluation.executions) exchange.effects.push({ kind: "execute", ...execution });
}
