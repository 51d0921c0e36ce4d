import { endpointRecords, type RecordedState } from "../../../edge-agent/failover/endpoint/state.ts";
import { failoverDeadline, onFailoverEvent, onFailoverTick } from "../../../edge-agent/failover/step.ts";
import { SERVER_STATE_CODES, type ServerState, serverStateOf } from "../../../edge-agent/failover/wire/codes.ts";
import { EMPTY_STREAM, takeFrames } from "../../../edge-agent/failover/wire/frame.ts";
import { decodeMessage, encodeMessage, type FailoverMessage } from "../../../edge-agent/failover/wire/message.ts";
import type { MessageType, Options } from "../../../edge-agent/failover/wire/options.ts";
import { epochSeconds, monotonicMillis, seconds } from "../../../edge-agent/values/time.ts";
import { connectTerms } from "../../support/failover-peer.ts";
import { Node, peer } from "./pair.ts";

const START = 1_795_000_000;
const MCLT = 20;
export const MODEL_STATES = [
  "NORMAL",
  "COMMUNICATIONS-INTERRUPTED",
  "PARTNER-DOWN",
  "POTENTIAL-CONFLICT",
  "RECOVER",
  "PAUSED",
  "SHUTDOWN",
  "RECOVER-DONE",
  "RESOLUTION-INTERRUPTED",
  "CONFLICT-DONE",
  "RECOVER-WAIT",
] as const satisfies readonly RecordedState[];

/**
 * dhcpd 4.4.3's reactions as they were seen on the wire: [its state] → ours, in the order of {@link MODEL_STATES}. "-" stays, "!" takes it
 * out of service until an operator acts, "X" ends it, "A" and "U" ask for everything or for what is missing.
 */
const REACTIONS: Readonly<Record<RecordedState, string>> = {
  //                            N  CI PD PC R  P  S  RD RI CD RW
  NORMAL: /*                 */ "-  -  PC !  PD CI PD -  !  !  -",
  "COMMUNICATIONS-INTERRUPTED": "N  N  PC PC PD -  PD N  PC PC N",
  "PARTNER-DOWN": /*         */ "PC PC PC PC -  -  -  N  PC PC -",
  RECOVER: /*                */ "PC A  A  PC A  -  PD -  PC PC -",
  "RECOVER-WAIT": /*         */ "-  -  -  -  -  -  -  -  -  -  -",
  "RECOVER-DONE": /*         */ "N  -  -  -  -  -  PD N  -  -  -",
  "POTENTIAL-CONFLICT": /*   */ "!  -  -  -  R  -  PD -  -  U  -",
  "RESOLUTION-INTERRUPTED": /**/ "PC PC PC PC PC -  PD PC PC PC PC",
  "CONFLICT-DONE": /*        */ "N  X  X  -  X  X  !  X  -  X  X",
  PAUSED: /*                 */ "-  -  -  -  -  -  -  -  -  -  -",
  SHUTDOWN: /*               */ "-  -  -  -  -  -  -  -  -  -  -",
};
const NAMES: Readonly<Record<string, RecordedState>> = {
  ...{ N: "NORMAL", CI: "COMMUNICATIONS-INTERRUPTED", PD: "PARTNER-DOWN", PC: "POTENTIAL-CONFLICT", R: "RECOVER" },
};
/** Where it does not look again at what it has heard already. */
const DROPS_REPEATS: readonly RecordedState[] = ["NORMAL", "POTENTIAL-CONFLICT", "RECOVER-DONE", "SHUTDOWN", "PAUSED", "RECOVER-WAIT"];

/** One side before they meet. */
export interface Side {
  readonly state: RecordedState;
  /** It has just been started, and was in that state when it stopped. */
  readonly starting: boolean;
  /** The state in which it last knew the other. */
  readonly knew: ServerState;
}

/** A server of ours that meets a dhcpd, both in any state, on a link that comes back whenever it is lost. */
export class Encounter {
  readonly node: Node;
  readonly dhcpd: { state: RecordedState; starting: boolean; knew: ServerState; since: number; linked: boolean };
  /** Why it is out of service or gone. */
  end: string | undefined;
  readonly story: string[] = [];
  readonly #isPrimary: boolean;
  #millis = 0;
  #link = 0;
  #isOpen = false;
  #reopenAt = 0;
  #xid = 0;

