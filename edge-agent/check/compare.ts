import type { AgentConfig, ClassDeclaration, FailoverPeer, HostDeclaration } from "../config/agent-config.ts";
import { hexPairs } from "../values/hardware-address.ts";
import { formatIpv4 } from "../values/ipv4.ts";
import { comparePools } from "./compare-pools.ts";
import { type Difference, onlyIn, SILENT, settingDiffers } from "./difference.ts";
import { canonical, differingMeanings, meaningsOf } from "./meaning.ts";

/** All differences in meaning between the files of two servers that share pools, in the order of failover, pools, classes, hosts. */
export function compareConfigs(here: AgentConfig, there: AgentConfig): readonly Difference[] {
  return [...comparePeers(here, there), ...comparePools(here, there), ...compareClasses(here, there), ...compareHosts(here, there)];
}

function* comparePeers(here: AgentConfig, there: AgentConfig): Iterable<Difference> {
  const others = new Map(there.failoverPeers.map((peer) => [peer.name, peer]));
  if (here.failoverPeers.length === 0 && there.failoverPeers.length === 0) {
    yield { about: "failover", message: "neither file declares a failover peer", here: SILENT, there: SILENT, matters: true };
  }
  for (const peer of here.failoverPeers) {
    const other = others.get(peer.name);
    others.delete(peer.name);
    if (other === undefined) yield onlyIn("here", "failover", `failover peer "${peer.name}"`, peer.location);
    else yield* comparePeer(peer, other);
  }
  for (const peer of others.values()) yield onlyIn("there", "failover", `failover peer "${peer.name}"`, peer.location);
}

function* comparePeer(here: FailoverPeer, there: FailoverPeer): Iterable<Difference> {
  const differs = (message: string, left: string | number | undefined, right: string | number | undefined, matters = true): Difference => ({
    about: "failover",
    message: `failover peer "${here.name}": ${message}`,
    here: { value: shown(left), location: here.location },
    there: { value: shown(right), location: there.location },
    matters,
  });
  if (here.role === there.role) yield differs(`both are ${here.role}; one must be primary, the other secondary`, here.role, there.role);
  const mirrored = (what: string, own: string | number | undefined, partner: string | number | undefined, matters = true) =>
    own === undefined || own === partner ? [] : [differs(what, own, partner, matters)];
  yield* mirrored("address here is not the peer address there", here.address, there.peerAddress);
  yield* mirrored("address there is not the peer address here", there.address, here.peerAddress);
  yield* mirrored("port here is not the peer port there", here.port, there.peerPort);
  yield* mirrored("port there is not the peer port here", there.port, here.peerPort);
  const same = (what: string, left: number, right: number, matters: boolean) =>
    left === right ? [] : [differs(what, left, right, matters)];
  yield* same("max-response-delay", here.maxResponseDelay, there.maxResponseDelay, false);
  yield* same("max-unacked-updates", here.maxUnackedUpdates, there.maxUnackedUpdates, false);
  yield* same("load balance max seconds", here.loadBalanceMaxSeconds, there.loadBalanceMaxSeconds, true);
  yield* same("auto-partner-down", here.autoPartnerDown, there.autoPartnerDown, false);
}

const shown = (value: string | number | undefined): string | undefined => (value === undefined ? undefined : String(value));

function* compareClasses(here: AgentConfig, there: AgentConfig): Iterable<Difference> {
  const others = new Map(there.classes.map((each) => [each.name, each]));
  for (const each of here.classes) {
    const other = others.get(each.name);
    others.delete(each.name);
    if (other === undefined) yield onlyIn("here", "class", `class "${each.name}"`, each.scope.location);
    else yield* compareClass(each, other);
  }
  for (const each of others.values()) yield onlyIn("there", "class", `class "${each.name}"`, each.scope.location);
}

function* compareClass(here: ClassDeclaration, there: ClassDeclaration): Iterable<Difference> {
  const name = `class "${here.name}"`;
  const differs = (what: string, left?: string, right?: string): Difference => ({
    about: "class",
    message: `${name}: ${what}`,
    here: { value: left, location: here.scope.location },
    there: { value: right, location: there.scope.location },
    matters: true,
  });
  if (canonical(here.matchIf) !== canonical(there.matchIf)) yield differs("match if");
  if (canonical(here.subMatch) !== canonical(there.subMatch) || here.spawning !== there.spawning) yield differs("match or spawn with");
  if (here.leaseLimit !== there.leaseLimit) yield differs("lease limit", shown(here.leaseLimit), shown(there.leaseLimit));
  for (const each of differingMeanings(meaningsOf([here.scope]), meaningsOf([there.scope]))) {
    yield settingDiffers("class", name, each);
  }
  for (const [hex, subclass] of here.subclasses) {
    const other = there.subclasses.get(hex);
    const label = `subclass "${here.name}" ${hexPairs(subclass.value)}`;
    if (other === undefined) yield onlyIn("here", "class", label, subclass.scope.location);
    else if (subclass.leaseLimit !== other.leaseLimit)
      yield differs(`lease limit of ${label}`, shown(subclass.leaseLimit), shown(other.leaseLimit));
    else if (subclass.scope !== here.scope || other.scope !== there.scope) {
      for (const each of differingMeanings(meaningsOf([subclass.scope]), meaningsOf([other.scope])))
        yield settingDiffers("class", label, each);
    }
  }
  for (const [hex, subclass] of there.subclasses) {
    if (!here.subclasses.has(hex))
      yield onlyIn("there", "class", `subclass "${there.name}" ${hexPairs(subclass.value)}`, subclass.scope.location);
  }
}

function* compareHosts(here: AgentConfig, there: AgentConfig): Iterable<Difference> {
  const others = new Map(there.hosts.all.map((host) => [host.name, host]));
  for (const host of here.hosts.all) {
    const other = others.get(host.name);
    others.delete(host.name);
    if (other === undefined) yield onlyIn("here", "host", `host ${host.name}`, host.scope.location);
    else yield* compareHost(host, other);
  }
  for (const host of others.values()) yield onlyIn("there", "host", `host ${host.name}`, host.scope.location);
}

function* compareHost(here: HostDeclaration, there: HostDeclaration): Iterable<Difference> {
  const differs = (what: string, left: string, right: string) =>
    left === right
      ? []
      : [
          {
            about: "host" as const,
            message: `host ${here.name}: ${what}`,
            here: { value: left, location: here.scope.location },
            there: { value: right, location: there.scope.location },
            matters: true,
          },
        ];
  yield* differs("who it is", identity(here), identity(there));
  yield* differs("fixed-address", addresses(here), addresses(there));
  if (here.scope.statements.length === 0 && there.scope.statements.length === 0) return;
  for (const each of differingMeanings(meaningsOf([here.scope]), meaningsOf([there.scope])))
    yield settingDiffers("host", `host ${here.name}`, each);
}

function identity({ hardware, clientId, identifier }: HostDeclaration): string {
  const parts: string[] = [];
  if (hardware !== undefined) parts.push(`hardware ${hardware.htype === 1 ? "" : `type ${hardware.htype} `}${hexPairs(hardware.bytes)}`);
  if (clientId !== undefined) parts.push(`client identifier ${hexPairs(clientId)}`);
  if (identifier !== undefined) parts.push(`option ${identifier.option.name} ${hexPairs(identifier.value)}`);
  return parts.join(", ") || "nobody";
}

const addresses = (host: HostDeclaration): string => host.addresses.map(formatIpv4).join(", ") || "none";
