import { BINDING_STATUSES } from "../../../edge-agent/leases/binding-status.ts";
import { type Lease, neverUsed } from "../../../edge-agent/leases/lease.ts";
import { formatIpv4, type Ipv4Address } from "../../../edge-agent/values/ipv4.ts";
import type { Machine } from "../machine.ts";
import { relationshipOf, type Scene, trueTime } from "./checker.ts";

/** What keeps the pair from being NORMAL with equal databases; undefined if nothing does. */
export function disagreement(scene: Scene): string | undefined {
  const [primary, secondary] = scene.machines;
  if (primary === undefined) return "no server";
  const outlasted = new Set<Ipv4Address>();
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
    const other = machine === primary ? secondary : primary;
    const refused = [...updates.refused].filter((address) => endpoint.partnerIsTandem || !isInUse(scene, other, address));
    if (refused.length > 0) return `${machine.name} has had ${refused.length} updates refused`;
    for (const address of updates.refused) outlasted.add(address);
  }
  return secondary === undefined ? undefined : differences(scene, primary.disk.leases, secondary.disk.leases, outlasted);
}

/** A dhcpd whose word of an end is refused hears no more of the address before the longer lease of its partner is over. */
function isInUse(scene: Scene, machine: Machine | undefined, address: Ipv4Address): boolean {
  const lease = machine?.disk.leases.get(address);
  return machine !== undefined && lease?.status === "ACTIVE" && trueTime(machine, lease.ends) > scene.now;
}

function differences(
  scene: Scene,
  left: ReadonlyMap<Ipv4Address, Lease>,
  right: ReadonlyMap<Ipv4Address, Lease>,
  outlasted: ReadonlySet<Ipv4Address>,
): string | undefined {
  for (const address of new Set([...left.keys(), ...right.keys()])) {
    if (outlasted.has(address)) continue;
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