  constructor(role: "primary" | "secondary", ours: Side, theirs: Side) {
    this.#isPrimary = role === "secondary";
    this.node = new Node("ours", peer(role), 4);
    const stored = {
      since: epochSeconds(START - 100),
      partnerSince: epochSeconds(START - 100),
      partnerLastAlive: epochSeconds(START - 50),
    };
    const common = { mclt: seconds(MCLT), formerMclt: seconds(0), hba: undefined, partnerIsTandem: false, storeIntact: true, isOld: false };
    const endpoint = { state: ours.state, partner: ours.knew, ...stored, ...common };
    this.node.store.apply(endpointRecords("lab", endpoint).map(({ key, value }) => ({ kind: "record", key, value })));
    this.node.start(this.#at);
    if (!ours.starting) {
      this.node.live.endpoint.startupUntil = undefined;
      this.node.live.endpoint.state = ours.state;
    }
    this.dhcpd = { ...theirs, since: START - 100, linked: false };
  }

  /** Lets them talk for so many seconds. */
  run(length: number): void {
    const until = this.#millis + length * 1000;
    while (this.#millis < until && this.end === undefined) {
      if (!this.#isOpen && this.#millis >= this.#reopenAt) this.#open();
      const due = failoverDeadline(this.node.live, this.#at);
      if (due !== undefined && due <= this.#millis) this.node.turn(this.#at, (turn) => onFailoverTick(turn, this.node.live));
      this.#hear();
      if (this.dhcpd.state === "RECOVER-WAIT" && this.#at.now >= this.dhcpd.since + MCLT) this.#enter("RECOVER-DONE");
      if (this.dhcpd.starting && this.#millis >= 15_000) this.#leaveStartup();
      if (this.#isOpen) this.#say("CONTACT", {});
      this.#millis += 500;
    }
  }
  get states(): string {
    const { endpoint } = this.node.live;
    return `${endpoint.startupUntil === undefined ? endpoint.state : "STARTUP"} and ${this.end ?? this.dhcpd.state}`;
  }

  get #at() {
    return { now: epochSeconds(START + Math.floor(this.#millis / 1000)), monotonic: monotonicMillis(this.#millis), wallOffset: 0 };
  }
  #open(): void {
    this.#link += 1;
    this.#isOpen = true;
    this.#xid = 0;
    this.dhcpd.linked = false;
    this.node.turn(this.#at, (turn) =>
      onFailoverEvent(turn, this.node.live, { kind: "failover-link-opened", peer: "lab", link: this.#link, direction: "accepted" }),
    );
    if (this.#isPrimary) this.#say("CONNECT", connectTerms({ mclt: MCLT }));
    this.#hear();
  }
  #say(type: MessageType, options: Options, xid = this.#xid): void {
    this.#xid += 1;
    if (!this.#isOpen) return;
    const bytes = encodeMessage({ type, time: this.#at.now, xid, options });
    this.node.turn(this.#at, (turn) =>
      onFailoverEvent(turn, this.node.live, { kind: "failover-bytes", peer: "lab", link: this.#link, bytes }),
    );
  }
  #sayState(): void {
    const { state, starting } = this.dhcpd;
    this.story.push(`dhcpd: ${state}${starting ? ", starting" : ""}`);
    this.#say("STATE", { serverState: SERVER_STATE_CODES[state], serverFlags: starting ? 1 : 0, startTimeOfState: this.dhcpd.since });
  }
  #hear(): void {
    for (let effects = this.node.effects.splice(0); effects.length > 0; effects = this.node.effects.splice(0)) {
      for (const effect of effects) {
        if (effect.kind === "failover-close" && effect.link === this.#link) this.#lost();
        if (effect.kind !== "failover-send" || effect.link !== this.#link) continue;
        for (const frame of takeFrames(EMPTY_STREAM, effect.bytes).frames) {
          const message = decodeMessage(frame);
          if (message.ok && this.end === undefined) this.#take(message.value);
        }
      }
    }
  }
  #take({ type, xid, options }: FailoverMessage): void {
    if (type === "CONNECT" || type === "CONNECTACK") {
      const { mclt: _, hashBucketAssignment: __, tlsRequest: ___, ...terms } = connectTerms();
      if (type === "CONNECT") this.#say("CONNECTACK", terms, xid);
      this.dhcpd.linked = true;
      this.#sayState();
    } else if (type === "BNDUPD") this.#say("BNDACK", { assignedIpAddress: options.assignedIpAddress ?? (0 as never) }, xid);
    else if (type === "UPDREQ" || type === "UPDREQALL") this.#say("UPDDONE", {}, xid);
    else if (type === "UPDDONE") this.#updated();
    else if (type === "STATE") this.#react(serverStateOf(options.serverState ?? 0) ?? "UNKNOWN", ((options.serverFlags ?? 0) & 1) !== 0);
  }
  #react(heard: ServerState, isStarting: boolean): void {
    const { dhcpd } = this;
    this.story.push(`ours: ${heard}${isStarting ? ", starting" : ""}`);
    const isRepeat = dhcpd.knew === heard;
    const wasStarting = dhcpd.starting;
    const isIgnored = (dhcpd.state === "PARTNER-DOWN" && isStarting) || (isRepeat && wasStarting);
    if (isIgnored && wasStarting) this.#leaveStartup();
    if (isIgnored) return;
    if (isRepeat && DROPS_REPEATS.includes(dhcpd.state)) return;
    dhcpd.knew = heard;
    const words = REACTIONS[dhcpd.state].split(/ +/);
    const word = words[MODEL_STATES.indexOf(heard as RecordedState)] ?? "-";
    if (word === "!" || word === "X") this.end = `${word === "X" ? "an exit" : "a shutdown"} of ${dhcpd.state} by ${heard}`;
    else if (wasStarting && dhcpd.state === "NORMAL" && heard === "PARTNER-DOWN") this.#enter("RECOVER");
    else if (word === "A" && !wasStarting) this.#request(true);
    else if (word === "U" && !wasStarting) this.#request(false);
    else if (NAMES[word] !== undefined) this.#enter(NAMES[word]);
    if (dhcpd.starting && this.end === undefined) this.#leaveStartup(true);
  }
  /** To the saved state, which stays as it is where the partner is there, and falls back where it is not. */
  #leaveStartup(linked = this.dhcpd.linked): void {
    const { state } = this.dhcpd;
    if (state === "RESOLUTION-INTERRUPTED" && linked) this.#enter("POTENTIAL-CONFLICT");
    else if (state === "NORMAL" && !linked) this.#enter("COMMUNICATIONS-INTERRUPTED");
    else if (state === "POTENTIAL-CONFLICT" && !linked) this.#enter("RESOLUTION-INTERRUPTED");
    else this.#enter(state);
  }
  #enter(next: RecordedState): void {
    const { dhcpd } = this;
    if (next !== "RECOVER-WAIT" && !dhcpd.starting) dhcpd.since = this.#at.now;
    dhcpd.state = next;
    dhcpd.starting = false;
    if (!this.#isOpen || !dhcpd.linked) return;
    this.#sayState();
    if (next === "RECOVER") this.#request(true);
    if (next === "POTENTIAL-CONFLICT" && (this.#isPrimary || dhcpd.knew === "CONFLICT-DONE")) this.#request(false);
  }
  #request(everything: boolean): void {
    this.#say(everything ? "UPDREQALL" : "UPDREQ", {});
  }
  #updated(): void {
    const { state, knew, since } = this.dhcpd;
    if (this.dhcpd.starting) return;
    if (state === "RECOVER") {
      const waits = since + MCLT > this.#at.now && knew !== "RECOVER" && knew !== "RECOVER-DONE";
      this.#enter(waits ? "RECOVER-WAIT" : "RECOVER-DONE");
    } else if (state === "POTENTIAL-CONFLICT" && this.#isPrimary) {
      if (knew === "CONFLICT-DONE") this.end = "two in CONFLICT-DONE";
      else this.#enter("CONFLICT-DONE");
    } else if (state === "POTENTIAL-CONFLICT" && knew === "CONFLICT-DONE") this.#enter("NORMAL");
  }
  #lost(): void {
    this.story.push("the connection is lost");
    this.#isOpen = false;
    this.dhcpd.linked = false;
    this.#reopenAt = this.#millis + 5000;
    if (this.dhcpd.starting) return;
    if (this.dhcpd.state === "NORMAL") this.#enter("COMMUNICATIONS-INTERRUPTED");
    else if (this.dhcpd.state === "POTENTIAL-CONFLICT") this.#enter("RESOLUTION-INTERRUPTED");
  }
}
