import type { LinkId } from "../../edge-agent/failover/event.ts";
import { EMPTY_STREAM, takeFrames } from "../../edge-agent/failover/wire/frame.ts";
import { decodeMessage, encodeMessage } from "../../edge-agent/failover/wire/message.ts";
import { PEER_NAME } from "./config-text.ts";
import type { Machine, MachineWorld, Process } from "./machine.ts";

/** A TCP connection between the servers: two ends, two streams. */
interface Connection {
  readonly ends: readonly [End, End];
}
interface End {
  readonly id: LinkId;
  readonly machine: Machine;
  readonly process: Process;
  open: boolean;
  /** Bytes on their way to this end, oldest first; undefined is the end of the stream. */
  readonly incoming: { readonly at: number; readonly bytes: Uint8Array | undefined }[];
  delivering: boolean;
}

/** What our agent sends, as dhcpd would say who it is: so the other side takes it for one, and keeps to what dhcpd can bear. */
function inStockDress(bytes: Uint8Array): Uint8Array {
  const { frames } = takeFrames(EMPTY_STREAM, bytes);
  const dressed = frames.map((frame) => {
    const message = decodeMessage(frame);
    if (!message.ok || message.value.options.vendorClassIdentifier === undefined) return frame;
    return encodeMessage({ ...message.value, options: { ...message.value.options, vendorClassIdentifier: "isc-V4.4.3" } });
  });
  return Uint8Array.from(dressed.flatMap((frame) => [...frame]));
}

const DIAL_TIMEOUT_MILLIS = 10_000;
const RETRANSMISSION_MILLIS = 1_000;

/**
 * The network between the two servers. A cut direction delivers nothing; what was sent waits, as TCP would send it again.
 * A machine without power answers nothing; one whose process has gone resets connections that still send to it.
 */
export class PeerNetwork {
  readonly #world: MachineWorld;
  readonly #machines: readonly Machine[];
  #delay: number;
  readonly #connections = new Map<LinkId, { readonly connection: Connection; readonly side: 0 | 1 }>();
  readonly #listening = new Set<Process>();
  /** [from][to]: nothing gets through. */
  readonly cut = [false, false];
  /** Machines without power. */
  readonly dark = new Set<Machine>();
  #nextId = 1;

  constructor(world: MachineWorld, machines: readonly Machine[], delay: number) {
    this.#world = world;
    this.#machines = machines;
    this.#delay = delay;
  }

  get whole(): boolean {
    return !this.cut[0] && !this.cut[1];
  }
  /** A link that is slower than leases are renewed would never bring the two to rest. */
  speedUp(): void {
    this.#delay = Math.min(this.#delay, 50);
  }
  listen(machine: Machine): void {
    if (machine.process !== undefined) this.#listening.add(machine.process);
  }

  dial(from: Machine): void {
    const to = this.#machines.find((machine) => machine !== from);
    const dialler = from.process;
    if (to === undefined || dialler === undefined) return;
    const { agenda, random } = this.#world;
    const fail = (wait: number, reason: string) =>
      agenda.after(wait, () => {
        if (from.process === dialler) from.take({ kind: "failover-dial-failed", peer: PEER_NAME, reason, local: false });
      });
    agenda.after(random.unit() * this.#delay, () => {
      if (!this.whole || this.dark.has(to)) return fail(DIAL_TIMEOUT_MILLIS, "timed out");
      const listener = to.process;
      if (listener === undefined || !this.#listening.has(listener)) return fail(1, "connection refused");
      if (from.process !== dialler) return;
      const id = this.#nextId;
      this.#nextId += 2;
      const end = (each: LinkId, machine: Machine, process: Process): End => ({
        id: each,
        machine,
        process,
        open: true,
        incoming: [],
        delivering: false,
      });
      const connection: Connection = { ends: [end(id, from, dialler), end(id + 1, to, listener)] };
      this.#connections.set(id, { connection, side: 0 });
      this.#connections.set(id + 1, { connection, side: 1 });
      to.take({ kind: "failover-link-opened", peer: PEER_NAME, link: id + 1, direction: "accepted" });
      from.take({ kind: "failover-link-opened", peer: PEER_NAME, link: id, direction: "dialled" });
    });
  }

