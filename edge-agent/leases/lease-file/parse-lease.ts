import type { HardwareAddress } from "../../values/hardware-address.ts";
import { type Ipv4Address, parseIpv4 } from "../../values/ipv4.ts";
import { type EpochSeconds, NO_TIME } from "../../values/time.ts";
import type { BindingStatus } from "../binding-status.ts";
import type { FailoverTimes, Lease, LeaseEndings } from "../lease.ts";
import { readDate, wholeNumber } from "./dates.ts";
import { AGENT_OPTIONS, agentOptionCode, bytesOf, hardwareType, statusNamed } from "./names.ts";
import type { Tokens } from "./tokens.ts";

const TIMES = new Set(["starts", "ends", "tstp", "tsfp", "atsfp", "cltt"]);
/** Statements of older servers and other tools that say nothing we keep. */
const IGNORED = new Set(["timestamp", "hostname", "unset", "class", "ddns-fwd-name", "ddns-rev-name", "ddns-txt", "option"]);

const NO_VARIABLES: ReadonlyMap<string, Uint8Array> = new Map();

/** What the statements of a block have said so far. */
interface Draft {
  readonly times: Map<string, EpochSeconds>;
  status: BindingStatus | undefined;
  next: BindingStatus | undefined;
  rewind: BindingStatus | undefined;
  clientId: Uint8Array | undefined;
  hardware: HardwareAddress | undefined;
  hostname: string | undefined;
  agentOptions: number[];
  reserved: boolean;
  bootp: boolean;
  readonly variables: Map<string, Uint8Array>;
  billingClass: string | undefined;
  endings: LeaseEndings | undefined;
}

/** `ADDRESS { … }` after the word "lease". Throws BadStatement with the block still open at its depth. */
export function parseLease(tokens: Tokens, entered: () => void): Lease {
  const address = parseIpv4(tokens.value("an address"));
  if (!address.ok) throw tokens.bad(address.error);
  tokens.expect("{");
  entered();
  const draft: Draft = {
    times: new Map(),
    status: undefined,
    next: undefined,
    rewind: undefined,
    clientId: undefined,
    hardware: undefined,
    hostname: undefined,
    agentOptions: [],
    reserved: false,
    bootp: false,
    variables: new Map(),
    billingClass: undefined,
    endings: undefined,
  };
  while (tokens.kind !== "}") parseStatement(tokens, draft);
  tokens.next();
  return leaseOf(address.value, draft);
}

function parseStatement(tokens: Tokens, draft: Draft): void {
  if (tokens.kind !== "word") throw tokens.bad("expecting a lease statement");
  const word = tokens.text.toLowerCase();
  if (IGNORED.has(word) && !(word === "option" && isAgentOption(tokens))) {
    if (word !== "option") tokens.next();
    tokens.skipStatement();
    return;
  }
  if (word !== "option") tokens.next();
  if (word === "on") {
    draft.endings = readEnding(tokens, draft.endings);
    return;
  }
  if (TIMES.has(word)) draft.times.set(word, readDate(tokens));
  else if (!parseState(tokens, draft, word)) parseIdentity(tokens, draft, word);
  tokens.expect(";");
}

/** Moves to the option's name; is it of the agent space? */
function isAgentOption(tokens: Tokens): boolean {
  tokens.next();
  return tokens.text.toLowerCase().startsWith("agent.");
}

function parseState(tokens: Tokens, draft: Draft, word: string): boolean {
  switch (word) {
    case "binding":
      draft.status = readStatus(tokens);
      return true;
    case "next":
    case "rewind":
      if (!tokens.accept("binding")) throw tokens.bad("expecting binding");
      draft[word] = readStatus(tokens);
      return true;
    case "abandoned":
      draft.status = "ABANDONED";
      return true;
    case "reserved":
      draft.reserved = true;
      return true;
    case "bootp":
    case "dynamic-bootp":
      draft.bootp = true;
      return true;
    default:
      return false;
  }
}

function readStatus(tokens: Tokens): BindingStatus {
  if (!tokens.accept("state")) throw tokens.bad("expecting state");
  const status = statusNamed(tokens.text);
  if (status === undefined) throw tokens.bad("expecting a binding state");
  tokens.next();
  return status;
}

function parseIdentity(tokens: Tokens, draft: Draft, word: string): void {
  switch (word) {
    case "hardware":
      draft.hardware = readHardware(tokens);
      return;
    case "uid":
      draft.clientId = readData(tokens);
      return;
    case "client-hostname":
      draft.hostname = tokens.value("a host name");
      return;
    case "set":
      readVariable(tokens, draft.variables);
      return;
    case "option":
      readAgentOption(tokens, draft.agentOptions);
      return;
    case "billing":
      draft.billingClass = readBilling(tokens);
      return;
    default:
      throw tokens.bad(`unknown lease statement ${word}`);
  }
}

function readHardware(tokens: Tokens): HardwareAddress {
  const htype = hardwareType(tokens.text);
  if (htype === undefined) throw tokens.bad("expecting a hardware type");
  tokens.next();
  return { htype, bytes: tokens.kind === "word" ? readData(tokens).slice(0, 16) : new Uint8Array(0) };
}

