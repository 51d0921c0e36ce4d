import { MESSAGE_TYPE, OPTION } from "../../edge-agent/dhcp/wire/option-codes.ts";
import { formatIpv4, type Ipv4Address, ipv4FromBytes } from "../../edge-agent/values/ipv4.ts";
import { clientMessage, type MessageFields } from "./client-message.ts";
import type { Answer, ClientNet, ClientOptions, ClientWorld, Holding } from "./client-types.ts";
import type { Listener, Net } from "./lan.ts";
import type { Prng } from "./prng.ts";

export interface ClientWatch {
  bound(client: Client, holding: Holding): void;
  gone(client: Client, holding: Holding): void;
}

type Phase = "off" | "init" | "selecting" | "requesting" | "bound" | "renewing" | "rebinding" | "rebooting";
const INFINITE = 0xffffffff;
/** No RELEASE that is under way is still to come after so long. */
const AFTER_RELEASE_MILLIS = 15 * 60_000;

/** A DHCP client by RFC 2131 §4.4: states, retransmission, T1 and T2, and the whims of its user. */
export class Client implements Listener {
  readonly key: string;
  readonly options: ClientOptions;
  net: Net = "near";
  phase: Phase = "off";
  holding: Holding | undefined;
  /** While true it stays as it is: no whims. */
  steady = false;
  /** While true it is not there at all. */
  absent = false;
  readonly #world: ClientWorld;
  readonly #lan: ClientNet;
  readonly #watch: ClientWatch;
  readonly #random: Prng;
  readonly #chaddr: Uint8Array;
  #xid = 0;
  #startedAt = 0;
  #sentAt = 0;
  #tries = 0;
  #offered: { address: Ipv4Address; server: Ipv4Address } | undefined;
  /** Timers of earlier phases are void. */
  #turn = 0;

  constructor(options: ClientOptions, world: ClientWorld, lan: ClientNet, watch: ClientWatch, random: Prng) {
    this.options = options;
    this.#world = world;
    this.#lan = lan;
    this.#watch = watch;
    this.#random = random;
    this.#chaddr = Uint8Array.of(2, 0, 0, 0, options.number >> 8, options.number & 255);
    this.key = this.#chaddr.join(":");
    if (options.settled !== true && random.chance(0.4)) this.net = "far";
  }

  get hardware(): Uint8Array {
    return this.#chaddr;
  }
  get name(): string {
    return `client-${this.options.number}`;
  }

