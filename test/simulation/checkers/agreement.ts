import { BINDING_STATUSES } from "../../../edge-agent/leases/binding-status.ts";
import { type Lease, neverUsed } from "../../../edge-agent/leases/lease.ts";
import { formatIpv4, type Ipv4Address } from "../../../edge-agent/values/ipv4.ts";
import { relationshipOf, type Scene } from "./checker.ts";

/** What keeps the pair from being NORMAL with equal databases; undefined if nothing does. */
export function disagreement(scene: Scene): string | undefined {
  const [primary, secondary] = scene.machines;
  if (primary === undefined) return "no server";
  for (const machine of scene.machines) {
    if (machine.process === undefined) return `${machine.name} does not run`;
    if (!scene.swarm.pair) continue;
    const relationship = relationshipOf(machine);
    if (relationship === undefined) return `${machine.name} has not begun`;
    const { endpoint, updates } = relationship;
    if (endpoint.startupUntil !== undefined || endpoint.state !== "NORMAL") {
      return `${machine.name} is in ${endpoint.startupUntil === undefined ? endpoint.state : "STARTUP"} and its partner in ${endpoint.partner}`;
    }
    if (updates.waiting.size + updates.unacked.size > 0) return `${machine.name} has updates to tell`;
    if (updates.refused.size > 0) return `${machine.name} has had ${updates.refused.size} updates refused`;
  }
  return secondary === undefined ? undefined : differences(scene, primary.disk.leases, secondary.disk.leases);
}

function differences(scene: Scene, left: ReadonlyMap<Ipv4Address, Lease>, right: ReadonlyMap<Ipv4Address, Lease>): string | undefined {
  for (const address of new Set([...left.keys(), ...right.keys()])) {
    const here = left.get(address) ?? neverUsed(address);
    const there = right.get(address) ?? neverUsed(address);
    const same = here.status === there.status && (here.status !== "ACTIVE" || sameBinding(scene, here, there));
    if (!same) return `${formatIpv4(address)} is ${describe(here)} here and ${describe(there)} there`;
  }
  return undefined;
}

const sameBinding = (scene: Scene, here: Lease, there: Lease): boolean =>
  here.hardware?.bytes.join() === there.hardware?.bytes.join() && Math.abs(here.ends - there.ends) * 1000 <= scene.slack + 2000;

const describe = ({ status, hardware, ends }: Lease): string =>
  BINDING_STATUSES.includes(status) ? `${status} of ${hardware?.bytes.join(":") ?? "nobody"} until ${ends}` : "unreadable";
