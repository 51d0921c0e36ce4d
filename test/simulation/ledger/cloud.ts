import type { RouteName } from "../../../cloud/contract/api.ts";
import type { Item, Key, Query, Write } from "../../../cloud/contract/expression.ts";
import { put } from "../../../cloud/contract/expression.ts";
import { CtlItem, SrvItem } from "../../../cloud/contract/items.ts";
import { type Ledger, LedgerUnavailable, type Page, type WriteOutcome } from "../../../cloud/contract/ledger.ts";
import type { Refused } from "../../../cloud/contract/problem.ts";
import { restoredWrites } from "../../../cloud/contract/restore-expressions.ts";
import { ctlKey, srvKey } from "../../../cloud/contract/tables.ts";
import type { Caller, Deps, Handler, Request } from "../../../cloud/deps.ts";
import { type Change, createEmbeddedTable } from "../../../cloud/embedded/table.ts";
import { registerSite } from "../../../cloud/handlers/register-site.ts";
import { sweep } from "../../../cloud/handlers/sweep.ts";
import type { Agenda } from "../agenda.ts";
import { EPOCH_MILLIS } from "../machine.ts";
import { Prng } from "../prng.ts";
import type { Carry } from "./names.ts";
import type { LedgerSwarm } from "./swarm.ts";
import { Silence, Throttled } from "./wan.ts";

/** The simulated site's name in the ledger. */
export const SITE = "SIM-1";
const SWEEP_MILLIS = 60_000;

/**
 * The cloud: the table as DynamoDB has it (the embedded one, which evaluates the production expressions), the control plane's
 * own handlers, and what is wrong with both. Indexes and reads that are not consistent show the table as it was a while ago.
 */
export class Cloud {
  table = createEmbeddedTable();
  #replica = createEmbeddedTable();
  readonly #agenda: Agenda;
  readonly #random: Prng;
  readonly #swarm: LedgerSwarm;
  readonly deps: Deps;
  /** Nothing in the cloud answers. */
  out = false;
  /** While true nothing is throttled, late or stale. */
  calm = false;
  /** Called after each change, when the whole transaction is in. */
  changed: () => void = () => {};
  /** What the last write or transaction changed. */
  lately: Change[] = [];
  #ids = 0;
  #replicatedAt = 0;

  constructor(agenda: Agenda, seed: number, swarm: LedgerSwarm, trace: (who: string, text: string) => void) {
    this.#agenda = agenda;
    this.#random = new Prng(seed, 31);
    this.#swarm = swarm;
    this.#watch();
    this.deps = {
      ledger: this.ledger((run) => this.#inside(run)),
      now: () => EPOCH_MILLIS + Math.floor(agenda.now) + swarm.cloudSkewSeconds * 1000,
      newId: () => {
        this.#ids += 1;
        return `id-${this.#ids}`;
      },
      cursorKey: "simulation",
      log: { info: (fields, message) => trace("cloud", `${message} ${JSON.stringify(fields)}`), warn: () => {}, error: () => {} },
    };
  }

  #watch(): void {
    this.table.watch((change) => {
      this.lately.push(change);
      if (change.after !== undefined) this.#replicate(change.after as Item & Key);
    });
  }

  /** The table is restored from a copy, and an operator says so before anybody sees it. False if there is no site in the copy. */
  restore(rows: readonly Item[], generation: number): boolean {
    if (!rows.some((row) => row["pk"] === ctlKey(SITE).pk && row["sk"] === ctlKey(SITE).sk)) return false;
    this.table = createEmbeddedTable();
    this.#replica = createEmbeddedTable();
    for (const row of rows) for (const table of [this.table, this.#replica]) table.write(put(row as Item & Key));
    this.#watch();
    const act = { id: this.deps.newId(), at: this.deps.now(), by: "first", note: "the table was lost" };
    const server = (name: "A" | "B") => SrvItem.parse(this.table.get(srvKey(SITE, name)));
    const read = { ctl: CtlItem.parse(this.table.get(ctlKey(SITE))), servers: { A: server("A"), B: server("B") } };
    const outcome = this.#change(() => this.table.transact(restoredWrites(read, generation, act)));
    if (outcome.kind !== "done") throw new Error(`the act is ${outcome.kind}`);
    return true;
  }

  /** Registers the site, and sweeps from then on. */
  begin(mcltSeconds: number, maximumLeaseSeconds: number): void {
    const body = {
      mcltMs: mcltSeconds * 1000,
      maxLeaseMs: Math.max(60, maximumLeaseSeconds + 60) * 1000,
      autonomyMs: this.#swarm.autonomySeconds * 1000,
      names: { A: "primary", B: "secondary" },
      ...{ pools: [], serials: { A: [], B: [] }, foreign: "none" as const },
    };
    const register = (): void => {
      this.handle(registerSite, { params: { site: SITE }, body }, operator("installer")).then((outcome) => {
        if (outcome.kind === "refused" && outcome.code === "LEDGER_BUSY") this.#agenda.after(1000, register);
      });
    };
    register();
    const sweepLater = (): void =>
      this.#agenda.after(SWEEP_MILLIS, () => {
        sweepLater();
        if (this.out) return;
        this.#agenda.stirred();
        sweep(this.deps).then(
          ({ SweepFailures }) => {
            if (SweepFailures > 0) this.#agenda.fail(new Error("the sweep could not look after a site"));
          },
          (error: unknown) => {
            if (!(error instanceof LedgerUnavailable)) this.#agenda.fail(error);
          },
        );
      });
    sweepLater();
  }