/** A quoted string, or hexadecimal bytes with colons between. Throws BadStatement. */
export function readData(tokens: Tokens): Uint8Array {
  if (tokens.kind === "string") return bytesOf(tokens.value("data"));
  if (tokens.kind !== "word" || !/^[0-9a-fA-F]{1,2}(:[0-9a-fA-F]{1,2})*$/.test(tokens.text))
    throw tokens.bad("expecting a string or hexadecimal bytes");
  return Uint8Array.from(tokens.value("data").split(":"), (pair) => Number.parseInt(pair, 16));
}

/** Numbers become four bytes, truth values one. */
function readVariable(tokens: Tokens, variables: Map<string, Uint8Array>): void {
  const name = tokens.value("a variable's name");
  tokens.expect("=");
  if (tokens.kind === "word" && /^%-?\d+$/.test(tokens.text)) {
    const number = Number(tokens.text.slice(1));
    variables.set(name, Uint8Array.of(number >>> 24, (number >>> 16) & 255, (number >>> 8) & 255, number & 255));
    tokens.next();
  } else if (tokens.accept("true")) variables.set(name, Uint8Array.of(1));
  else if (tokens.accept("false")) variables.set(name, Uint8Array.of(0));
  else variables.set(name, readData(tokens));
}

function readAgentOption(tokens: Tokens, options: number[]): void {
  const code = agentOptionCode(tokens.text.slice("agent.".length));
  if (code === undefined) throw tokens.bad("unknown agent option");
  tokens.next();
  const form = AGENT_OPTIONS.get(code)?.form ?? "text";
  let value: Uint8Array;
  if (form === "address" && tokens.kind === "word" && tokens.text.includes(".")) {
    const address = parseIpv4(tokens.value("an address"));
    if (!address.ok) throw tokens.bad(address.error);
    value = Uint8Array.of(address.value >>> 24, (address.value >>> 16) & 255, (address.value >>> 8) & 255, address.value & 255);
  } else if (form === "number" && tokens.kind === "word" && /^\d+$/.test(tokens.text)) {
    const number = wholeNumber(tokens);
    value = Uint8Array.of(number >>> 24, (number >>> 16) & 255, (number >>> 8) & 255, number & 255);
  } else value = readData(tokens);
  if (value.length > 255) throw tokens.bad("agent option too long");
  options.push(code, value.length, ...value);
}

/** `on EVENT or EVENT { … }`, after `on`; the statements are kept as they stand. */
function readEnding(tokens: Tokens, before: LeaseEndings | undefined): LeaseEndings {
  const events = new Set<string>();
  for (; tokens.kind === "word"; tokens.next()) events.add(tokens.text.toLowerCase());
  const start = tokens.start + 1;
  tokens.skipStatement();
  const text = tokens.since(start);
  const body = text.slice(0, Math.max(0, text.lastIndexOf("}"))).trimEnd();
  return {
    release: events.has("release") ? body : (before?.release ?? ""),
    expiry: events.has("expiry") ? body : (before?.expiry ?? ""),
  };
}

/** A class by its name, a subclass as NAME/HEX. */
function readBilling(tokens: Tokens): string {
  if (!tokens.accept("subclass")) {
    tokens.accept("class");
    return tokens.value("a class");
  }
  const name = tokens.value("a class");
  return `${name}/${Array.from(readData(tokens), (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

function leaseOf(address: Ipv4Address, draft: Draft): Lease {
  const time = (name: string): EpochSeconds => draft.times.get(name) ?? NO_TIME;
  const ends = time("ends");
  // Before binding states were written, a lease with an end was in use until then.
  const status = draft.status ?? (ends === NO_TIME ? "FREE" : "ACTIVE");
  const { clientId, hardware, hostname, reserved, bootp, variables, billingClass } = draft;
  return {
    address,
    status,
    starts: time("starts"),
    ends,
    cltt: time("cltt"),
    clientId: clientId?.length === 0 ? undefined : clientId,
    hardware,
    hostname,
    agentOptions: draft.agentOptions.length > 0 ? Uint8Array.from(draft.agentOptions) : undefined,
    reserved,
    bootp,
    variables: variables.size === 0 ? NO_VARIABLES : variables,
    billingClass,
    endings: draft.endings,
    failover: failoverOf(draft, status, ends),
  };
}

/**
 * The failover times, if these statements are not just what a server without a partner writes. dhcpd owes its partner an
 * update when tstp is past atsfp.
 */
function failoverOf(draft: Draft, status: BindingStatus, ends: EpochSeconds): FailoverTimes | undefined {
  const { times, next, rewind } = draft;
  const tstp = times.get("tstp");
  const partnerless =
    !times.has("tsfp") &&
    !times.has("atsfp") &&
    next !== "EXPIRED" &&
    (status === "ACTIVE" || status === "FREE" || status === "ABANDONED") &&
    (rewind === undefined || rewind === "FREE") &&
    (tstp === undefined || tstp === ends);
  if (partnerless) return undefined;
  const atsfp = times.get("atsfp") ?? NO_TIME;
  return {
    tstp: tstp ?? NO_TIME,
    tsfp: times.get("tsfp") ?? NO_TIME,
    atsfp,
    owed: (tstp ?? NO_TIME) > atsfp,
    rewindStatus: rewind ?? status,
  };
}
