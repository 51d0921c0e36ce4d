import { formatIpv4, type Ipv4Address, ipv4ToBytes } from "../values/ipv4.ts";
import { txtData, type UpdateStyle } from "./dhcid.ts";
import { encodeName } from "./wire/name.ts";
import {
  addRecord,
  DNS_TYPE,
  type DnsUpdate,
  deleteRecord,
  deleteRecords,
  nameInUse,
  nameNotInUse,
  noRecords,
  RCODE,
  rcodeText,
  recordIs,
  recordsExist,
  type UpdateRecord,
} from "./wire/update.ts";

/** What marks the owner of a forward name: the DHCID record of RFC 4701, or the TXT record of the interim style. */
export interface OwnerMark {
  readonly style: UpdateStyle;
  readonly data: Uint8Array;
}

/** One thing to get done in DNS for one address; steps run in order (RFC 4703 §5). */
export type DnsTask =
  | {
      readonly kind: "add-forward";
      readonly name: string;
      readonly ttl: number;
      readonly owner: OwnerMark;
      readonly conflictDetection: boolean;
    }
  | { readonly kind: "add-reverse"; readonly reverseName: string; readonly name: string; readonly ttl: number }
  | { readonly kind: "remove-forward"; readonly name: string; readonly owner: OwnerMark; readonly conflictDetection: boolean }
  | { readonly kind: "remove-reverse"; readonly reverseName: string; readonly clientDidUpdate: boolean };

/** Where a transaction stands; `stage` 2 is the second query of a task that has two. */
export interface DnsTransaction {
  readonly address: Ipv4Address;
  readonly tasks: readonly DnsTask[];
  readonly stage: 1 | 2;
}

/** A query to send: the zone it concerns is the one that holds `name`. */
export interface DnsQuery extends DnsUpdate {
  readonly name: string;
}

/** What the lease remembers of its records, as dhcpd names it in dhcpd.leases(5). */
export interface VariableChange {
  readonly name: string;
  /** undefined: unset. */
  readonly value: Uint8Array | undefined;
}

export interface TransactionStep {
  /** undefined: finished. */
  readonly transaction: DnsTransaction | undefined;
  readonly query: DnsQuery | undefined;
  readonly variables: readonly VariableChange[];
  readonly log: { readonly level: "info" | "error"; readonly text: string } | undefined;
}

/** What came back: a response code, or why there was none. */
export type DnsOutcome = { readonly kind: "rcode"; readonly rcode: number } | { readonly kind: "failed"; readonly reason: string };

const markType = (owner: OwnerMark): number => (owner.style === "standard" ? DNS_TYPE.DHCID : DNS_TYPE.TXT);
const markVariable = (owner: OwnerMark): string => (owner.style === "standard" ? "ddns-dhcid" : "ddns-txt");

/** The query for where the transaction stands; undefined when nothing is left. */
export function currentQuery(transaction: DnsTransaction): DnsQuery | undefined {
  const [task] = transaction.tasks;
  if (task === undefined) return undefined;
  switch (task.kind) {
    case "add-forward":
      return transaction.stage === 1 ? addNewName(task, transaction.address) : replaceOwnName(task, transaction.address);
    case "remove-forward":
      return transaction.stage === 1 ? removeAddress(task, transaction.address) : removeMark(task);
    case "add-reverse":
      return { name: task.reverseName, prerequisites: [], updates: [deleteRecords(task.reverseName, DNS_TYPE.PTR), pointer(task)] };
    case "remove-reverse":
      return { name: task.reverseName, prerequisites: [], updates: [deleteRecords(task.reverseName, DNS_TYPE.PTR)] };
  }
}

type Task<Kind extends DnsTask["kind"]> = Extract<DnsTask, { readonly kind: Kind }>;

/** RFC 4703 §5.3.1: nobody has the name; take it and mark it. */
function addNewName(task: Task<"add-forward">, address: Ipv4Address): DnsQuery {
  const { name, ttl, owner } = task;
  return {
    name,
    prerequisites: [nameNotInUse(name)],
    updates: [addRecord(name, DNS_TYPE.A, ttl, ipv4ToBytes(address)), addRecord(name, markType(owner), ttl, owner.data)],
  };
}

