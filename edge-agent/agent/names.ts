import { planRemoval } from "../ddns/plan.ts";
import { currentQuery, type DnsQuery, type DnsTask, type DnsTransaction, onAnswer, type VariableChange } from "../ddns/transaction.ts";
import type { Lease } from "../leases/lease.ts";
import { clientName } from "../ledger/binding-event.ts";
import { type Exchange, leaseAt, say } from "../server/exchange.ts";
import { sameBytes, sameHardware } from "../values/hardware-address.ts";
import type { Ipv4Address } from "../values/ipv4.ts";
import type { DnsEffect, DnsEvent } from "./service-events.ts";

/** Transactions under way at once; with DNS out of reach for long, the oldest are given up. */
const TRANSACTIONS = 20_000;

interface Work {
  readonly transaction: DnsTransaction;
  /** Whose records they are; variables of another client's lease are left alone. Undefined: there is no lease to keep them in. */
  readonly client: string | undefined;
}

/** DNS work under way, one transaction an address. Owned by the agent's state and used by one step at a time. */
export class NamesAtWork {
  readonly #byId = new Map<number, Work>();
  readonly #byAddress = new Map<Ipv4Address, number>();
  readonly #outgoing: DnsEffect[] = [];
  #nextId = 1;

  /** Starts tasks for an address; after the one under way for it, in place of what else was still to be done. */
  start(address: Ipv4Address, client: string | undefined, tasks: readonly DnsTask[]): void {
    if (tasks.length === 0) return;
    const runningId = this.#byAddress.get(address);
    const running = runningId === undefined ? undefined : this.#byId.get(runningId);
    if (runningId !== undefined && running !== undefined) {
      const [current] = running.transaction.tasks;
      const pending = current === undefined ? [] : [current];
      this.#byId.set(runningId, { transaction: { ...running.transaction, tasks: [...pending, ...tasks] }, client });
      return;
    }
    const transaction: DnsTransaction = { address, tasks, stage: 1 };
    const query = currentQuery(transaction);
    if (query !== undefined) this.send({ transaction, client }, query);
  }

  /** Starts the removal of a lease's records, those that the query under way is about to add among them. */
  end(address: Ipv4Address, client: string, tasks: readonly DnsTask[]): void {
    const runningId = this.#byAddress.get(address);
    const [current] = (runningId === undefined ? undefined : this.#byId.get(runningId))?.transaction.tasks ?? [];
    const undone = current === undefined ? undefined : inverseOf(current);
    const isPlanned = undone === undefined || tasks.some(({ kind }) => kind === undone.kind);
    this.start(address, client, isPlanned ? tasks : [undone, ...tasks]);
  }

  take(id: number): Work | undefined {
    const work = this.#byId.get(id);
    if (work === undefined) return undefined;
    this.#byId.delete(id);
    this.#byAddress.delete(work.transaction.address);
    return work;
  }

  send(work: Work, query: DnsQuery): void {
    if (this.#byId.size >= TRANSACTIONS) {
      const [oldest] = this.#byId.keys();
      if (oldest !== undefined) this.take(oldest);
    }
    const id = this.#nextId;
    this.#nextId += 1;
    this.#byId.set(id, work);
    this.#byAddress.set(work.transaction.address, id);
    this.#outgoing.push({ kind: "dns-query", id, query });
  }

  /** Queries to send since the last call. */
  drain(): readonly DnsEffect[] {
    return this.#outgoing.length === 0 ? NONE : this.#outgoing.splice(0);
  }
}

const NONE: readonly DnsEffect[] = [];

/** What takes away again what `task` adds. */
function inverseOf(task: DnsTask): DnsTask | undefined {
  if (task.kind === "add-forward") {
    return { kind: "remove-forward", name: task.name, owner: task.owner, conflictDetection: task.conflictDetection };
  }
  return task.kind === "add-reverse" ? { kind: "remove-reverse", reverseName: task.reverseName, clientDidUpdate: false } : undefined;
}

/** As their {@link clientName}s say, which are made only where identities are not the same bytes. */
const hasSameHolder = (before: Lease, after: Lease): boolean =>
  (sameBytes(before.clientId, after.clientId) && sameHardware(before.hardware, after.hardware)) || clientName(before) === clientName(after);

/** DNS work that this step's grants and ended leases call for. */
export function followNames(names: NamesAtWork, exchange: Exchange): void {
  for (const { before, after } of exchange.changes) {
    if (before?.status !== "ACTIVE") continue;
    if (after.status === "ACTIVE" && hasSameHolder(before, after)) continue;
    names.end(before.address, clientName(before), planRemoval(before, true));
  }
  for (const { address, lease, plan } of exchange.names) {
    names.start(address, lease === undefined ? undefined : clientName(lease), plan.tasks);
  }
}

/** Takes an answer of DNS: keeps in the lease what is in DNS for it, and goes on with the next query. */
export function onDnsAnswer(names: NamesAtWork, event: DnsEvent, exchange: Exchange): void {
  const work = names.take(event.id);
  if (work === undefined) return;
  const step = onAnswer(work.transaction, event.outcome);
  if (step.log !== undefined) say(exchange, step.log.text);
  const lease = leaseAt(exchange, work.transaction.address);
  const isHolders = lease !== undefined && work.client !== undefined && clientName(lease) === work.client;
  if (isHolders && step.variables.length > 0) exchange.writes.push({ kind: "lease", lease: withVariables(lease, step.variables) });
  if (step.transaction !== undefined && step.query !== undefined) names.send({ ...work, transaction: step.transaction }, step.query);
}

function withVariables(lease: Lease, changes: readonly VariableChange[]): Lease {
  const variables = new Map(lease.variables);
  for (const { name, value } of changes) {
    if (value === undefined) variables.delete(name);
    else variables.set(name, value);
  }
  return { ...lease, variables };
}
