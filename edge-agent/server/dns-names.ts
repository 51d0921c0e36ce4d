import type { Evaluation } from "../config/evaluation.ts";
import type { Digest, UpdateStyle } from "../ddns/dhcid.ts";
import { type ClientFqdn, type DdnsPlan, type DdnsSettings, planUpdates } from "../ddns/plan.ts";
import { decodeFqdn, encodeFqdn, FQDN } from "../dhcp/wire/fqdn.ts";
import { OPTION } from "../dhcp/wire/option-codes.ts";
import type { Ipv4Address } from "../values/ipv4.ts";
import type { ClientMessage } from "./client-message.ts";
import type { ReplyOption } from "./reply-layout.ts";

const CLIENT_FQDN = 81;
const DOMAIN_NAME = 15;
/** "The update was not done yet": what the answer's two response codes say (RFC 4702 §2.2). */
const RCODE_PENDING = 255;
const REVERSE_DOMAIN = "in-addr.arpa.";
/** `ddns-update-style` as the configuration numbers it. */
const STYLES: Readonly<Record<number, UpdateStyle>> = { 2: "interim", 3: "standard" };
const CLIENT_UPDATES = ["deny", "allow", "ignore"] as const;

/** A grant, as far as the client's names go. */
export interface NamedGrant {
  readonly client: ClientMessage;
  /** Option 61, unless the configuration has it ignored. */
  readonly clientId: Uint8Array | undefined;
  readonly address: Ipv4Address;
  readonly variables: ReadonlyMap<string, Uint8Array>;
  readonly leaseSeconds: number;
  readonly isStatic: boolean;
}

/** What a grant means for DNS; undefined where updates are off. Names come from where dhcpd takes them unless told otherwise. */
export function planNames(grant: NamedGrant, evaluation: Evaluation, digest: Digest): DdnsPlan | undefined {
  const style = STYLES[evaluation.number("ddns-update-style") ?? 0];
  if (style === undefined || evaluation.flag("ddns-updates") === false) return undefined;
  const { client } = grant;
  const fqdn = clientFqdn(client);
  const settings: DdnsSettings = {
    style,
    hostname:
      text(evaluation.bytes("ddns-hostname")) ?? fqdn?.hostname ?? client.hostname ?? text(evaluation.option("dhcp", OPTION.hostName)),
    domainname: text(evaluation.bytes("ddns-domainname")) ?? text(evaluation.option("dhcp", DOMAIN_NAME)),
    reverseDomain: text(evaluation.bytes("ddns-rev-domainname")) ?? REVERSE_DOMAIN,
    ttl: evaluation.number("ddns-ttl"),
    clientUpdates: CLIENT_UPDATES[evaluation.number("client-updates") ?? 1] ?? "allow",
    forwardUpdates: evaluation.flag("do-forward-updates") !== false,
    reverseUpdates: evaluation.flag("do-reverse-updates") !== false,
    updateOptimization: evaluation.flag("update-optimization") !== false,
    updateStaticLeases: evaluation.flag("update-static-leases") === true,
    conflictDetection: evaluation.flag("update-conflict-detection") !== false,
  };
  const request = {
    address: grant.address,
    client: { clientId: grant.clientId?.slice(), hardware: { htype: client.hardware.htype, bytes: client.hardware.bytes.slice() } },
    variables: grant.variables,
    leaseSeconds: grant.leaseSeconds,
    isStatic: grant.isStatic,
    fqdn,
  };
  return planUpdates(request, settings, digest);
}

/** Option 81 of the answer, in the encoding that the client used; undefined when it sent none, or `fqdn-reply` is off. */
export function fqdnAnswer(client: ClientMessage, plan: DdnsPlan | undefined, evaluation: Evaluation): ReplyOption | undefined {
  const sent = client.message.options.get(CLIENT_FQDN);
  const parts = sent === undefined ? undefined : decodeFqdn(sent);
  if (parts === undefined || plan?.answer === undefined || evaluation.flag("fqdn-reply") === false) return undefined;
  const { serverUpdates, name } = plan.answer;
  const set = Uint8Array.of(serverUpdates ? 1 : 0);
  const values = new Map<number, Uint8Array | undefined>([
    [FQDN.serverUpdate, set],
    [FQDN.noClientUpdate, set],
    [FQDN.encoded, parts.get(FQDN.encoded)],
    [FQDN.rcode1, Uint8Array.of(RCODE_PENDING)],
    [FQDN.rcode2, Uint8Array.of(RCODE_PENDING)],
    [FQDN.fqdn, Uint8Array.from(name, (character) => character.charCodeAt(0) & 255)],
  ]);
  const value = encodeFqdn((code) => values.get(code));
  return value === undefined ? undefined : { code: CLIENT_FQDN, value };
}

function clientFqdn(client: ClientMessage): (ClientFqdn & { readonly hostname: string | undefined }) | undefined {
  const sent = client.message.options.get(CLIENT_FQDN);
  const parts = sent === undefined ? undefined : decodeFqdn(sent);
  if (parts === undefined) return undefined;
  return {
    serverUpdates: parts.get(FQDN.serverUpdate)?.[0] === 1,
    name: text(parts.get(FQDN.fqdn)) ?? "",
    hostname: text(parts.get(FQDN.hostname)),
  };
}

/** Bytes as text, a character a byte; undefined for none. */
function text(bytes: Uint8Array | undefined): string | undefined {
  if (bytes === undefined || bytes.length === 0) return undefined;
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end -= 1;
  return end === 0 ? undefined : String.fromCharCode(...bytes.subarray(0, Math.min(end, 300)));
}
