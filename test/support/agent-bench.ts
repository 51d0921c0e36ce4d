import type { AgentEffect } from "../../edge-agent/agent/effect.ts";
import type { AgentEvent } from "../../edge-agent/agent/event.ts";
import { type AgentState, createAgentState } from "../../edge-agent/agent/state.ts";
import { step } from "../../edge-agent/agent/step.ts";
import type { ReplyDestination } from "../../edge-agent/dhcp/reply-destination.ts";
import { decodeMessage } from "../../edge-agent/dhcp/wire/decode.ts";
import { encodeMessage } from "../../edge-agent/dhcp/wire/encode.ts";
import type { DhcpMessage } from "../../edge-agent/dhcp/wire/message.ts";
import type { Lease } from "../../edge-agent/leases/lease.ts";
import { formatIpv4, type Ipv4Address, ipv4FromBytes, ipv4ToBytes, parseIpv4, UNSPECIFIED } from "../../edge-agent/values/ipv4.ts";
import { epochSeconds, type Instant, monotonicMillis } from "../../edge-agent/values/time.ts";
import { configOf } from "./load-config.ts";
import { MemoryStore } from "./memory-store.ts";

export const address = (text: string): Ipv4Address => {
  const parsed = parseIpv4(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
};
export const ip = (text: string): Uint8Array => ipv4ToBytes(address(text));
export const text = (value: string): Uint8Array => Uint8Array.from(Buffer.from(value, "latin1"));

/** A message to send; addresses are dotted, `mac` is the last byte of 02:00:00:00:00:XX. */
export interface Message {
  readonly type: number;
  readonly mac?: number;
  readonly ciaddr?: string;
  readonly giaddr?: string;
  readonly flags?: number;
  readonly secs?: number;
  readonly op?: number;
  readonly htype?: number;
  readonly cookie?: boolean;
  readonly requested?: string;
  readonly serverId?: string;
  readonly clientId?: string;
  readonly hostname?: string;
  readonly source?: string;
  readonly target?: string;
  readonly options?: Readonly<Record<number, Uint8Array>>;
}

export interface Answer {
  readonly type: number;
  readonly yiaddr: string;
  readonly message: DhcpMessage;
  readonly destination: ReplyDestination;
  option(code: number): Uint8Array | undefined;
  seconds(code: number): number;
}

/** An agent in memory with virtual time: messages in, answers and log lines out. */
export class Bench {
  readonly store = new MemoryStore();
  state: AgentState;
  now = 1_800_000_000;
  /** Log lines since the last {@link said}. */
  readonly lines: string[] = [];
  effects: readonly AgentEffect[] = [];
  readonly #interface: { readonly name: string; readonly addresses: readonly Ipv4Address[] };

  constructor(config: string, interfaceAddress = "10.0.0.1", interfaceName = "eth0") {
    const parsed = configOf(config);
    this.store.layout(parsed.pools.map(({ id, ranges }) => ({ id, ranges })));
    this.state = this.#started(parsed);
    this.#interface = { name: interfaceName, addresses: [address(interfaceAddress)] };
  }

  get at(): Instant {
    return { now: epochSeconds(this.now), monotonic: monotonicMillis(this.now * 1_000), wallOffset: 0 };
  }

  wait(seconds: number): void {
    this.now += seconds;
  }

  /** One event through the agent; its writes are stored, its log lines kept. */
  handle(event: Omit<AgentEvent, "at">): readonly AgentEffect[] {
    const { state, writes, effects } = step(this.state, { ...event, at: this.at } as AgentEvent, this.store.view);
    this.state = state;
    this.store.apply(writes);
    for (const effect of effects) if (effect.kind === "log") this.lines.push(String(effect.fields["text"]));
    this.effects = effects;
    return effects;
  }

  /** The process dies, and another one is started on what is stored. */
  restart(config: string): void {
    const parsed = configOf(config);
    this.store.layout(parsed.pools.map(({ id, ranges }) => ({ id, ranges })));
    this.state = this.#started(parsed);
  }
  #started(config: ReturnType<typeof configOf>): AgentState {
    const setting = { hostName: "bench", serverPort: 67, clientPort: 68 };
    return createAgentState(config, setting, this.store.view, (key) => this.store.record(key));
  }

  configure(config: string): readonly AgentEffect[] {
    const parsed = configOf(config);
    this.store.layout(parsed.pools.map(({ id, ranges }) => ({ id, ranges })));
    return this.handle({ kind: "config", config: parsed } as Omit<AgentEvent, "at">);
  }

  send(message: Message): Answer | undefined {
    return this.raw(encode(message), message.source, message.target);
  }

  raw(bytes: Uint8Array, source = "0.0.0.0", target = "255.255.255.255"): Answer | undefined {
    const effects = this.handle({
      kind: "datagram",
      interfaceName: this.#interface.name,
      interfaceAddresses: this.#interface.addresses,
      source: address(source),
      sourcePort: 68,
      target: address(target),
      bytes,
    } as Omit<AgentEvent, "at">);
    return answerOf(effects);
  }

  probed(where: string, answered: boolean): Answer | undefined {
    return answerOf(this.handle({ kind: "probe-result", address: address(where), answered } as Omit<AgentEvent, "at">));
  }

  tick(): void {
    this.handle({ kind: "tick" } as Omit<AgentEvent, "at">);
  }

  /** DISCOVER and REQUEST; the address of the ACK. */
  lease(message: Omit<Message, "type">): string {
    const offered = this.send({ ...message, type: 1 });
    if (offered === undefined) return "no offer";
    const { requested: _, ...rest } = message;
    const given = this.send({ ...rest, type: 3, requested: offered.yiaddr, serverId: formatIpv4(serverOf(offered)) });
    return given === undefined ? "no answer" : given.type === 5 ? given.yiaddr : "refused";
  }

  record(where: string): Lease | undefined {
    return this.store.view.get(address(where));
  }

  /** Log lines since the last call. */
  said(): string[] {
    return this.lines.splice(0);
  }
}