  send(link: LinkId, bytes: Uint8Array): void {
    const found = this.#connections.get(link);
    if (found?.connection.ends[found.side].open !== true) return;
    const asStock = found.connection.ends.some(({ machine }) => machine.dress === "stock");
    this.#push(found.connection, found.side, asStock ? inStockDress(bytes) : bytes);
  }
  close(link: LinkId): void {
    const found = this.#connections.get(link);
    if (found === undefined) return;
    const end = found.connection.ends[found.side];
    if (!end.open) return;
    end.open = false;
    this.#push(found.connection, found.side, undefined);
  }
  /** The process of `machine` has died; a kernel that lives says so to the partner, one without power says nothing. */
  processGone(machine: Machine, silently: boolean): void {
    for (const { connection, side } of this.#connections.values()) {
      const end = connection.ends[side];
      if (end.machine !== machine || !end.open) continue;
      end.open = false;
      // what was written but not yet sent may be lost with the process
      const { incoming } = connection.ends[1 - side]!;
      if (this.#world.random.chance(0.5)) incoming.splice(this.#world.random.below(incoming.length + 1));
      if (!silently) this.#push(connection, side, undefined);
    }
    this.#tidy();
  }
  /** Something in between resets every connection. */
  reset(): void {
    for (const { connection } of [...this.#connections.values()]) {
      for (const end of connection.ends) {
        end.incoming.length = 0;
        this.#closed(end, "connection reset");
      }
    }
    this.#tidy();
  }

  #push(connection: Connection, side: 0 | 1, bytes: Uint8Array | undefined): void {
    const receiver = connection.ends[side === 0 ? 1 : 0];
    const last = receiver.incoming.at(-1)?.at ?? 0;
    const at = Math.max(last, this.#world.agenda.now + this.#world.random.unit() * this.#delay);
    receiver.incoming.push({ at, bytes });
    this.#deliver(connection, receiver);
  }

  #deliver(connection: Connection, receiver: End): void {
    const next = receiver.incoming[0];
    if (next === undefined || receiver.delivering) return;
    receiver.delivering = true;
    this.#world.agenda.at(next.at, () => this.#arrive(connection, receiver));
  }

  #arrive(connection: Connection, receiver: End): void {
    receiver.delivering = false;
    const sender = connection.ends[0] === receiver ? connection.ends[1] : connection.ends[0];
    // closed at both ends, it has nothing to say to anybody
    if (!sender.open && !receiver.open) receiver.incoming.length = 0;
    const next = receiver.incoming[0];
    if (next === undefined) return;
    const index = this.#machines.indexOf(sender.machine);
    if (this.cut[index] === true || this.dark.has(receiver.machine) || (this.dark.has(sender.machine) && sender.open)) {
      receiver.delivering = true;
      this.#world.agenda.after(RETRANSMISSION_MILLIS, () => this.#arrive(connection, receiver));
      return;
    }
    receiver.incoming.shift();
    if (!receiver.open || receiver.machine.process !== receiver.process) {
      receiver.open = false;
      receiver.incoming.length = 0;
      // the kernel of the receiver knows no such connection: reset, if that can get back
      if (this.cut[1 - index] !== true) this.#closed(sender, "connection reset");
      this.#tidy();
      return;
    }
    if (next.bytes === undefined) this.#closed(receiver, "closed by partner");
    else receiver.machine.take({ kind: "failover-bytes", peer: PEER_NAME, link: receiver.id, bytes: next.bytes });
    this.#deliver(connection, receiver);
  }

  #closed(end: End, reason: string): void {
    if (!end.open) return;
    end.open = false;
    if (end.machine.process === end.process) end.machine.take({ kind: "failover-link-closed", peer: PEER_NAME, link: end.id, reason });
  }

  /** Forgets connections that are closed at both ends. */
  #tidy(): void {
    for (const [id, { connection }] of this.#connections) {
      if (!connection.ends[0].open && !connection.ends[1].open) this.#connections.delete(id);
    }
    for (const process of this.#listening)
      if (!this.#machines.some((machine) => machine.process === process)) this.#listening.delete(process);
  }
}
