import { lookup } from "node:dns/promises";
import { createServer, isIPv4, type Server, Socket } from "node:net";
import type { FailoverEffect } from "../failover/effect.ts";
import type { FailoverEvent, LinkId } from "../failover/event.ts";

/** The part of a relationship's configuration that sockets need. */
export interface FailoverAddresses {
  readonly name: string;
  readonly role: "primary" | "secondary";
  /** Where we listen and whence we connect; undefined is every address. */
  readonly address: string | undefined;
  readonly port: number;
  readonly peerAddress: string;
  readonly peerPort: number;
}

export interface FailoverTcpPorts {
  /** The relationships as configured at this moment. */
  peers(): readonly FailoverAddresses[];
  /** Takes an event in. */
  emit(event: FailoverEvent): void;
  /** The IPv4 addresses of a name; rejects if there are none. */
  resolve(name: string): Promise<readonly string[]>;
  /** True while what was received is not worked off: then nothing more is read. */
  isBusy(): boolean;
  /** May what comes from this partner wait until clients are heard, so that both are one step, one commit and one answer? */
  mayWait(peer: string): boolean;
  /** Milliseconds since whenever. */
  now?(): number;
  warn(text: string): void;
}

/** Asks the system for the IPv4 addresses of a name. */
export const lookUpName = async (name: string): Promise<readonly string[]> =>
  (await lookup(name, { all: true, family: 4 })).map(({ address }) => address);

type SocketEffect = Extract<FailoverEffect, { readonly kind: `failover-${string}` }>;

/** Connections of one relationship at a time; two are normal while both servers connect. */
const MOST_CONNECTIONS = 4;
const LISTEN_RETRY_MILLIS = 5_000;
const BUSY_RETRY_MILLIS = 10;
/** After so small a piece, messages are gathered for a moment: fewer steps, commits and answers. */
const SMALL_BYTES = 16_384;
const GATHER_MILLIS = 3;
/** What follows on something else within so long may wait for {@link FailoverTcp.handOver}, and that is how long. */
const CLOSE_MILLIS = 30;
const HELD_MILLIS = 12;
/** A partner that does not read gets no more than that. */
const MOST_UNSENT_BYTES = 8 * 1024 * 1024;
/** A connection that has not come about by then is tried anew: a SYN into a cut link would be repeated ever more rarely. */
const DIAL_MILLIS = 5_000;
/** How long a closing connection may take to send its last words. */
const LINGER_MILLIS = 2_000;

interface Open {
  readonly socket: Socket;
  readonly peer: string;
  /** To be written when what is being performed is done: in one system call and few segments, however many messages it is. */
  waiting: Uint8Array[];
  /** Received and not told of yet; nothing more is read meanwhile. */
  held: Uint8Array | undefined;
  /** When something came last. */
  heardAt: number;
}

/** The TCP connections with failover partners: happenings become events, effects become happenings. */
export class FailoverTcp {
  readonly #ports: FailoverTcpPorts;
  readonly #servers = new Map<string, Server>();
  readonly #open = new Map<LinkId, Open>();
  /** Addresses that partners' names stood for when last asked. */
  readonly #known = new Map<string, readonly string[]>();
  readonly #dialling = new Set<Socket>();
  /** Failed attempts by relationship: a partner with several addresses is tried at each in turn. */
  readonly #failed = new Map<string, number>();
  #held: [LinkId, Open][] = [];
  #nextLink = 1;
  #closed = false;

  constructor(ports: FailoverTcpPorts) {
    this.#ports = ports;
  }

