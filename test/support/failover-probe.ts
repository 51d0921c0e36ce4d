import { encodeMessage, type FailoverMessage } from "../../edge-agent/failover/wire/message.ts";
import { FAILOVER_OPTIONS, type MessageType, type OptionName, type Options } from "../../edge-agent/failover/wire/options.ts";
import { type Ipv4Address, parseIpv4 } from "../../edge-agent/values/ipv4.ts";
import { DhcpServer } from "./dhcp-server.ts";
import { ADDRESS, CLIENT_SIDE, configuration, type Role } from "./failover-config.ts";
import { connectTerms, ScriptedPeer } from "./failover-peer.ts";
import { eventually, Lab, type Namespace, sleep } from "./netns.ts";

/** The partner's numbers of states. */
export const STATE = {
  ...{ normal: 2, commInt: 3, partnerDown: 4, potentialConflict: 5, recover: 6, paused: 7, shutdown: 8 },
  ...{ recoverDone: 9, resolutionInterrupted: 10, conflictDone: 11 },
} as const;
export const STATUS = { free: 1, active: 2, expired: 3, released: 4, abandoned: 5, reset: 6, backup: 7 } as const;
/** An Ethernet client, with its type's byte. */
export const CLIENT = Uint8Array.of(1, 2, 0, 0, 0x99, 0xaa, 0xbb);
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
export const pool = (number: number): Ipv4Address => addressOf(`10.77.0.${100 + number}`);
export function addressOf(dotted: string): Ipv4Address {
  const parsed = parseIpv4(dotted);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}
export const now = (): number => Math.floor(Date.now() / 1000);

/** What a secondary answers to CONNECT, with changes; undefined leaves an option out. */
export const connectAckTerms = (changes: Options = {}): Options => ({
  relationshipName: text("lab"),
  maxUnackedBndupd: 10,
  receiveTimer: 30,
  vendorClassIdentifier: "probe",
  protocolVersion: 1,
  tlsReply: 0,
  ...changes,
});

/** One script's partner of one server: says what it is told and keeps what it hears. */
export class Probe {
  readonly role: Role;
  readonly namespace: Namespace;
  readonly #server: DhcpServer;
  peer!: ScriptedPeer;
  #connections: ScriptedPeer[] = [];
  #read = 0;

  constructor(role: Role, namespace: Namespace, server: DhcpServer) {
    this.role = role;
    this.namespace = namespace;
    this.#server = server;
  }

  /** A new connection; what was heard on the one before stays. */
  async dial(from: string = ADDRESS[this.role]): Promise<ScriptedPeer> {
    const to = ADDRESS[this.role === "primary" ? "secondary" : "primary"];
    const found: ScriptedPeer[] = [];
    await eventually(async () => {
      const peer = await ScriptedPeer.dial(this.namespace, from, to);
      if (peer !== undefined) found.push(peer);
      return peer !== undefined;
    }, 10_000);
    this.peer = found[0]!;
    this.#connections.push(this.peer);
    this.#read = 0;
    return this.peer;
  }

  /** Until both have exchanged their first messages and STATE. */
  async link(state: number = STATE.recover, changes: Options = {}): Promise<void> {
    await this.dial();
    if (this.role === "primary") {
      await this.peer.say("CONNECT", connectTerms({ vendorClassIdentifier: "probe", ...changes }));
      await this.next("CONNECTACK");
    } else {
      const connect = await this.next("CONNECT");
      await this.answer("CONNECTACK", connect, connectAckTerms(changes));
    }
    await this.state(state);
  }

  /** From RECOVER on both sides to NORMAL, answering whatever is asked. */
  async normal(changes: Options = {}): Promise<void> {
    await this.link(STATE.recover, changes);
    await this.peer.say("UPDREQALL", {});
    for (;;) {
      const heard = await this.#any();
      if (heard.type === "BNDUPD") await this.answer("BNDACK", heard, only(heard));
      else if (heard.type === "UPDREQALL") await this.answer("UPDDONE", heard, {});
      else if (heard.type === "UPDDONE") await this.state(STATE.recoverDone);
      else if (heard.type === "STATE" && heard.options.serverState === STATE.normal) break;
    }
    await this.state(STATE.normal);
    await this.acknowledge(1200);
    // what led here is the same whatever is probed
    this.peer.heard.length = 0;
    this.#read = 0;
  }

