import type { AgentEvent } from "../agent/event.ts";
import type { LedgerEffect } from "../agent/service-events.ts";
import type { AgentOptions } from "../cli.ts";
import type { StoreWrite } from "../leases/store-write.ts";
import { ACT_MILLIS } from "../ledger/lengths.ts";
import { CLOCK_RECORD, type LeaseClock } from "../rim/clock.ts";
import { closeListeningSockets, DatagramReceiver, type ListeningSockets } from "../rim/datagram-port.ts";
import { DatagramSender } from "../rim/datagram-sender.ts";
import { CommandRunner } from "../rim/execute.ts";
import { type FailoverAddresses, FailoverTcp, lookUpName } from "../rim/failover-tcp.ts";
import { IcmpProbe } from "../rim/icmp-probe.ts";
import type { NetworkInterface } from "../rim/interfaces.ts";
import { bootMillis } from "../rim/linux-sockets.ts";
import type { Logger } from "../rim/logger.ts";
import type { Metrics } from "../rim/metrics-http.ts";
import { findNameByResolver, ReverseLookup } from "../rim/reverse-lookup.ts";
import { Loop } from "../runtime/loop.ts";
import type { Machine } from "../runtime/loop-ports.ts";
import type { Store } from "../runtime/ports.ts";
import type { Ipv4Address } from "../values/ipv4.ts";
import { performEffect } from "./perform.ts";
import type { Services } from "./services.ts";

const TOO_LATE = "answers that would have left more than 5 seconds after the question";

/** Everything opened that an agent runs on. */
export interface AgentParts<State> {
  readonly options: Pick<AgentOptions, "allowExecute">;
  readonly machine: Machine<State>;
  readonly initial: State;
  readonly store: Store;
  readonly clock: LeaseClock;
  readonly sockets: ListeningSockets;
  readonly icmpSocket: number | undefined;
  readonly interfaces: readonly NetworkInterface[];
  readonly port: number;
  readonly broadcastAddress: Ipv4Address;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** The failover relationships as configured at the moment; absent without any. */
  readonly failoverPeers?: (() => readonly FailoverAddresses[]) | undefined;
  /** Is a partner of our own kind in NORMAL with us: the one of this relationship, or any? */
  sharesWithTandem?(state: State, relationship?: string): boolean;
  /** These writes are on disk. */
  onCommitted(writes: readonly StoreWrite[]): void;
  /** Control socket, OMAPI and DNS updates. */
  readonly services?: Services | undefined;
  /** Undefined without a ledger. */
  readonly ledger?: { perform(effect: LedgerEffect): void } | undefined;
  /** Our own fault: say so and end. */
  onBug(error: unknown): void;
}

const SAVE_CLOCK_MILLIS = 60_000;
/** Failed commits are told at the first, and then at most this often. */
const COMPLAIN_MILLIS = 10_000;
const COUNT_MILLIS = 10_000;
const DRAIN_MILLIS = 5000;
/** With so many events waiting, nothing more is read from partners. */
const MOST_QUEUED = 2048;

/** A running agent: sockets, loop and store joined. */
export class AgentProcess<State> {
  readonly loop: Loop<State>;
  readonly #parts: AgentParts<State>;
  readonly #receiver: DatagramReceiver;
  readonly #sender: DatagramSender;
  #sockets: ListeningSockets;
  readonly #probe: IcmpProbe;
  readonly #names: ReverseLookup;
  readonly #failover: FailoverTcp | undefined;
  readonly #timers: NodeJS.Timeout[];
  readonly #refused = new Map<string, number>();
  #failingSince: number | undefined;
  #lastComplaint = Number.NEGATIVE_INFINITY;
  #countedDrops = 0;