  /** Carries out one effect; never throws, never waits. */
  perform(effect: SocketEffect): void {
    if (this.#closed) return;
    switch (effect.kind) {
      case "failover-listen":
        this.#listen(effect.peer);
        return;
      case "failover-dial":
        void this.#dial(effect.peer);
        return;
      case "failover-send":
        this.#send(effect.link, effect.bytes);
        return;
      case "failover-close":
        this.#close(effect.link);
        return;
    }
  }

  /** Tells of what has been held back: something else is about to be worked off, and takes it along. */
  handOver(): void {
    if (this.#held.length === 0) return;
    const held = this.#held;
    this.#held = [];
    for (const [link, open] of held) this.#release(link, open);
  }

  /** Ends all connections and listeners; what was sent still goes out. */
  close(): void {
    this.#closed = true;
    for (const server of this.#servers.values()) server.close();
    for (const socket of this.#dialling) socket.destroy();
    for (const link of [...this.#open.keys()]) this.#close(link);
  }

  #peer(name: string): FailoverAddresses | undefined {
    return this.#ports.peers().find((each) => each.name === name);
  }

  #listen(name: string): void {
    const peer = this.#peer(name);
    if (peer === undefined) return;
    void this.#resolve(peer);
    const key = `${peer.address ?? "0.0.0.0"}:${peer.port}`;
    if (this.#servers.has(key)) return;
    const server = createServer({ pauseOnConnect: true, noDelay: true }, (socket) => void this.#accept(key, socket));
    this.#servers.set(key, server);
    server.maxConnections = 64;
    server.on("error", (error) => {
      this.#ports.warn(`failover: can't listen on ${key}: ${error.message}; trying again`);
      this.#servers.delete(key);
      server.close();
      if (!this.#closed) setTimeout(() => this.#listen(name), LISTEN_RETRY_MILLIS).unref();
    });
    server.listen(peer.port, peer.address ?? "0.0.0.0", 8);
  }

  /** Takes a connection in if it comes from a partner; others are closed before a byte is read. */
  async #accept(listener: string, socket: Socket): Promise<void> {
    socket.on("error", () => {});
    const from = socket.remoteAddress ?? "";
    const here = this.#ports.peers().filter((peer) => `${peer.address ?? "0.0.0.0"}:${peer.port}` === listener);
    const candidates: FailoverAddresses[] = [];
    for (const peer of here) if ((await this.#resolve(peer)).includes(from)) candidates.push(peer);
    const count = (peer: FailoverAddresses) => [...this.#open.values()].filter((open) => open.peer === peer.name).length;
    // several relationships with one partner: the one with fewest connections, until its CONNECT says which
    const peer = candidates.filter((each) => count(each) < MOST_CONNECTIONS).sort((left, right) => count(left) - count(right))[0];
    if (peer === undefined || socket.destroyed || this.#closed) {
      if (!this.#closed) this.#ports.warn(`failover: connection from ${from} refused: no partner has that address`);
      socket.destroy();
      return;
    }
    this.#adopt(socket, peer.name, "accepted");
  }

  async #dial(name: string): Promise<void> {
    const peer = this.#peer(name);
    const targets = peer === undefined ? [] : await this.#resolve(peer);
    const attempt = this.#failed.get(name) ?? 0;
    const target = targets[attempt % targets.length];
    if (this.#closed) return;
    if (peer === undefined || target === undefined) {
      this.#ports.emit({ kind: "failover-dial-failed", peer: name, reason: "the partner's address is not known", local: true });
      return;
    }
    const socket = new Socket();
    this.#dialling.add(socket);
    const failed = (error: NodeJS.ErrnoException) => {
      if (!this.#dialling.delete(socket)) return;
      this.#failed.set(name, attempt + 1);
      socket.setTimeout(0);
      socket.destroy();
      const local = error.code === "EADDRNOTAVAIL" || error.code === "ENETUNREACH";
      if (!this.#closed) this.#ports.emit({ kind: "failover-dial-failed", peer: name, reason: error.message, local });
    };
    socket.on("error", failed);
    socket.setTimeout(DIAL_MILLIS, () => failed(new Error(`no answer from ${target} in ${DIAL_MILLIS / 1000} seconds`)));
    socket.once("connect", () => {
      this.#dialling.delete(socket);
      this.#failed.delete(name);
      socket.setTimeout(0);
      socket.off("error", failed);
      socket.on("error", () => {});
      socket.setNoDelay(true);
      this.#adopt(socket, name, "dialled");
    });
    const from = peer.address !== undefined && isIPv4(peer.address) ? { localAddress: peer.address } : {};
    socket.connect({ host: target, port: peer.peerPort, ...from });
  }

  #adopt(socket: Socket, peer: string, direction: "dialled" | "accepted"): void {
    const link = this.#nextLink;
    this.#nextLink += 1;
    const open: Open = { socket, peer, waiting: [], held: undefined, heardAt: Number.NEGATIVE_INFINITY };
    this.#open.set(link, open);
    let reason = "closed by partner";
    socket.on("error", (error) => {
      reason = error.message;
    });
    socket.on("data", (bytes) => {
      socket.pause();
      this.#heard(link, open, bytes);
    });
    socket.on("end", () => socket.end());
    socket.on("close", () => {
      this.#release(link, open);
      // a connection that we closed ourselves is not told of
      if (this.#open.delete(link) && !this.#closed) this.#ports.emit({ kind: "failover-link-closed", peer, link, reason });
    });
    this.#ports.emit({ kind: "failover-link-opened", peer, link, direction });
    socket.resume();
  }

  /** The first word after silence, and much at once, is told of at once; what else comes from one of our own kind goes with the next clients. */
  #heard(link: LinkId, open: Open, bytes: Uint8Array): void {
    const { socket, peer } = open;
    const now = this.#ports.now?.() ?? performance.now();
    const isClose = now - open.heardAt < CLOSE_MILLIS;
    open.heardAt = now;
    if (bytes.length < SMALL_BYTES && isClose && this.#ports.mayWait(peer)) {
      open.held = bytes;
      this.#held.push([link, open]);
      setTimeout(() => open.held === bytes && this.handOver(), HELD_MILLIS);
      return;
    }
    this.#ports.emit({ kind: "failover-bytes", peer, link, bytes });
    if (bytes.length < SMALL_BYTES) setTimeout(() => this.#readOn(socket), GATHER_MILLIS);
    else setImmediate(() => this.#readOn(socket));
  }

  #release(link: LinkId, open: Open): void {
    const { held: bytes, peer, socket } = open;
    if (bytes === undefined) return;
    open.held = undefined;
    if (this.#closed || !this.#open.has(link)) return;
    this.#ports.emit({ kind: "failover-bytes", peer, link, bytes });
    this.#readOn(socket);
  }

  /** Reads on when the rest of the agent has had its turn. */
  #readOn(socket: Socket): void {
    if (socket.destroyed) return;
    if (this.#ports.isBusy()) setTimeout(() => this.#readOn(socket), BUSY_RETRY_MILLIS);
    else socket.resume();
  }

  #send(link: LinkId, bytes: Uint8Array): void {
    const open = this.#open.get(link);
    if (open === undefined || open.socket.destroyed || open.socket.writableEnded) return;
    if (open.waiting.push(bytes) === 1) process.nextTick(() => this.#write(open));
  }

  #write(open: Open): void {
    const { socket, waiting } = open;
    const [first] = waiting;
    if (first === undefined || socket.destroyed || socket.writableEnded) return;
    open.waiting = [];
    socket.write(waiting.length === 1 ? first : Buffer.concat(waiting));
    if (socket.writableLength > MOST_UNSENT_BYTES) socket.destroy(new Error("the partner does not read"));
  }

  #close(link: LinkId): void {
    const open = this.#open.get(link);
    this.#open.delete(link);
    if (open === undefined || open.socket.destroyed) return;
    this.#write(open);
    const { socket } = open;
    socket.removeAllListeners("data");
    socket.resume();
    socket.end();
    setTimeout(() => socket.destroy(), LINGER_MILLIS).unref();
  }

  /** The partner's addresses; those known before if its name can not be resolved at the moment. */
  async #resolve(peer: FailoverAddresses): Promise<readonly string[]> {
    const { peerAddress } = peer;
    if (isIPv4(peerAddress)) return [peerAddress];
    try {
      const found = await this.#ports.resolve(peerAddress);
      this.#known.set(peerAddress, found);
      return found;
    } catch {
      return this.#known.get(peerAddress) ?? [];
    }
  }
}
