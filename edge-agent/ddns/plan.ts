import type { Lease } from "../leases/lease.ts";
import { formatIpv4, type Ipv4Address } from "../values/ipv4.ts";
import { type ClientIdentity, type Digest, interimText, standardDhcid, txtData, type UpdateStyle } from "./dhcid.ts";
import { type DnsTask, markFromVariables, type OwnerMark, type VariableChange } from "./transaction.ts";

/** What a client said in option 81 (RFC 4702). */
export interface ClientFqdn {
  /** S: the client wants the server to update the A record. */
  readonly serverUpdates: boolean;
  /** The name as text; without a dot it is not fully qualified. */
  readonly name: string;
}

/** The ddns-* statements in force for this client; undefined where the configuration says nothing. */
export interface DdnsSettings {
  readonly style: UpdateStyle;
  readonly hostname: string | undefined;
  readonly domainname: string | undefined;
  readonly reverseDomain: string | undefined;
  readonly ttl: number | undefined;
  /** `allow`, `deny` or `ignore client-updates`. */
  readonly clientUpdates: "allow" | "deny" | "ignore";
  readonly forwardUpdates: boolean;
  readonly reverseUpdates: boolean;
  readonly updateOptimization: boolean;
  readonly updateStaticLeases: boolean;
  readonly conflictDetection: boolean;
}

export interface DdnsRequest {
  readonly address: Ipv4Address;
  readonly client: ClientIdentity;
  /** Variables of the lease as they stand: what an earlier grant put into DNS. */
  readonly variables: ReadonlyMap<string, Uint8Array>;
  readonly leaseSeconds: number;
  /** A fixed address: there is no lease to remember the records by. */
  readonly isStatic: boolean;
  readonly fqdn: ClientFqdn | undefined;
}

export interface DdnsPlan {
  /** What to do in DNS, in order; empty when all stands as it should. */
  readonly tasks: readonly DnsTask[];
  /** Variables to set on the lease at once. */
  readonly variables: readonly VariableChange[];
  /** What goes back in option 81, when the client sent one: does the server update A, and the name. */
  readonly answer: { readonly serverUpdates: boolean; readonly name: string } | undefined;
}

/** A record lives half as long as the lease, but no longer than an hour unless `ddns-ttl` says so. */
const TTL_MAXIMUM = 3600;
const NAME_MAXIMUM = 255;
const NOTHING: DdnsPlan = { tasks: [], variables: [], answer: undefined };

/** What a grant means for DNS (RFC 4703 §5; the choices between client and server are dhcpd's). */
export function planUpdates(request: DdnsRequest, settings: DdnsSettings, digest: Digest): DdnsPlan {
  const clientDoes = clientDoesForward(request, settings);
  if (!clientDoes && !settings.forwardUpdates) return NOTHING;
  if (!clientDoes && request.isStatic && !settings.updateStaticLeases) return NOTHING;
  const name = clientDoes ? (request.fqdn?.name ?? "") : serverName(settings);
  const answer = answerTo(request, settings, clientDoes, name);
  const unchanged = { tasks: [], variables: [], answer };
  const known = textOf(request.variables.get(clientDoes ? "ddns-client-fqdn" : "ddns-fwd-name"));
  if (known !== undefined && known === name && settings.updateOptimization) return unchanged;
  const former = textOf(request.variables.get("ddns-fwd-name"));
  const removal = former !== undefined && former !== name ? planRemovalOf(request.variables, settings.conflictDetection) : [];
  if (name === "" || name.length > NAME_MAXIMUM) return { ...unchanged, tasks: removal };
  const ttl = settings.ttl ?? Math.min(TTL_MAXIMUM, Math.floor(request.leaseSeconds / 2));
  const owner = clientDoes ? undefined : ownerMark(request.client, name, settings.style, digest);
  if (!clientDoes && owner === undefined) return { ...unchanged, tasks: removal };
  const reverse = reverseTasks(request.address, name, ttl, settings);
  const forward: DnsTask[] =
    owner === undefined ? [] : [{ kind: "add-forward", name, ttl, owner, conflictDetection: settings.conflictDetection }];
  const variables = clientDoes ? [{ name: "ddns-client-fqdn", value: ascii(name) }] : [];
  return { tasks: [...removal, ...forward, ...reverse], variables, answer };
}

/** May the client update its own A record, does it want to, and under a name that can stand alone? */
function clientDoesForward({ fqdn }: DdnsRequest, { clientUpdates }: DdnsSettings): boolean {
  return clientUpdates === "allow" && fqdn !== undefined && !fqdn.serverUpdates && fqdn.name.includes(".");
}

function serverName({ hostname, domainname }: DdnsSettings): string {
  if (hostname === undefined || hostname === "" || domainname === undefined || domainname === "") return "";
  return `${hostname}.${domainname}`;
}

function reverseTasks(address: Ipv4Address, name: string, ttl: number, settings: DdnsSettings): readonly DnsTask[] {
  if (!settings.reverseUpdates || settings.reverseDomain === undefined) return [];
  const reverseName = `${formatIpv4(address).split(".").reverse().join(".")}.${settings.reverseDomain}`;
  return reverseName.length > NAME_MAXIMUM ? [] : [{ kind: "add-reverse", reverseName, name, ttl }];
}

function ownerMark(client: ClientIdentity, name: string, style: UpdateStyle, digest: Digest): OwnerMark | undefined {
  if (style === "interim") {
    const text = interimText(client, digest);
    return text === undefined ? undefined : { style, data: txtData(text) };
  }
  const dhcid = standardDhcid(client, name, digest);
  return dhcid.ok && dhcid.value !== undefined ? { style, data: dhcid.value } : undefined;
}

/** With `ignore client-updates` the client is told to do as it likes with its own name, while the server does with its own. */
function answerTo(request: DdnsRequest, settings: DdnsSettings, clientDoes: boolean, name: string): DdnsPlan["answer"] {
  const { fqdn } = request;
  if (fqdn === undefined) return undefined;
  if (settings.clientUpdates === "ignore" && !fqdn.serverUpdates) return { serverUpdates: false, name: fqdn.name };
  return { serverUpdates: !clientDoes, name };
}

/** What the end of a lease means for DNS: whatever its variables say was put there is taken away. */
export function planRemoval(lease: Lease, conflictDetection: boolean): readonly DnsTask[] {
  return planRemovalOf(lease.variables, conflictDetection);
}

function planRemovalOf(variables: ReadonlyMap<string, Uint8Array>, conflictDetection: boolean): readonly DnsTask[] {
  const tasks: DnsTask[] = [];
  const name = textOf(variables.get("ddns-fwd-name"));
  const owner = markFromVariables(variables);
  if (name !== undefined && owner !== undefined) tasks.push({ kind: "remove-forward", name, owner, conflictDetection });
  const reverseName = textOf(variables.get("ddns-rev-name"));
  if (reverseName !== undefined) tasks.push({ kind: "remove-reverse", reverseName, clientDidUpdate: variables.has("ddns-client-fqdn") });
  return tasks;
}

const textOf = (bytes: Uint8Array | undefined): string | undefined => (bytes === undefined ? undefined : String.fromCharCode(...bytes));
const ascii = (text: string): Uint8Array => Uint8Array.from(text, (each) => each.charCodeAt(0) & 255);