  /** Accepts every BNDUPD that comes in for a while. */
  async acknowledge(milliseconds: number): Promise<void> {
    const end = performance.now() + milliseconds;
    while (performance.now() < end) {
      const heard = this.peer.heard[this.#read];
      if (heard === undefined) {
        await sleep(20);
        continue;
      }
      this.#read += 1;
      if (heard.type === "BNDUPD") await this.answer("BNDACK", heard, only(heard));
    }
  }

  state(serverState: number, serverFlags = 0): Promise<void> {
    return this.peer.say("STATE", { serverState, serverFlags, startTimeOfState: now() });
  }

  /** A BNDUPD of the address numbered so in the pool; undefined leaves an option out. */
  update(number: number, bindingStatus: number, changes: Options = {}): Promise<void> {
    const time = now();
    return this.peer.say("BNDUPD", {
      assignedIpAddress: pool(number),
      bindingStatus,
      clientHardwareAddress: CLIENT,
      leaseExpirationTime: time + 20,
      potentialExpirationTime: time + 130,
      startTimeOfState: time,
      clientLastTransactionTime: time,
      ...changes,
    });
  }

  /** A reply, with the xid of what it answers. */
  answer(type: MessageType, to: FailoverMessage, options: Options): Promise<void> {
    return this.peer.raw(encodeMessage({ type, xid: to.xid, time: now(), options }));
  }

  /** The next message of this type; others are passed over. */
  async next(type: MessageType, state?: number): Promise<FailoverMessage> {
    for (;;) {
      const heard = await this.#any();
      if (heard.type === type && (state === undefined || heard.options.serverState === state)) return heard;
    }
  }

  async #any(): Promise<FailoverMessage> {
    const heard = await eventually(
      () => this.peer.heard[this.#read],
      15_000,
      () => `${this.role} hears nothing more after ${this.peer.heard.map(({ type }) => type)}`,
    );
    this.#read += 1;
    return heard;
  }

  /** What was heard on all connections, in words that two servers can be compared by; acknowledgements at the end, for dhcpd waits with them. */
  story(): readonly string[] {
    const lines = this.#connections.flatMap((peer) => [...peer.heard.flatMap(told), ...(peer.isClosed ? ["closed"] : [])]);
    const isAck = (line: string) => line.startsWith("BNDACK");
    const ended = this.#server.hasDied ? ["the server ended"] : [];
    return [...lines.filter((line) => !isAck(line)), ...lines.filter(isAck).sort(), ...ended];
  }
  close(): void {
    for (const peer of this.#connections) peer.end();
  }
}

const only = ({ options: { assignedIpAddress } }: FailoverMessage): Options =>
  assignedIpAddress === undefined ? {} : { assignedIpAddress };

const REPLIES: readonly MessageType[] = ["CONNECTACK", "BNDACK", "POOLRESP", "UPDDONE"];
const STARTUP = 1;

/** One message; a STATE that says no more than that the server has just started, and CONTACT, are left out. */
function told({ type, xid, options }: FailoverMessage): readonly string[] {
  if (type === "CONTACT" || (type === "STATE" && ((options.serverFlags ?? 0) & STARTUP) !== 0)) return [];
  const shown = (Object.keys(FAILOVER_OPTIONS) as OptionName[]).flatMap((name) =>
    options[name] === undefined ? [] : [`${name}=${value(name, options[name])}`],
  );
  return [[type, ...(REPLIES.includes(type) ? [`xid=${xid}`] : []), ...shown].join(" ")];
}
function value(name: OptionName, raw: unknown): string {
  if (name === "vendorClassIdentifier") return "any";
  if (raw instanceof Uint8Array) return Buffer.from(raw).toString("hex");
  if (typeof raw !== "number" || raw < 1e9 || name === "assignedIpAddress") return String(raw);
  const ahead = raw - now();
  return Math.abs(ahead) < 12 ? "now" : `now${ahead > 0 ? "+" : "-"}${Math.round(Math.abs(ahead) / 20) * 20}`;
}

/** Runs a script in `role` against a server in the other one, freshly started with an empty lease file or this one; its story. */
export async function probe(program: string, role: Role, script: (probe: Probe) => Promise<void>, leases = ""): Promise<readonly string[]> {
  const lab = new Lab("probe");
  try {
    const other: Role = role === "primary" ? "secondary" : "primary";
    const [here, there] = [lab.namespace("p"), lab.namespace("s")];
    const client = (mine: Role) => [`${CLIENT_SIDE[mine]}/16`];
    lab.cable({ namespace: there, device: "cli0", addresses: client(other) }, { namespace: here, device: "cli0", addresses: client(role) });
    const stranger = role === "primary" ? ["10.78.0.99/24"] : [];
    lab.cable(
      { namespace: there, device: "fo0", addresses: [`${ADDRESS[other]}/24`] },
      { namespace: here, device: "fo0", addresses: [`${ADDRESS[role]}/24`, ...stranger] },
    );
    const conf = configuration(other, { primary: "dhcpd", secondary: "dhcpd" });
    const server = new DhcpServer({ namespace: there, program, conf, interfaces: ["cli0"], leases });
    await server.start();
    const made = new Probe(role, here, server);
    await script(made);
    const story = made.story();
    made.close();
    return story;
  } finally {
    await lab.close();
  }
}
