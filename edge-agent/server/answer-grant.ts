import type { DdnsPlan } from "../ddns/plan.ts";
import { OPTION } from "../dhcp/wire/option-codes.ts";
import { formatIpv4 } from "../values/ipv4.ts";
import type { Seconds } from "../values/time.ts";
import { fqdnAnswer } from "./dns-names.ts";
import type { ServerEffect } from "./effect.ts";
import { adviseOfSiteSpace, say } from "./exchange.ts";
import type { Grant } from "./grant-in-hand.ts";
import { line, replyLine } from "./log-lines.ts";
import { type Answer, answerDatagram } from "./reply.ts";

const WORDS = { offer: "DHCPOFFER", ack: "DHCPACK", bootp: "BOOTREPLY" } as const;

/** Sends the answer, after what is to be said of it. */
export function reply(given: Grant, seconds: Seconds, names?: DdnsPlan): void {
  adviseOfSiteSpace(given.exchange, given.evaluation);
  say(given.exchange, given.text);
  given.exchange.effects.push(...answerEffects(given, seconds, names));
}

/** The answer and the line that tells of it; with `get-lease-hostnames`, perhaps after the name of the address was looked up. */
export function answerEffects(given: Grant, leaseSeconds: Seconds, names?: DdnsPlan): readonly ServerEffect[] {
  const { exchange, candidate } = given;
  const { hostNames } = exchange.state;
  const { address } = candidate;
  if (!wantsNameOf(given)) return namedAnswer(given, leaseSeconds, names, undefined);
  const answer = (name: string | undefined): readonly ServerEffect[] => {
    const effects = namedAnswer(given, leaseSeconds, names, name);
    return name === undefined ? [line(`No hostname for ${formatIpv4(address)}`), ...effects] : effects;
  };
  const known = hostNames.known(address, exchange.at.monotonic);
  if (known !== undefined) return answer(known.name);
  const id = hostNames.wait(address, answer, exchange.at.monotonic);
  return id === undefined ? answer(undefined) : [{ kind: "find-name", id, address }];
}

/** Is the client to be told the name of its address, and has it no other? */
function wantsNameOf({ evaluation, host }: Grant): boolean {
  if (evaluation.flag("get-lease-hostnames") !== true || evaluation.option("dhcp", OPTION.hostName) !== undefined) return false;
  return host === undefined || evaluation.flag("use-host-decl-names") !== true;
}

function namedAnswer(
  given: Grant,
  leaseSeconds: Seconds,
  names: DdnsPlan | undefined,
  foundName: string | undefined,
): readonly ServerEffect[] {
  const { exchange, caller, candidate, kind, evaluation, host } = given;
  const { client } = caller;
  const isStatic = candidate.pool === undefined;
  const answer: Answer = {
    kind,
    address: candidate.address,
    subnet: candidate.subnet,
    evaluation,
    leaseSeconds,
    foundName,
    hostName: host?.name,
    isStatic,
    fqdn: names === undefined ? undefined : fqdnAnswer(client, names, evaluation),
  };
  const sent = answerDatagram(exchange, caller, answer);
  const told =
    kind === "bootp" && host !== undefined && isStatic
      ? `BOOTREPLY for ${formatIpv4(candidate.address)} to ${host.name} (${client.hardwareText}) via ${client.via}`
      : replyLine(WORDS[kind], candidate.address, client, isStatic ? undefined : (client.hostname ?? given.keptName));
  return [line(told), sent];
}
