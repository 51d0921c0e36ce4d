import type { AgentConfig } from "../config/agent-config.ts";
import { type ListeningSockets, refitSockets } from "../rim/datagram-port.ts";
import { findInterface, listInterfaces, type NetworkInterface } from "../rim/interfaces.ts";
import { interfaceIndex } from "../rim/linux-sockets.ts";
import type { Logger } from "../rim/logger.ts";
import { chooseInterfaces } from "./choose-interfaces.ts";
import { listeningLines, type OpenedNetwork } from "./start-agent.ts";

/** How often it is looked whether an interface that is served went away or is back. Milliseconds. */
const LOOK_MILLIS = 2000;

export interface ServingPorts {
  /** Serves these from here on, by these sockets; `left` are those that nobody needs any more. */
  use(sockets: ListeningSockets, interfaces: readonly NetworkInterface[], left: readonly number[]): void;
  readonly log: Pick<Logger, "line">;
}

/** The interfaces that are served, followed as they come and go: all of them at a reload, those that were served at any time. */
export class ServedInterfaces {
  readonly #requested: readonly string[];
  readonly #ports: ServingPorts;
  readonly #port: number;
  #config: AgentConfig;
  #sockets: ListeningSockets;
  #serving: readonly NetworkInterface[];
  /** Names of those that were served and are gone. */
  readonly #gone = new Set<string>();
  readonly #timer: NodeJS.Timeout;

  /** `requested`: the names on the command line; none means all that a subnet declaration covers. */
  constructor(network: OpenedNetwork, config: AgentConfig, requested: readonly string[], ports: ServingPorts) {
    this.#requested = requested;
    this.#ports = ports;
    this.#port = network.port;
    this.#config = config;
    this.#sockets = network.opened.sockets;
    this.#serving = network.interfaces;
    this.#timer = setInterval(() => this.#look(), LOOK_MILLIS);
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Looks at all interfaces again, as the start does: those that appeared are served, those that the configuration leaves out no more. */
  reload(config: AgentConfig): void {
    this.#config = config;
    const requested = this.#requested.map((name) => findInterface(name));
    const choice = chooseInterfaces(config, listInterfaces(), requested);
    if (!choice.ok) {
      this.#ports.log.line("error", `${choice.error}: the interfaces that are served stay as they are.`);
      return;
    }
    this.#serve(choice.value.serving);
  }

  /** One that is served and has another number than before, or none, was taken away. */
  #look(): void {
    const changed = this.#serving.filter(({ name, index }) => interfaceIndex(name) !== index);
    const isBack = [...this.#gone].some((name) => interfaceIndex(name) !== 0);
    if (changed.length === 0 && !isBack) return;
    for (const { name } of changed) this.#gone.add(name);
    const names = [...this.#serving.map(({ name }) => name), ...this.#gone];
    const present = [...new Set(names)]
      .map((name) => findInterface(name))
      .filter(({ index, addresses }) => index !== 0 && addresses.length > 0);
    const choice = chooseInterfaces(this.#config, present, present);
    const chosen = choice.ok && present.length > 0 ? choice.value.serving : [];
    const isNew = chosen.some(({ networkInterface }) => !this.#serving.some(({ index }) => index === networkInterface.index));
    if (changed.length > 0 || isNew) this.#serve(chosen);
  }

  #serve(chosen: Parameters<typeof listeningLines>[1]): void {
    const before = this.#serving;
    const failed = new Set<string>();
    const { sockets, left } = refitSockets(
      this.#sockets,
      this.#port,
      chosen.map(({ networkInterface }) => networkInterface),
      ({ name }, error) => {
        failed.add(name);
        this.#ports.log.line("error", `Can't listen on ${name}: ${error.message}`);
      },
    );
    const served = chosen.filter(({ networkInterface }) => !failed.has(networkInterface.name));
    this.#sockets = sockets;
    this.#serving = served.map(({ networkInterface }) => networkInterface);
    this.#ports.use(sockets, this.#serving, left);
    for (const { name, index } of before)
      if (!this.#serving.some((each) => each.index === index)) this.#ports.log.line("warn", `No longer listening on ${name}.`);
    const fresh = served.filter(({ networkInterface }) => !before.some(({ index }) => index === networkInterface.index));
    for (const { networkInterface } of fresh) this.#gone.delete(networkInterface.name);
    for (const text of listeningLines(sockets.mode, fresh)) this.#ports.log.line("info", text);
  }
}