/** §5.3.2: somebody has it; if the mark says it is this client, replace the address. Without conflict detection, replace in any case. */
function replaceOwnName(task: Task<"add-forward">, address: Ipv4Address): DnsQuery {
  const { name, ttl, owner } = task;
  const type = markType(owner);
  const address4 = [deleteRecords(name, DNS_TYPE.A), addRecord(name, DNS_TYPE.A, ttl, ipv4ToBytes(address))];
  if (!task.conflictDetection) {
    return { name, prerequisites: [], updates: [deleteRecords(name, type), addRecord(name, type, ttl, owner.data), ...address4] };
  }
  return { name, prerequisites: [nameInUse(name), recordIs(name, type, owner.data)], updates: address4 };
}

/** §5.5: take our address away, if the mark is this client's. */
function removeAddress(task: Task<"remove-forward">, address: Ipv4Address): DnsQuery {
  const { name, owner } = task;
  const type = markType(owner);
  const guard: UpdateRecord = task.conflictDetection ? recordIs(name, type, owner.data) : recordsExist(name, type);
  return { name, prerequisites: [guard], updates: [deleteRecord(name, DNS_TYPE.A, ipv4ToBytes(address))] };
}

/** §5.5: no address is left at the name; take the mark away too. */
function removeMark(task: Task<"remove-forward">): DnsQuery {
  const { name, owner } = task;
  return {
    name,
    prerequisites: [noRecords(name, DNS_TYPE.A), noRecords(name, DNS_TYPE.AAAA)],
    updates: [deleteRecord(name, markType(owner), owner.data)],
  };
}

function pointer(task: Task<"add-reverse">): UpdateRecord {
  const target = encodeName(task.name);
  return addRecord(task.reverseName, DNS_TYPE.PTR, task.ttl, target.ok ? target.value : new Uint8Array([0]));
}

/** Takes an answer: goes on, or ends the transaction with the reason in dhcpd's words. */
export function onAnswer(transaction: DnsTransaction, outcome: DnsOutcome): TransactionStep {
  const [task] = transaction.tasks;
  if (task === undefined) return { transaction: undefined, query: undefined, variables: [], log: undefined };
  switch (task.kind) {
    case "add-forward":
      return afterAddForward(transaction, task, outcome);
    case "add-reverse":
      return afterAddReverse(transaction, task, outcome);
    case "remove-forward":
      return afterRemoveForward(transaction, task, outcome);
    case "remove-reverse":
      return afterRemoveReverse(transaction, task, outcome);
  }
}

const isRcode = (outcome: DnsOutcome, ...codes: readonly number[]): boolean => outcome.kind === "rcode" && codes.includes(outcome.rcode);
const reasonOf = (outcome: DnsOutcome): string => (outcome.kind === "rcode" ? rcodeText(outcome.rcode) : outcome.reason);
const ascii = (text: string): Uint8Array => Uint8Array.from(text, (each) => each.charCodeAt(0) & 255);

function afterAddForward(transaction: DnsTransaction, task: Task<"add-forward">, outcome: DnsOutcome): TransactionStep {
  const { name, owner } = task;
  const address = formatIpv4(transaction.address);
  if (isRcode(outcome, RCODE.noError)) {
    const variables = [
      { name: "ddns-fwd-name", value: ascii(name) },
      { name: markVariable(owner), value: owner.style === "standard" ? owner.data : owner.data.subarray(1) },
    ];
    return next(transaction, variables, { level: "info", text: `Added new forward map from ${name} to ${address}` });
  }
  if (transaction.stage === 1) {
    if (isRcode(outcome, RCODE.yxDomain)) return goOn({ ...transaction, stage: 2 });
    return end({ level: "error", text: `Unable to add forward map from ${name} to ${address}: ${reasonOf(outcome)}` });
  }
  const why = isRcode(outcome, RCODE.yxRrset, RCODE.yxDomain)
    ? "DHCID mismatch, belongs to another client."
    : isRcode(outcome, RCODE.nxRrset, RCODE.nxDomain)
      ? "Has an address record but no DHCID, not mine."
      : reasonOf(outcome);
  return end({ level: "error", text: `Forward map from ${name} to ${address} FAILED: ${why}` });
}

