import { decodeMessage as decodeDhcp } from "../../../edge-agent/dhcp/wire/decode.ts";
import type { DhcpMessage } from "../../../edge-agent/dhcp/wire/message.ts";
import { MESSAGE_TYPE, OPTION } from "../../../edge-agent/dhcp/wire/option-codes.ts";
import type { LinkId } from "../../../edge-agent/failover/event.ts";
import { EMPTY_STREAM, takeFrames } from "../../../edge-agent/failover/wire/frame.ts";
import { decodeMessage, type FailoverMessage } from "../../../edge-agent/failover/wire/message.ts";
import { type Ipv4Address, ipv4FromBytes } from "../../../edge-agent/values/ipv4.ts";
import { clientMessage, type MessageFields } from "../client-message.ts";
import type { Holding } from "../client-types.ts";
import { PEER_NAME } from "../config-text.ts";
import { BROADCAST, SERVERS, UNSPECIFIED } from "../lan.ts";
import type { Happening } from "../machine.ts";
import type { Inspection } from "./inspection.ts";
import type { Outcome, Server } from "./server.ts";

export type Side = 0 | 1;
export const other = (side: Side): Side => (side === 0 ? 1 : 0);

/** One message under way, or the end of the stream. */
export interface Frame {
  readonly bytes: Uint8Array | undefined;
  readonly message: FailoverMessage | undefined;
}
/** A TCP connection; `towards` has what is under way to each side, the oldest first. */
export interface Wire {
  readonly ids: readonly [LinkId, LinkId];
  readonly open: readonly [boolean, boolean];
  readonly towards: readonly [readonly Frame[], readonly Frame[]];
}
/** A client by what it knows: nothing, an offer, a lease. */
export interface SmallClient {
  readonly number: number;
  readonly hardware: Uint8Array;
  readonly offer: { readonly address: Ipv4Address; readonly side: Side; readonly until: number } | undefined;
  readonly holding: Holding | undefined;
}

/** An offer is taken up within a minute, or not at all. */
const OFFER_MILLIS = 60_000;
/** Ticks that a server may ask for at one moment. */
const MOST_TICKS = 50;

/**
 * The smallest world in which everything can go wrong: two servers, their link, two clients. A fork shares with its origin what it
 * does not change, and the origin is never changed again.
 */
export class SmallSite {
  /** True milliseconds since the start. */
  now = 0;
  cut = false;
  servers: readonly [Server, Server];
  wires: readonly Wire[] = [];
  clients: readonly [SmallClient, SmallClient];
  /** Declared down by an operator: stays off until it can speak with the other. */
  declaredDown: Side | undefined;
  /** Was declared down and is on its way back: until the two have spoken, nothing comes in between. */
  returning: Side | undefined;
  /** A server was alone, and the two have not agreed since. */
  partnerDown = false;
  readonly inspection: Inspection;
  #nextLink = 1;
  #owned: [boolean, boolean] = [true, true];
  #inbox: { readonly side: Side; readonly happening: Happening }[] = [];

  constructor(servers: readonly [Server, Server], clients: readonly [SmallClient, SmallClient], inspection: Inspection) {
    this.servers = servers;
    this.clients = clients;
    this.inspection = inspection;
  }

  fork(): SmallSite {
    const copy = new SmallSite(this.servers, this.clients, this.inspection.fork());
    copy.now = this.now;
    copy.cut = this.cut;
    copy.wires = this.wires;
    copy.declaredDown = this.declaredDown;
    copy.returning = this.returning;
    copy.partnerDown = this.partnerDown;
    copy.#nextLink = this.#nextLink;
    copy.#owned = [false, false];
    return copy;
  }

  /** A server that may be changed. */
  own(side: Side): Server {
    if (!this.#owned[side]) {
      const mine = this.servers[side].fork();
      this.servers = side === 0 ? [mine, this.servers[1]] : [this.servers[0], mine];
      this.#owned[side] = true;
    }
    return this.servers[side];
  }

  setCut(cut: boolean): void {
    this.cut = cut;
  }
  start(side: Side): void {
    this.#done(side, this.own(side).start(this.now));
    this.#rest();
  }
  /** The process dies; its kernel ends its connections after what was sent. */
  kill(side: Side): void {
    this.own(side).die();
    this.#hangUp(side);
    this.#rest();
  }
  happens(side: Side, happening: Happening): void {
    this.#inbox.push({ side, happening });
    this.#rest();
  }

