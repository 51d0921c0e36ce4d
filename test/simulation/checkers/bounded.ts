import { type Checker, relationshipOf } from "./checker.ts";

/** Nothing grows without bound: queues, tables and connections are limited by what is configured, not by how long it runs. */
export function bounded(): Checker {
  return {
    name: "nothing grows without bound",
    atRest(scene, machine) {
      const relationship = relationshipOf(machine);
      if (relationship === undefined) return undefined;
      const { link, updates, reclaim } = relationship;
      const addresses = 2 * Math.min(150, scene.swarm.poolSize);
      const sizes: readonly (readonly [string, number, number])[] = [
        ["connections", link.connections.size, 8],
        ["questions to the partner", link.asked.size, 17],
        ["updates", updates.waiting.size + updates.unacked.size + updates.refused.size, addresses],
        ["addresses waiting to come free", reclaim.size, 4 * addresses],
        ["offers", machine.process?.loop.state.server.offers.size ?? 0, addresses],
      ];
      for (const [what, size, limit] of sizes) if (size > limit) return `${machine.name}: ${size} ${what}, more than ${limit}`;
      if (updates.transferLeft < 0) return `${machine.name}: a transfer waits for ${updates.transferLeft} updates`;
      for (const address of updates.waiting.keys()) if (updates.unacked.has(address)) return `${machine.name}: an update waits and is sent`;
      return undefined;
    },
  };
}