  switchOn(): void {
    if (this.absent) return;
    const { holding } = this;
    if (holding !== undefined && holding.until > this.#world.agenda.now) this.#enter("rebooting");
    else this.#enter("init");
    this.#nextWhim();
  }

  /** Goes off with its lease remembered, until it is switched on. */
  sleep(): void {
    this.phase = "off";
    this.#turn += 1;
  }

  receive(message: Answer): void {
    const type = message.options.get(OPTION.messageType)?.[0];
    if (message.xid !== this.#xid) return;
    if (type === MESSAGE_TYPE.DHCPOFFER && this.phase === "selecting") this.#onOffer(message);
    else if (this.#awaitsAck && type === MESSAGE_TYPE.DHCPACK) this.#onAck(message);
    else if (this.#awaitsAck && type === MESSAGE_TYPE.DHCPNAK) this.#onNak();
  }

  get #awaitsAck(): boolean {
    return this.phase === "requesting" || this.phase === "renewing" || this.phase === "rebinding" || this.phase === "rebooting";
  }

  #onOffer(message: Answer): void {
    const server = message.options.get(OPTION.serverIdentifier);
    if (server?.length !== 4) return;
    this.#offered = { address: message.yiaddr, server: ipv4FromBytes(server) };
    this.#enter("requesting");
  }

  #onAck(message: Answer): void {
    const seconds = ipv4FromBytes(message.options.get(OPTION.leaseTime) ?? new Uint8Array(4)) as number;
    const server = ipv4FromBytes(message.options.get(OPTION.serverIdentifier) ?? new Uint8Array(4));
    const { now } = this.#world.agenda;
    const until = seconds === INFINITE ? Number.POSITIVE_INFINITY : this.#sentAt + seconds * 1000;
    const fresh = this.holding?.address !== message.yiaddr;
    if (this.holding !== undefined && fresh) this.#giveUp("given another address");
    if (until <= now) return;
    this.holding = { address: message.yiaddr, server, since: this.#sentAt, until };
    this.#world.trace(this.name, `bound to ${formatIpv4(message.yiaddr)} for ${seconds} s by ${formatIpv4(server)}`);
    this.#watch.bound(this, this.holding);
    if (fresh && !this.steady && this.options.whims > 0 && this.#random.chance(0.02)) this.#decline();
    else this.#enter("bound");
  }

  #onNak(): void {
    this.#world.trace(this.name, "refused");
    this.#giveUp("refused");
    this.#pause(2_000);
  }

  /** Stops using the address. */
  #giveUp(why: string): void {
    const { holding } = this;
    if (holding === undefined) return;
    this.holding = undefined;
    this.#world.trace(this.name, `gives up ${formatIpv4(holding.address)}: ${why}`);
    this.#watch.gone(this, holding);
  }

  /** Somebody else answers at the address (RFC 2131 §4.4.1). */
  #decline(): void {
    const { holding } = this;
    if (holding === undefined) return;
    const options = { requested: holding.address, server: holding.server };
    this.#broadcast(MESSAGE_TYPE.DHCPDECLINE, options, "once");
    this.#giveUp("declined");
    this.#pause(10_000 + AFTER_RELEASE_MILLIS);
  }

