import type { Prng } from "../simulation/prng.ts";
import type { TortureServer } from "./servers.ts";
import type { TortureSite } from "./site.ts";

/** How a fault is told, timed and ended. */
export interface Means {
  readonly say: (who: string, text: string) => void;
  readonly later: (seconds: number, task: () => void) => void;
  /** How long something lasts: mostly as the first says, at times as the second. */
  readonly duration: (short: number, long: number) => number;
}

/** Faults of the wires: between the servers, and between them and their clients. */
export class CutWires {
  readonly #site: TortureSite;
  readonly #random: Prng;
  readonly #means: Means;

  constructor(site: TortureSite, random: Prng, means: Means) {
    this.#site = site;
    this.#random = random;
    this.#means = means;
  }

  link(kind: "linkCut" | "oneWayCut" | "linkReset", server: TortureServer): void {
    const { wires } = this.#site;
    if (!wires.isWhole("fo0")) return;
    if (kind === "linkReset") {
      this.#means.say(server.role, "loses the carrier of its failover cable for a moment");
      wires.carrier(server.role, false);
      this.#means.later(this.#random.between(0.1, 3), () => wires.carrier(server.role, true));
      return;
    }
    const seconds = this.#means.duration(12, 45);
    this.#means.say("link", `is cut ${kind === "oneWayCut" ? `on the way from ${server.role} ` : ""}for ${seconds.toFixed(1)} s`);
    wires.set(server.role, "fo0", { in: kind === "linkCut", out: true });
    this.#means.later(seconds, () => this.#mendLink());
  }
  #mendLink(): void {
    this.#means.say("link", "is whole");
    for (const { role } of this.#site.servers) this.#site.wires.set(role, "fo0", { in: false, out: false });
  }

  clients(kind: "lanCut" | "lanOneWay", server: TortureServer): void {
    const ways =
      kind === "lanCut"
        ? { in: true, out: true }
        : this.#random.pick([
            { in: true, out: false },
            { in: false, out: true },
          ]);
    const seconds = this.#means.duration(10, 30);
    const what = ways.in && ways.out ? "neither hears clients nor is heard" : ways.in ? "does not hear clients" : "is not heard by clients";
    this.#means.say(server.role, `${what} for ${seconds.toFixed(1)} s`);
    this.#site.wires.set(server.role, "cli0", ways);
    this.#means.later(seconds, () => this.#site.wires.set(server.role, "cli0", { in: false, out: false }));
  }
}
