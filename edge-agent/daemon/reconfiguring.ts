import type { LedgerSetting } from "../agent/ledger-setting.ts";
import type { AgentConfig, HostTable } from "../config/agent-config.ts";
import { decodeDeclaration, type RecordedDeclaration } from "../leases/lease-file/types.ts";
import type { LmdbStore } from "../rim/lmdb-store.ts";
import { Configuration } from "./configuration.ts";
import type { AgentLedger } from "./ledger.ts";
import type { ServedInterfaces } from "./served-interfaces.ts";
import type { StartContext } from "./start-agent.ts";

/** How the configuration of a running agent changes. */
export type AgentChange =
  | { readonly kind: "config"; readonly config: AgentConfig }
  | { readonly kind: "hosts"; readonly hosts: HostTable; readonly name: string }
  | { readonly kind: "ledger-settings"; readonly settings: readonly LedgerSetting[] };

export interface ReconfiguringPorts {
  /** What was declared at run time, as it is stored. */
  readonly declarations: () => readonly RecordedDeclaration[];
  readonly emit: (change: AgentChange) => void;
  readonly ledger: AgentLedger | undefined;
  readonly served: ServedInterfaces;
}

/** The configuration in force, and what replaces it: one change after the other, in the order in which they were asked for. */
export class Reconfiguring {
  readonly #context: StartContext;
  readonly #ports: ReconfiguringPorts;
  #inForce: Configuration;
  #last: Promise<unknown> = Promise.resolve();
  #underWay = 0;
  /** A change that waits for its turn takes all declarations there are then. */
  #willDeclare = false;

  constructor(context: StartContext, ports: ReconfiguringPorts) {
    this.#context = context;
    this.#ports = ports;
    this.#inForce = context.configuration;
  }

  get config(): AgentConfig {
    return this.#inForce.config;
  }

  /** Reads the configuration anew; gives what to say about it. */
  reload(): Promise<{ readonly ok: boolean; readonly message: string }> {
    return this.#inTurn(() => this.#reload());
  }

  /** Looks host names of the configuration up again, and takes addresses that have changed. The files are not read again. */
  lookUpNames(which: "all" | "missing"): Promise<void> {
    return this.#inTurn(async () => {
      if (!(await this.#inForce.lookUpNames(which))) return;
      const { declarations, emit } = this.#ports;
      if (declarations().length > 0) await this.#inForce.declare(declarations());
      emit({ kind: "config", config: this.config });
      this.#context.log.line("info", "Host names of the configuration have other addresses: these are in use.");
    });
  }

  /** A declaration made at run time is stored: it comes into force, and of the configuration's files nothing is read again. */
  declared(declaration: RecordedDeclaration): void {
    const hosts = this.#underWay === 0 ? this.#inForce.declareHost(declaration) : undefined;
    if (hosts !== undefined) this.#ports.emit({ kind: "hosts", hosts, name: declaration.name });
    else if (!this.#willDeclare) {
      this.#willDeclare = true;
      void this.#inTurn(async () => {
        this.#willDeclare = false;
        await this.#inForce.declare(this.#ports.declarations());
        this.#ports.emit({ kind: "config", config: this.config });
      });
    }
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    this.#underWay += 1;
    const done = this.#last.then(change).finally(() => {
      this.#underWay -= 1;
    });
    this.#last = done.catch(() => undefined);
    return done;
  }

  async #reload(): Promise<{ readonly ok: boolean; readonly message: string }> {
    const { paths, log } = this.#context;
    const { declarations, emit, ledger, served } = this.#ports;
    log.line("info", `Reading ${paths.configFile} again.`);
    const next = await Configuration.read(paths.configFile, log);
    if (next === undefined) {
      log.line("error", "The configuration was not changed: the one in use stays.");
      return { ok: false, message: `${paths.configFile} has errors, which are in the log: the configuration in use stays` };
    }
    if (declarations().length > 0) await next.declare(declarations());
    this.#inForce = next;
    const { config } = next;
    emit({ kind: "config", config });
    log.line("info", `The configuration of ${paths.configFile} is in use.`);
    served.reload(config);
    const settings = await ledger?.reread(config);
    if (settings?.ok === true) emit({ kind: "ledger-settings", settings: settings.value });
    if (settings?.ok === false) {
      log.line("error", `The settings of the ledger were not changed: ${settings.error}`);
      return {
        ok: false,
        message: `the configuration of ${paths.configFile} is in use, but the ledger's settings stay: ${settings.error}`,
      };
    }
    return { ok: true, message: `the configuration of ${paths.configFile} is in use` };
  }
}

/** Hosts and groups made over OMAPI, as they are kept. */
export const declarationsIn = (store: LmdbStore): readonly RecordedDeclaration[] =>
  ["group/", "host/"].flatMap((prefix) =>
    [...store.records(prefix)].flatMap((value) => {
      const declaration = decodeDeclaration(value);
      return declaration === undefined ? [] : [declaration];
    }),
  );