function afterAddReverse(transaction: DnsTransaction, task: Task<"add-reverse">, outcome: DnsOutcome): TransactionStep {
  const { reverseName, name } = task;
  if (!isRcode(outcome, RCODE.noError)) {
    return end({ level: "error", text: `Unable to add reverse map from ${reverseName} to ${name}: ${reasonOf(outcome)}` });
  }
  return next(transaction, [{ name: "ddns-rev-name", value: ascii(reverseName) }], {
    level: "info",
    text: `Added reverse map from ${reverseName} to ${name}`,
  });
}

function afterRemoveForward(transaction: DnsTransaction, task: Task<"remove-forward">, outcome: DnsOutcome): TransactionStep {
  const { name, owner } = task;
  const address = formatIpv4(transaction.address);
  const forget = [
    { name: "ddns-fwd-name", value: undefined },
    { name: markVariable(owner), value: undefined },
  ];
  if (transaction.stage === 1) {
    if (isRcode(outcome, RCODE.noError)) {
      return goOn({ ...transaction, stage: 2 }, { level: "info", text: `Removed forward map from ${name} to ${address}` });
    }
    if (isRcode(outcome, RCODE.nxRrset, RCODE.nxDomain)) return next(transaction, forget, undefined);
    return next(transaction, [], { level: "error", text: `Unable to remove forward map from ${name} to ${address}: ${reasonOf(outcome)}` });
  }
  // YXRRSET: another address is left at the name, so its mark stays
  const gone = isRcode(outcome, RCODE.noError, RCODE.yxRrset, RCODE.nxRrset, RCODE.nxDomain);
  return next(transaction, gone ? forget : [], undefined);
}

function afterRemoveReverse(transaction: DnsTransaction, task: Task<"remove-reverse">, outcome: DnsOutcome): TransactionStep {
  const gone = isRcode(outcome, RCODE.noError, RCODE.nxRrset, RCODE.nxDomain);
  if (!gone) return end({ level: "error", text: `Can't remove reverse map on ${task.reverseName}: ${reasonOf(outcome)}` });
  const forget: VariableChange[] = [{ name: "ddns-rev-name", value: undefined }];
  if (task.clientDidUpdate) forget.push({ name: "ddns-client-fqdn", value: undefined });
  return next(
    transaction,
    forget,
    isRcode(outcome, RCODE.noError) ? { level: "info", text: `Removed reverse map on ${task.reverseName}` } : undefined,
  );
}

function goOn(transaction: DnsTransaction, log?: TransactionStep["log"]): TransactionStep {
  return { transaction, query: currentQuery(transaction), variables: [], log };
}

function next(transaction: DnsTransaction, variables: readonly VariableChange[], log: TransactionStep["log"]): TransactionStep {
  const following: DnsTransaction = { ...transaction, tasks: transaction.tasks.slice(1), stage: 1 };
  const query = currentQuery(following);
  return { transaction: query === undefined ? undefined : following, query, variables, log };
}

const end = (log: TransactionStep["log"]): TransactionStep => ({ transaction: undefined, query: undefined, variables: [], log });

/** The mark kept in a lease's variables, as the record's data again. */
export function markFromVariables(variables: ReadonlyMap<string, Uint8Array>): OwnerMark | undefined {
  const dhcid = variables.get("ddns-dhcid");
  if (dhcid !== undefined) return { style: "standard", data: dhcid };
  const text = variables.get("ddns-txt");
  return text === undefined ? undefined : { style: "interim", data: txtData(String.fromCharCode(...text)) };
}
