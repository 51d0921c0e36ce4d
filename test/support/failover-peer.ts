import { once } from "node:events";
import type { Socket } from "node:net";
import { EMPTY_STREAM, takeFrames } from "../../edge-agent/failover/wire/frame.ts";
import { decodeMessage, encodeMessage, type FailoverMessage } from "../../edge-agent/failover/wire/message.ts";
import type { MessageType, Options } from "../../edge-agent/failover/wire/options.ts";
import { connectInside } from "./linux.ts";
import { eventually, type Namespace } from "./netns.ts";

/** A failover partner that says what it is told. */
export class ScriptedPeer {
  readonly heard: FailoverMessage[] = [];
  readonly #socket: Socket;
  #rest = EMPTY_STREAM;
  #xid = 0;
  isClosed = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("error", () => {});
    socket.on("close", () => {
      this.isClosed = true;
    });
    socket.on("data", (bytes) => {
      const { frames, rest } = takeFrames(this.#rest, bytes);
      this.#rest = rest;
      for (const frame of frames) {
        const message = decodeMessage(frame);
        if (message.ok) this.heard.push(message.value);
      }
    });
  }

  /** Connects from `from` to `to`, port 647; undefined if that is refused. */
  static async dial(namespace: Namespace, from: string, to: string): Promise<ScriptedPeer | undefined> {
    const socket = await connectInside(namespace.name, { host: to, port: 647, localAddress: from });
    const peer = new ScriptedPeer(socket);
    try {
      await once(socket, "connect");
      return peer;
    } catch {
      return undefined;
    }
  }

  /** Sends any bytes; resolves when the system has taken them, or the connection is gone. */
  async raw(bytes: Uint8Array): Promise<void> {
    if (this.isClosed || this.#socket.destroyed || !this.#socket.writable) return;
    if (!this.#socket.write(bytes)) await Promise.race([once(this.#socket, "drain"), once(this.#socket, "close")]).catch(() => {});
  }
  say(type: MessageType, options: Options, skew = 0): Promise<void> {
    const xid = this.#xid;
    this.#xid += 1;
    return this.raw(encodeMessage({ type, xid, time: Math.floor(Date.now() / 1000) + skew, options }));
  }
  async hears(type: MessageType, milliseconds = 5_000): Promise<FailoverMessage> {
    return eventually(
      () => this.heard.find((message) => message.type === type),
      milliseconds,
      () => `no ${type}; heard ${this.heard.map((message) => message.type)}`,
    );
  }
  async closes(milliseconds = 5_000): Promise<void> {
    await eventually(
      () => this.isClosed,
      milliseconds,
      () => "the connection stays open",
    );
  }
  /** Reads nothing more. */
  stall(): void {
    this.#socket.pause();
  }
  end(): void {
    this.#socket.destroy();
    this.isClosed = true;
  }
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
/** What a primary's CONNECT says, with changes. */
export const connectTerms = (changes: Options = {}): Options => ({
  relationshipName: text("lab"),
  maxUnackedBndupd: 10,
  receiveTimer: 30,
  vendorClassIdentifier: "isc-4.4.3-P1",
  protocolVersion: 1,
  tlsRequest: 0,
  mclt: 20,
  hashBucketAssignment: new Uint8Array(32).fill(85),
  ...changes,
});
