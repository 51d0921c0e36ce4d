import type { Role } from "../support/failover-config.ts";
import { type Namespace, run } from "../support/netns.ts";

/** Which way nothing passes any more, seen from the server. */
export interface Cut {
  readonly in: boolean;
  readonly out: boolean;
}

/** Cuts the wires of a server, one way or both, so that nobody notices anything but silence. */
export class Wires {
  readonly #namespaces: Readonly<Record<Role, Namespace>>;
  readonly #cuts = new Map<string, Cut>();

  constructor(namespaces: Readonly<Record<Role, Namespace>>) {
    this.#namespaces = namespaces;
  }

  /** `fo0` leads to the partner, `cli0` to the clients. */
  set(role: Role, device: "fo0" | "cli0", cut: Cut): void {
    this.#cuts.set(`${role} ${device}`, cut);
    const chain = (way: "ingress" | "egress") => `chain ${way} { type filter hook ${way} device "${device}" priority 0; policy drop; }\n`;
    const chains = `${cut.in ? chain("ingress") : ""}${cut.out ? chain("egress") : ""}`;
    const rules = `add table netdev ${device}\ndelete table netdev ${device}\ntable netdev ${device} {\n${chains}}\n`;
    run(["ip", "netns", "exec", this.#namespaces[role].name, "nft", "-f", "-"], rules);
  }

  isWhole(device: "fo0" | "cli0"): boolean {
    return (["primary", "secondary"] as const).every((role) => {
      const cut = this.#cuts.get(`${role} ${device}`);
      return cut === undefined || !(cut.in || cut.out);
    });
  }

  /** Pulls the failover cable: both ends lose their carrier. */
  carrier(role: Role, works: boolean): void {
    this.#namespaces[role].ip(`link set fo0 ${works ? "up" : "down"}`);
  }

  heal(): void {
    for (const key of this.#cuts.keys()) {
      const [role, device] = key.split(" ") as [Role, "fo0" | "cli0"];
      this.set(role, device, { in: false, out: false });
    }
  }
}