  constructor(parts: AgentParts<State>) {
    this.#parts = parts;
    const { sockets, interfaces, store, clock, logger, metrics } = parts;
    this.#sockets = sockets;
    this.#sender = new DatagramSender(sockets, interfaces, {
      port: parts.port,
      broadcastAddress: parts.broadcastAddress,
      // whoever has the answer can read the line that tells of it, as with dhcpd
      beforeSend: () => logger.flush(),
      onRefused: (count, error) => this.#refuse(`send ${error}`, count),
    });
    this.#probe = new IcmpProbe(parts.icmpSocket, bootMillis, (address, answered) =>
      this.take({ kind: "probe-result", address, answered, at: clock.instant() }),
    );
    const onFailed = (line: string): void => logger.line("warn", line);
    const commands = parts.options.allowExecute ? new CommandRunner(onFailed) : undefined;
    this.#failover = this.#openFailover(parts);
    this.#names = new ReverseLookup(findNameByResolver, (id, name) => this.take({ kind: "name-result", id, name, at: clock.instant() }));
    const performers = {
      sender: this.#sender,
      probe: this.#probe,
      names: this.#names,
      logger,
      metrics,
      commands,
      failover: this.#failover,
      services: parts.services,
      ledger: parts.ledger,
    };
    this.loop = new Loop(parts.machine, parts.initial, {
      store,
      clock,
      defer: setImmediate,
      later: (millis, task) => setTimeout(task, millis),
      perform: (effect) => performEffect(performers, effect),
      committed: parts.onCommitted,
      flush: () => {
        logger.flush();
        this.#sender.flush();
      },
      latest: parts.ledger === undefined ? undefined : { millis: ACT_MILLIS, dropped: (count) => this.#refuse(TOO_LATE, count) },
      onCommitTrouble: (failures, reason) => this.#commitTrouble(failures, reason),
      onBug: parts.onBug,
    });
    let at = clock.instant();
    this.#receiver = new DatagramReceiver(sockets, interfaces, {
      onRead: () => {
        this.#failover?.handOver();
        at = clock.instant();
      },
      onDatagram: (datagram) => this.loop.enqueue({ ...datagram, at }),
      onRefused: (reason) => this.#refuse(`receive ${reason}`, 1),
      isPaired: () => this.#sharesWithTandem(),
    });
    this.#timers = [setInterval(() => void this.#saveClock(), SAVE_CLOCK_MILLIS), setInterval(() => this.#tell(), COUNT_MILLIS)];
    this.#gauges();
    this.loop.start();
    void this.#saveClock();
  }

  /** Leases can be stored. */
  get healthy(): boolean {
    return this.#failingSince === undefined;
  }

  /** Serves these interfaces from here on, by these sockets; those of `left` are closed. */
  useInterfaces(sockets: ListeningSockets, interfaces: readonly NetworkInterface[], left: readonly number[]): void {
    this.#sockets = sockets;
    this.#sender.use(sockets, interfaces);
    this.#receiver.use(sockets, interfaces, left);
  }

  take(event: AgentEvent): void {
    this.loop.enqueue(event);
  }

  /** Hears nothing more, finishes what it heard, and saves the clock. The store is still open. */
  async stop(): Promise<void> {
    this.#receiver.close();
    for (const timer of this.#timers) clearInterval(timer);
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, DRAIN_MILLIS);
    });
    await Promise.race([this.loop.idle(), tooLong]);
    clearTimeout(timer);
    this.loop.stop();
    this.#sender.close();
    closeListeningSockets(this.#sockets);
    this.#probe.close();
    this.#names.close();
    this.#failover?.close();
    await this.#saveClock();
    this.#tell();
  }

  #openFailover({ failoverPeers, clock, logger }: AgentParts<State>): FailoverTcp | undefined {
    if (failoverPeers === undefined) return undefined;
    return new FailoverTcp({
      peers: failoverPeers,
      emit: (event) => this.take({ ...event, at: clock.instant() }),
      resolve: lookUpName,
      isBusy: () => this.loop.queued > MOST_QUEUED,
      mayWait: (peer) => this.#sharesWithTandem(peer),
      warn: (text) => logger.line("warn", text),
    });
  }

  #sharesWithTandem(relationship?: string): boolean {
    return this.#parts.sharesWithTandem?.(this.loop.state, relationship) === true;
  }

  async #saveClock(): Promise<void> {
    const { store, clock } = this.#parts;
    try {
      store.apply([{ kind: "record", key: CLOCK_RECORD, value: clock.record() }]);
      await store.commit();
    } catch {
      // The disk refuses: leases will say so, and the clock's record can wait.
    }
  }

  #commitTrouble(failures: number, reason: string): void {
    const { logger } = this.#parts;
    const now = bootMillis();
    if (failures === 0) {
      const since = Math.round((now - (this.#failingSince ?? now)) / 1000);
      this.#failingSince = undefined;
      this.#lastComplaint = Number.NEGATIVE_INFINITY;
      logger.line("info", `Leases can be stored again, after ${since} seconds: serving goes on.`);
      return;
    }
    this.#failingSince ??= now;
    if (now - this.#lastComplaint < COMPLAIN_MILLIS) return;
    this.#lastComplaint = now;
    logger.line("error", `Leases cannot be stored (${reason}): what would need storing is not answered until that works again.`);
  }

  #refuse(what: string, count: number): void {
    this.#refused.set(what, (this.#refused.get(what) ?? 0) + count);
    this.#parts.metrics.count("datagrams_refused", { reason: what }, count);
  }

  /** Says, every ten seconds at most, what was refused or dropped since the last time. */
  #tell(): void {
    const { logger, metrics } = this.#parts;
    for (const [what, count] of this.#refused) logger.line("warn", `${count} datagrams refused: ${what}`);
    this.#refused.clear();
    const dropped = this.loop.droppedDatagrams - this.#countedDrops;
    this.#countedDrops = this.loop.droppedDatagrams;
    if (dropped === 0) return;
    metrics.count("datagrams_dropped", {}, dropped);
    logger.line("warn", `${dropped} datagrams dropped: more came than can be served`);
  }

  #gauges(): void {
    const { metrics } = this.#parts;
    metrics.gauge("queued_events", "Events waiting to be served.", () => this.loop.queued);
    metrics.gauge("store_healthy", "1 while leases can be stored.", () => (this.healthy ? 1 : 0));
  }
}