  /** The client's message at one server; what that answers. With `dies` the server stores what comes of it and dies before a word leaves. */
  ask(client: SmallClient, side: Side, type: number, fields: MessageFields, dies = false): DhcpMessage | undefined {
    const { hardware, number } = client;
    const sender = { hardware, sendsClientId: false, asksSeconds: undefined, broadcasts: true, xid: number, secs: 0, relayed: false };
    const bytes = clientMessage(type, fields, sender);
    const happening = { kind: "datagram", interfaceName: "eth0", interfaceAddresses: [SERVERS[side]!], bytes } as const;
    const from = { source: fields.ciaddr ?? UNSPECIFIED, sourcePort: 68, target: fields.ciaddr === undefined ? BROADCAST : SERVERS[side]! };
    const server = this.own(side);
    const outcome = server.take({ ...happening, ...from }, this.now);
    this.inspection.stored(this, side, outcome.writes);
    if (dies) {
      this.kill(side);
      return undefined;
    }
    const answers = this.#perform(side, outcome);
    this.#rest();
    return answers.find(({ xid }) => xid === number);
  }

  /** A client is given what `answer` says, if that is a DHCPACK. */
  bind(client: SmallClient, answer: DhcpMessage | undefined): void {
    const type = answer?.options.get(OPTION.messageType)?.[0];
    if (answer === undefined || (type !== MESSAGE_TYPE.DHCPACK && type !== MESSAGE_TYPE.DHCPNAK)) return;
    if (type === MESSAGE_TYPE.DHCPNAK) {
      this.change(client.number, { offer: undefined, holding: undefined });
      return;
    }
    const seconds = ipv4FromBytes(answer.options.get(OPTION.leaseTime) ?? new Uint8Array(4));
    const server = ipv4FromBytes(answer.options.get(OPTION.serverIdentifier) ?? new Uint8Array(4));
    const holding: Holding = { address: answer.yiaddr, server, since: this.now, until: this.now + seconds * 1000 };
    this.inspection.bound(this, client, holding);
    this.change(client.number, { offer: undefined, holding });
  }
  change(number: number, what: Partial<SmallClient>): void {
    const [first, second] = this.clients;
    this.clients = number === 1 ? [{ ...first, ...what }, second] : [first, { ...second, ...what }];
  }
  offered(client: SmallClient, side: Side, answer: DhcpMessage | undefined): void {
    if (answer?.options.get(OPTION.messageType)?.[0] !== MESSAGE_TYPE.DHCPOFFER) return;
    this.change(client.number, { offer: { address: answer.yiaddr, side, until: this.now + OFFER_MILLIS } });
  }

  /** The oldest message of a wire reaches `side`. With `dies` that server stores what comes of it, and dies before a word leaves. */
  deliver(index: number, side: Side, dies = false): void {
    const wire = this.wires[index];
    const frame = wire?.towards[side][0];
    if (wire === undefined || frame === undefined) return;
    this.#rewire(index, { towards: withSide(wire.towards, side, wire.towards[side].slice(1)) });
    if (!wire.open[side]) {
      // the receiver's kernel knows no such connection
      if (frame.bytes !== undefined) this.#closed(index, other(side), "connection reset");
    } else if (frame.bytes === undefined) this.#closed(index, side, "closed by partner");
    else if (dies) {
      const outcome = this.own(side).take({ kind: "failover-bytes", peer: PEER_NAME, link: wire.ids[side], bytes: frame.bytes }, this.now);
      this.inspection.stored(this, side, outcome.writes);
      this.kill(side);
    } else this.#inbox.push({ side, happening: { kind: "failover-bytes", peer: PEER_NAME, link: wire.ids[side], bytes: frame.bytes } });
    this.#rest();
  }
  /** Something in between ends all connections; what was under way is lost. */
  reset(): void {
    for (let index = this.wires.length - 1; index >= 0; index -= 1) {
      this.#rewire(index, { towards: [[], []] });
      this.#closed(index, 0, "connection reset");
      this.#closed(index, 1, "connection reset");
    }
    this.#rest();
  }
  get underWay(): boolean {
    return this.wires.some(({ towards }) => towards[0].length + towards[1].length > 0);
  }
  /** Everything under way arrives, and what comes of it too. */
  settle(): void {
    for (let round = 0; round < 2000 && !this.cut; round += 1) {
      const index = this.wires.findIndex(({ towards }) => towards[0].length + towards[1].length > 0);
      const wire = this.wires[index];
      if (wire === undefined) return;
      this.deliver(index, wire.towards[0].length > 0 ? 0 : 1);
    }
    if (!this.cut) throw new Error("the two talk for ever");
  }

  /** Time passes up to `end`, timers go off on the way; `delivering`: what is under way arrives at once. */
  pass(end: number, delivering: boolean): void {
    for (let round = 0; this.now < end; round += 1) {
      if (round > 5000) throw new Error("timers never end");
      if (delivering) this.settle();
      const dues = this.servers.map((server) => server.deadline()).filter((due) => due !== undefined);
      this.now = Math.max(this.now + 1, Math.min(end, ...dues.map((due) => Math.ceil(due))));
      for (const side of [0, 1] as const) if (this.servers[side].lazy.length > 0) this.own(side).flush();
      for (const { number, holding, offer } of this.clients) {
        if (holding !== undefined && holding.until <= this.now) this.change(number, { holding: undefined });
        if (offer !== undefined && offer.until <= this.now) this.change(number, { offer: undefined });
      }
      this.#rest();
    }
    if (delivering) this.settle();
  }

