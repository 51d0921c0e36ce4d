import type { Prng } from "../../simulation/prng.ts";
import { type ConfFacts, ipText, parseIp, type SubnetFacts } from "./read-conf.ts";

/** A network interface of the server: where it is, and the free address of it that a relay or router on the same wire has. */
export interface Port {
  readonly subnet: SubnetFacts;
  readonly server: string;
  readonly router: string;
}

/** The network around a server that runs on some configuration. */
export interface Layout {
  /** s0, and s1 where the configuration has a second network. */
  readonly ports: readonly [Port, ...Port[]];
  /** For every subnet an address that a relay in it could have. */
  readonly relays: readonly { readonly giaddr: string; readonly subnet: SubnetFacts }[];
}

const size = ({ mask }: SubnetFacts): number => 2 ** 32 - mask;
export const within = ({ address, mask }: SubnetFacts, one: number): boolean => (one & mask) >>> 0 === (address & mask) >>> 0;
export const prefixLength = (mask: number): number => mask.toString(2).replaceAll("0", "").length;

/** Addresses of a subnet that nobody has; its first ones if all are taken. */
function freeAddresses(subnet: SubnetFacts, facts: ConfFacts, fixed: ReadonlySet<number>): [number, number] {
  const first = (subnet.address & subnet.mask) >>> 0;
  if (size(subnet) < 4) return [first, first];
  const found: number[] = [];
  for (let at = first + 1; at < first + Math.min(size(subnet) - 1, 4096) && found.length < 2; at += 1)
    if (!fixed.has(at) && !facts.ranges.some(([low, high]) => low <= at && at <= high)) found.push(at);
  return [found[0] ?? first + 1, found[1] ?? first + 2];
}

/** Draws where the server stands; undefined if the configuration has no network that an interface could be on. */
export function drawLayout(c: Prng, facts: ConfFacts): Layout | undefined {
  const fixed = new Set(facts.hosts.flatMap((host) => host.addresses.map(parseIp)).filter((one) => one !== undefined));
  const places = facts.subnets
    .filter((subnet) => /^1*0*$/.test(subnet.mask.toString(2).padStart(32, "0")))
    .map((subnet) => ({ subnet, free: freeAddresses(subnet, facts, fixed) }));
  const usable = places.filter(({ subnet }) => size(subnet) >= 4 && subnet.mask >>> 0 >= 0xff000000 && subnet.address >>> 24 !== 127);
  const served = usable.filter(({ subnet }) => facts.ranges.some(([low]) => within(subnet, low)) || facts.hosts.length > 0);
  const candidates = served.length > 0 && c.chance(0.9) ? served : usable;
  if (candidates.length === 0) return undefined;
  const first = c.pick(candidates as unknown as [(typeof candidates)[number]]);
  const others = usable.filter(({ subnet }) => subnet.network !== first.subnet.network && !overlap(subnet, first.subnet));
  const second = others.length > 0 ? [c.pick(others as unknown as [(typeof others)[number]])] : [];
  const port = ({ subnet, free: [server, router] }: (typeof places)[number]): Port => ({
    subnet,
    server: ipText(server),
    router: ipText(router),
  });
  return {
    ports: [port(first), ...second.map(port)],
    relays: places.map(({ subnet, free }) => ({ subnet, giaddr: ipText(free[1]) })),
  };
}

const overlap = (a: SubnetFacts, b: SubnetFacts): boolean => within(a, b.address) || within(b, a.address);