const serverOf = (answer: Answer): Ipv4Address => ipv4FromBytes(answer.option(54) ?? new Uint8Array(4));

export function encode(message: Message): Uint8Array {
  const chaddr = new Uint8Array(16);
  chaddr.set([2, 0, 0, 0, 0, message.mac ?? 1]);
  const options = new Map<number, Uint8Array>();
  if (message.type > 0) options.set(53, Uint8Array.of(message.type));
  if (message.clientId !== undefined) options.set(61, text(message.clientId));
  if (message.requested !== undefined) options.set(50, ip(message.requested));
  if (message.serverId !== undefined) options.set(54, ip(message.serverId));
  if (message.hostname !== undefined) options.set(12, text(message.hostname));
  for (const [code, value] of Object.entries(message.options ?? {})) options.set(Number(code), value);
  return encodeMessage({
    op: message.op ?? 1,
    htype: message.htype ?? 1,
    hlen: 6,
    hops: 0,
    xid: 0x1234,
    secs: message.secs ?? 0,
    flags: message.flags ?? 0,
    ciaddr: address(message.ciaddr ?? "0.0.0.0"),
    yiaddr: UNSPECIFIED,
    siaddr: UNSPECIFIED,
    giaddr: address(message.giaddr ?? "0.0.0.0"),
    chaddr,
    sname: new Uint8Array(0),
    file: new Uint8Array(0),
    hasCookie: message.cookie ?? true,
    options,
  });
}

function answerOf(effects: readonly AgentEffect[]): Answer | undefined {
  const sent = effects.filter((effect) => effect.kind === "send");
  if (sent.length > 1) throw new Error(`${sent.length} answers to one message`);
  const [only] = sent;
  if (only === undefined) return undefined;
  const decoded = decodeMessage(only.bytes);
  if (!decoded.ok) throw new Error(decoded.error);
  const message = decoded.value;
  return {
    type: message.options.get(53)?.[0] ?? 0,
    yiaddr: formatIpv4(message.yiaddr),
    message,
    destination: only.destination,
    option: (code) => message.options.get(code),
    seconds: (code) => ipv4FromBytes(message.options.get(code) ?? new Uint8Array(4)),
  };
}