  /** Does what is due at this very moment, and looks whether all is well. */
  #rest(): void {
    for (let round = 0; ; round += 1) {
      if (round > MOST_TICKS * 20) throw new Error("nothing comes to rest at one moment");
      const next = this.#inbox.shift();
      if (next !== undefined) {
        this.#done(next.side, this.own(next.side).take(next.happening, this.now));
        continue;
      }
      const side = ([0, 1] as const).find((each) => (this.servers[each].deadline() ?? Number.POSITIVE_INFINITY) <= this.now);
      if (side === undefined || round > MOST_TICKS) break;
      this.#done(side, this.own(side).take({ kind: "tick" }, this.now));
    }
    const back = this.returning === undefined ? undefined : this.servers[this.returning].relationship?.endpoint;
    if (back?.communicating === true && back.startupUntil === undefined) this.returning = undefined;
    this.inspection.atRest(this);
  }

  #done(side: Side, outcome: Outcome): void {
    this.inspection.stored(this, side, outcome.writes);
    this.#perform(side, outcome);
  }

  #perform(side: Side, { effects }: Outcome): readonly DhcpMessage[] {
    const answers: DhcpMessage[] = [];
    if (this.servers[side].state === "PARTNER-DOWN") this.partnerDown = true;
    for (const effect of effects) {
      if (effect.kind === "send") {
        const decoded = decodeDhcp(effect.bytes);
        if (!decoded.ok) throw new Error(`a server sent what cannot be read: ${decoded.error}`);
        this.inspection.answered(this, side, decoded.value);
        answers.push(decoded.value);
      } else if (effect.kind === "failover-dial") this.#dial(side);
      else if (effect.kind === "failover-send") this.#send(side, effect.link, effect.bytes);
      else if (effect.kind === "failover-close") this.#close(side, effect.link);
    }
    return answers;
  }

  #dial(side: Side): void {
    const partner = other(side);
    if (this.cut || this.servers[partner].memory === undefined) {
      this.#inbox.push({ side, happening: { kind: "failover-dial-failed", peer: PEER_NAME, reason: "refused", local: false } });
      return;
    }
    const first = this.#nextLink;
    this.#nextLink += 2;
    this.wires = [...this.wires, { ids: [first, first + 1], open: [true, true], towards: [[], []] }];
    const opened = { kind: "failover-link-opened", peer: PEER_NAME } as const;
    this.#inbox.push({ side: partner, happening: { ...opened, link: first + partner, direction: "accepted" } });
    this.#inbox.push({ side, happening: { ...opened, link: first + side, direction: "dialled" } });
  }
  #send(side: Side, link: LinkId, bytes: Uint8Array): void {
    const index = this.wires.findIndex(({ ids }) => ids[side] === link);
    const wire = this.wires[index];
    if (wire?.open[side] !== true) return;
    this.inspection.told(this, side, bytes);
    const frames = takeFrames(EMPTY_STREAM, bytes).frames.map((frame): Frame => {
      const message = decodeMessage(frame);
      return { bytes: frame, message: message.ok ? message.value : undefined };
    });
    const to = other(side);
    this.#rewire(index, { towards: withSide(wire.towards, to, [...wire.towards[to], ...frames]) });
  }
  #close(side: Side, link: LinkId): void {
    const index = this.wires.findIndex(({ ids }) => ids[side] === link);
    const wire = this.wires[index];
    if (wire?.open[side] !== true) return;
    const to = other(side);
    const ended = [...wire.towards[to], { bytes: undefined, message: undefined }];
    this.#rewire(index, { open: withSide(wire.open, side, false), towards: withSide(wire.towards, to, ended) });
  }
  #hangUp(side: Side): void {
    for (const { ids } of this.wires) this.#close(side, ids[side]);
  }
  #closed(index: number, side: Side, reason: string): void {
    const wire = this.wires[index];
    if (wire?.open[side] !== true) return;
    this.#inbox.push({ side, happening: { kind: "failover-link-closed", peer: PEER_NAME, link: wire.ids[side], reason } });
    this.#rewire(index, { open: withSide(wire.open, side, false) });
  }
  /** One that is closed at both ends is forgotten. */
  #rewire(index: number, change: Partial<Wire>): void {
    const changed = this.wires.map((wire, each) => (each === index ? { ...wire, ...change } : wire));
    this.wires = changed.filter(({ open }) => open[0] || open[1]);
  }
}

const withSide = <T>([first, second]: readonly [T, T], side: Side, value: T): readonly [T, T] =>
  side === 0 ? [value, second] : [first, value];
