import { formatIpv4 } from "../values/ipv4.ts";
import type { Expression } from "./expression.ts";
import type { Location } from "./location.ts";
import type { ParseContext } from "./parse-context.ts";
import type { TokenReader } from "./token-reader.ts";
import { hostName, numericAggregate } from "./values.ts";

/** The addresses of a host name, joined; of which only the first if `firstOnly`. An unknown name gives none, with a warning. */
export function addressesOfHost(
  context: ParseContext,
  reader: TokenReader,
  host: string,
  location: Location,
  firstOnly: boolean,
): Expression {
  const found = context.ports.resolveHost(host);
  if (found === undefined || found.length === 0) {
    reader.warn(`host ${host} has no address`, "until it has one, this value is left out");
    return { kind: "host-addresses", host, resolved: new Uint8Array(0), location };
  }
  const wanted = firstOnly ? found.slice(0, 1) : found;
  const resolved = Uint8Array.from(wanted.flatMap((address) => formatIpv4(address).split(".").map(Number)));
  return { kind: "host-addresses", host, resolved, location };
}

/** dhcpd's messages name the kind of a token by its number; a sign's is its character code. */
const STRING_CODE = 262;

/** An IPv4 address, or a host name; a name that has several addresses gives all of them if `uniform`. */
export function addressOrHost(context: ParseContext, reader: TokenReader, uniform: boolean): Expression | "failed" {
  const token = reader.peek();
  const location = reader.locationOf(token);
  const dotted = token.type === "NUMBER" && reader.peek(1).type === "." && reader.peek(2).type === "NUMBER";
  if (dotted) {
    const value = numericAggregate(reader, 4, ".", 10);
    if (value !== undefined) return { kind: "bytes", value, location };
    // dhcpd then takes what comes next for a host name
    if (!reader.likeDhcpd || hostName(reader) === undefined) return "failed";
    return { kind: "bytes", value: new Uint8Array(0), location };
  }
  const host = hostName(reader);
  if (host !== undefined) return addressesOfHost(context, reader, host, location, !uniform);
  if (token.type !== "{" && token.type !== "}") reader.next();
  const code = token.type === "STRING" ? STRING_CODE : token.type.length === 1 ? token.type.charCodeAt(0) : undefined;
  reader.fail(`${token.text}${code === undefined ? "" : ` (${code})`}: expecting IP address or hostname`);
  reader.skipUnlessEnded();
  return "failed";
}
