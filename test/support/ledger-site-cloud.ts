import { type Item, type Key, put } from "../../cloud/contract/expression.ts";
import { CtlItem, SrvItem } from "../../cloud/contract/items.ts";
import { restoredWrites, settleWrites } from "../../cloud/contract/restore-expressions.ts";
import { clearWrites, partnerDownWrites, registerWrites, type SiteSnapshot } from "../../cloud/contract/switch-expressions.ts";
import { ctlKey, type ServerName, srvKey } from "../../cloud/contract/tables.ts";
import { mayBeDeclaredAlone } from "../../cloud/domain/partner-down.ts";
import { settlementOf } from "../../cloud/domain/settlement.ts";
import { embeddedLedger, type Fault } from "../../cloud/embedded/ledger.ts";
import { createEmbeddedTable } from "../../cloud/embedded/table.ts";
import type { LedgerAnswer, LedgerCall } from "../../edge-agent/ledger/calls.ts";
import { type ControlAnswer, ledgerClient } from "../../edge-agent/rim/ledger-client.ts";
import { epochSeconds, type Instant, monotonicMillis } from "../../edge-agent/values/time.ts";
import { type SiteOptions, type SiteServer, termsOf } from "./ledger-site-server.ts";

export const SITE = "TEST-1";
/** When its virtual time begins, in seconds since 1970. */
export const START = 1_800_000_000;

/** The cloud of a branch site in virtual time: the embedded ledger, and what operators and agents ask of the control plane. */
export class SiteCloud {
  millis = 0;
  /** What was asked for, and how it looked. */
  readonly grants: string[] = [];
  /** Operators' words that were handed in by themselves. */
  readonly words: { readonly server: ServerName; readonly reason: string | undefined; readonly actedAt: number | undefined }[] = [];
  answersWords = true;
  /** How far the servers' wall clocks are ahead of elapsed time. Seconds. */
  wallOffset = 0;
  #table = createEmbeddedTable();
  ledger;
  protected readonly options: SiteOptions;
  /** Numbers of acts, links and requests. */
  protected next = 1;
  #fault: Fault = "none";

  constructor(options: SiteOptions = {}) {
    this.options = options;
    this.ledger = this.#open();
  }

  #open() {
    return embeddedLedger(this.#table, { fault: () => this.#fault });
  }
  /** All rows, as they are. */
  copy(): readonly Item[] {
    return [...this.#table.rows()];
  }
  /** The table is lost, and restored from a copy, and an operator says so. */
  async restore(copy: readonly Item[], generation = 1): Promise<void> {
    this.#table = createEmbeddedTable();
    for (const row of copy) this.#table.write(put(row as Item & Key));
    this.ledger = this.#open();
    await this.ledger.transact(restoredWrites(await this.snapshot(), generation, this.#act()));
  }
  /** What the sweep does with it. */
  async settleRestored(): Promise<string> {
    const read = await this.snapshot();
    const settlement = settlementOf(read);
    if ("kind" in settlement) return settlement.detail;
    return (await this.ledger.transact(settleWrites(read, settlement, this.#act()))).kind;
  }

  async register(): Promise<this> {
    await this.ledger.transact(registerWrites(SITE, termsOf(this.options), { id: "r", at: 1, by: "test", note: "" }));
    return this;
  }

  get at(): Instant {
    return {
      now: epochSeconds(START + Math.floor(this.millis / 1000)),
      monotonic: monotonicMillis(this.millis + 1_000_000),
      wallOffset: this.wallOffset,
    };
  }

  /** A call of an agent's, with whatever is wrong with its way to the ledger. */
  protected async ask(server: SiteServer, call: LedgerCall): Promise<LedgerAnswer> {
    this.#fault = server.fault;
    const answer = await this.#client(server)(call);
    this.#fault = "none";
    return answer;
  }

  #client(server: SiteServer) {
    return ledgerClient(this.ledger, {
      site: SITE,
      server: server.server,
      keepMillis: 0,
      version: "test",
      wallMillis: () => (START + this.wallOffset) * 1000 + this.millis,
      monotonic: () => this.at.monotonic,
      askControlPlane: async (op, epoch, reason, actedAt) => {
        if (server.fault !== "none") throw new Error("cut off");
        if (op !== "tell-word") return this.#control(server, op, epoch, reason);
        this.words.push({ server: server.server, reason, actedAt });
        return this.answersWords ? { outcome: "done" } : Promise.reject(new Error("the answer was lost"));
      },
    });
  }

  async #control(server: SiteServer, op: string, _epoch: number, reason: string | undefined): Promise<ControlAnswer> {
    if (op === "ask-partner-down") return this.grant(server.server, reason === undefined ? "lapsed" : "attested");
    return this.clear(server.server, "agent");
  }

  /** POST clear, or an operator's recover. */
  async clear(sole: ServerName, basis: "agent" | "attested"): Promise<ControlAnswer> {
    const outcome = await this.ledger.transact(clearWrites(await this.snapshot(), sole, basis, this.#act()));
    return outcome.kind === "done" ? { outcome: "done" } : { outcome: "refused", code: "NOT_SOLE", detail: "" };
  }

  /** POST partner-down. */
  async grant(sole: ServerName, basis: "lapsed" | "attested" = "lapsed"): Promise<ControlAnswer> {
    const read = await this.snapshot();
    const verdict = mayBeDeclaredAlone(read, sole, basis);
    this.grants.push(`${sole} ${basis} ${verdict.kind}`);
    if (verdict.kind === "refused" && verdict.code === "ALREADY_PARTNER_DOWN" && read.ctl.sole === sole) return { outcome: "done" };
    if (verdict.kind === "refused") return { outcome: "refused", code: verdict.code, detail: verdict.detail };
    const outcome = await this.ledger.transact(partnerDownWrites(read, sole, basis, this.#act()));
    return outcome.kind === "done" ? { outcome: "done" } : { outcome: "refused", code: "AT_COMMIT", detail: "" };
  }

  async snapshot(): Promise<SiteSnapshot> {
    const [ctl, A, B] = await Promise.all([
      this.ledger.get(ctlKey(SITE)),
      this.ledger.get(srvKey(SITE, "A")),
      this.ledger.get(srvKey(SITE, "B")),
    ]);
    return { ctl: CtlItem.parse(ctl), servers: { A: SrvItem.parse(A), B: SrvItem.parse(B) } };
  }
  #act() {
    return { id: `x${this.next++}`, at: (START + this.millis / 1000) * 1000, by: "test", note: "" };
  }
}