  /** Runs a handler of the API, as its function does; a ledger that does not answer is the refusal that the API makes of it. */
  async handle<Name extends RouteName>(
    handler: Handler<Name>,
    request: Partial<Request<Name>>,
    caller: Caller,
    idempotencyKey?: string,
  ): Promise<Awaited<ReturnType<Handler<Name>>>> {
    this.#agenda.stirred();
    try {
      return await handler(this.deps, { query: {}, body: undefined, ...request, caller, idempotencyKey } as unknown as Request<Name>);
    } catch (error) {
      if (!(error instanceof LedgerUnavailable)) this.#agenda.fail(error);
      return { kind: "refused", code: "LEDGER_BUSY", detail: String(error), more: {} } satisfies Refused;
    }
  }

  row(key: Key): Item | undefined {
    return this.table.get(key);
  }

  /** The ledger's port over some way to it. Silence is an unknown outcome, as in the adapter for DynamoDB. */
  ledger(carry: Carry): Ledger {
    const reading = async <T>(run: () => T): Promise<T> => {
      try {
        return await carry(() => this.#served(run));
      } catch (error) {
        throw error instanceof Silence || error instanceof Throttled ? new LedgerUnavailable(error.message) : error;
      }
    };
    const writing = async (run: () => WriteOutcome): Promise<WriteOutcome> => {
      try {
        return await carry(() => this.#served(run));
      } catch (error) {
        if (error instanceof Throttled) return { kind: "busy", cause: error.message };
        if (error instanceof Silence) return { kind: "unknown", cause: error.message };
        throw error;
      }
    };
    return {
      get: (key) => reading(() => this.table.get(key)),
      snapshot: (keys) => reading(() => keys.map((key) => this.table.get(key))),
      getMany: (keys) => reading(() => keys.map((key) => this.#stale.get(key))),
      query: (query) => reading(() => this.#query(query)),
      write: (write) => writing(() => this.#change(() => this.table.write(write))),
      transact: (writes) => writing(this.#once(writes)),
    };
  }

  /** A transaction carries a token: one that is sent again after it went through is answered as the first time. */
  #once(writes: readonly Write[]): () => WriteOutcome {
    let done: WriteOutcome | undefined;
    return () => {
      if (done !== undefined) return done;
      const outcome = this.#change(() => this.table.transact(writes));
      if (outcome.kind === "done") done = outcome;
      return outcome;
    };
  }

  #change(run: () => WriteOutcome): WriteOutcome {
    this.lately = [];
    const outcome = run();
    if (outcome.kind === "done") this.changed();
    return outcome;
  }

  get #stale() {
    return this.calm ? this.table : this.#replica;
  }
  #query(query: Query): Page {
    return query.index === undefined && query.consistent === true ? this.table.query(query) : this.#stale.query(query);
  }

  #replicate(after: Item & Key): void {
    const replica = this.#replica;
    this.#replicatedAt = Math.max(this.#replicatedAt, this.#agenda.now + this.#random.unit() * this.#swarm.indexLag);
    this.#agenda.at(this.#replicatedAt, () => replica.write(put(after)));
  }

  /** What the cloud does with a request that has arrived. */
  #served<T>(run: () => T): T {
    const random = this.#random;
    if (this.calm) return run();
    if (this.out) throw random.chance(0.5) ? new Silence("the service is out") : new Throttled("the service is out");
    if (random.chance(this.#swarm.throttling)) throw new Throttled("throttled");
    const answer = run();
    // carried out, and yet the answer is an error
    if (random.chance(this.#swarm.lostAnswers)) throw new Silence("internal error");
    return answer;
  }

  /** From a function to the table: short ways, and nobody who gives up. */
  #inside<T>(run: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#agenda.after(1 + this.#random.unit() * 20, () => {
        let task: () => void;
        try {
          const value = run();
          task = () => resolve(value);
        } catch (error) {
          task = () => reject(error);
        }
        this.#agenda.after(1 + this.#random.unit() * 20, () => {
          this.#agenda.stirred();
          task();
        });
      });
    });
  }
}

/** An operator with every right. */
export const operator = (who: string): Caller => ({
  kind: "operator",
  who,
  scopes: new Set(["dhcp/read", "dhcp/switch", "dhcp/force", "dhcp/admin"]),
});