  #release(): void {
    const { holding } = this;
    if (holding === undefined) return;
    const bytes = this.#message(MESSAGE_TYPE.DHCPRELEASE, { ciaddr: holding.address, server: holding.server });
    this.#lan.toServer(holding.server, holding.address, bytes, "once");
    this.#giveUp("released");
    this.#pause(AFTER_RELEASE_MILLIS + this.#random.between(0, 600_000));
  }

  /** Out of the protocol for a while, then INIT. */
  #pause(millis: number): void {
    this.phase = "off";
    this.#timer(millis * (this.options.pace ?? 1), () => this.#enter("init"));
  }

  #enter(phase: Phase): void {
    this.phase = phase;
    this.#tries = 0;
    const { now } = this.#world.agenda;
    const { holding } = this;
    if (phase === "init") {
      this.#timer(this.#random.between(0, 1000), () => {
        this.#startedAt = this.#world.agenda.now;
        this.#enter("selecting");
      });
    } else if (phase === "bound" && holding !== undefined) {
      const renewal = holding.since + (holding.until - holding.since) * 0.5;
      if (Number.isFinite(renewal)) this.#timer(renewal - now, () => this.#enter("renewing"));
      else this.#turn += 1;
    } else {
      if (phase !== "requesting") this.#xid = this.#random.below(0x1_0000_0000);
      if (phase === "renewing" || phase === "rebooting") this.#startedAt = now;
      this.#send();
    }
  }

  /** Sends what the phase calls for, and again until something comes of it. */
  #send(): void {
    const { holding } = this;
    const { now } = this.#world.agenda;
    if (holding !== undefined && holding.until <= now) {
      this.#giveUp("its time is over");
      this.#enter("init");
      return;
    }
    this.#tries += 1;
    // only the request that is answered counts: a new one voids the earlier ones' answers
    if (this.phase !== "requesting" && this.phase !== "selecting" && this.#tries > 1) this.#xid = this.#random.below(0x1_0000_0000);
    if (this.phase !== "requesting" || this.#tries === 1) this.#sentAt = now;
    switch (this.phase) {
      case "selecting":
        this.#broadcast(MESSAGE_TYPE.DHCPDISCOVER, {});
        this.#again(() => this.#send());
        return;
      case "requesting": {
        const { address, server } = this.#offered!;
        this.#broadcast(MESSAGE_TYPE.DHCPREQUEST, { requested: address, server });
        this.#again(() => (this.#tries > 3 ? this.#enter("init") : this.#send()));
        return;
      }
      case "rebooting":
        this.#broadcast(MESSAGE_TYPE.DHCPREQUEST, { requested: holding!.address });
        this.#again(() => (this.#tries > 3 ? this.#enter("bound") : this.#send()));
        return;
      case "renewing":
      case "rebinding":
        this.#extend(holding!);
        return;
      default:
        return;
    }
  }

  #extend(holding: Holding): void {
    const { now } = this.#world.agenda;
    const rebindAt = holding.since + (holding.until - holding.since) * 0.875;
    if (this.phase === "renewing" && now >= rebindAt) this.phase = "rebinding";
    const type = MESSAGE_TYPE.DHCPREQUEST;
    if (this.phase === "renewing") {
      this.#lan.toServer(holding.server, holding.address, this.#message(type, { ciaddr: holding.address }), "plain");
    } else this.#broadcast(type, { ciaddr: holding.address });
    // RFC 2131 §4.4.5 halves the time that is left, down to a minute; short leases are asked for more often
    const end = this.phase === "renewing" ? rebindAt : holding.until;
    const least = Math.min(60_000, (holding.until - holding.since) / 16);
    this.#timer(Math.max(1, Math.min(end - now, Math.max(least, (end - now) / 2))), () => this.#send());
  }

  #again(task: () => void): void {
    const wait = Math.min(64_000, 4_000 * 2 ** (this.#tries - 1)) + this.#random.between(-1000, 1000);
    this.#timer(wait, task);
  }

  #timer(millis: number, task: () => void): void {
    this.#turn += 1;
    const turn = this.#turn;
    this.#world.agenda.after(Math.max(0, millis), () => {
      if (turn === this.#turn) task();
    });
  }

  #nextWhim(): void {
    const { whims } = this.options;
    if (whims === 0) return;
    this.#world.agenda.after(this.#random.exponential(whims * 1000), () => {
      if (!this.steady) this.#whim();
      this.#nextWhim();
    });
  }

  #whim(): void {
    if (this.phase !== "bound") return;
    const choice = this.#random.unit();
    if (choice < 0.3) this.#release();
    else if (choice < 0.5 && this.options.settled !== true) this.#move();
    else if (choice < 0.7) this.#enter("rebooting");
    else if (choice < 0.85) this.#doze();
    else {
      this.#giveUp("forgot it");
      this.#enter("init");
    }
  }

  /** Carried to the other network: the old address is of no use there, though it asks for it first. */
  #move(): void {
    this.#world.trace(this.name, "moves");
    const old = this.holding;
    this.#giveUp("moved away");
    this.net = this.net === "near" ? "far" : "near";
    this.#xid = this.#random.below(0x1_0000_0000);
    if (old !== undefined) this.#broadcast(MESSAGE_TYPE.DHCPREQUEST, { requested: old.address });
    this.#enter("init");
  }

  /** Switched off, but the lease is remembered. */
  #doze(): void {
    this.phase = "off";
    this.#timer(this.#random.exponential(1_200_000 * (this.options.pace ?? 1)), () => {
      const { holding } = this;
      if (holding !== undefined && holding.until <= this.#world.agenda.now) this.#giveUp("its time is over");
      this.#enter(this.holding === undefined ? "init" : "rebooting");
    });
  }

  #broadcast(type: number, fields: MessageFields, kind: "plain" | "once" = "plain"): void {
    this.#lan.toServers(this.net, this.#message(type, fields), kind);
  }

  #message(type: number, fields: MessageFields): Uint8Array {
    const secs = Math.floor((this.#world.agenda.now - this.#startedAt) / 1000);
    const unicast = type === MESSAGE_TYPE.DHCPRELEASE || (fields.ciaddr !== undefined && this.phase === "renewing");
    return clientMessage(type, fields, {
      ...this.options,
      hardware: this.#chaddr,
      xid: this.#xid,
      secs,
      relayed: this.net === "far" && !unicast,
    });
  }
}
