import { ascii, bytesOf, type OptionBytes, type Packet } from "../../support/dhcp-packet.ts";

/** A DHCPDISCOVER, but for its transaction. */
export type Request = Omit<Packet, "xid">;

/** Statements of the global scope, and requests to a server that has them. */
export interface ExpressionCase {
  readonly name: string;
  readonly conf: string;
  readonly requests: readonly Request[];
}

const CHADDR = "02:aa:bb:cc:dd:01";
export const discover = (...options: OptionBytes[]): Request => ({
  op: 1,
  htype: 1,
  hlen: 6,
  chaddr: CHADDR,
  options: [[53, Uint8Array.of(1)], ...options],
});
export const asking = (...codes: number[]): OptionBytes => [55, Uint8Array.from(codes)];
export const host = (name: string): OptionBytes => [12, ascii(name)];
export const option = (code: number, hex: string): OptionBytes => [code, bytesOf(hex)];
/** Options that expressions put their values into: domain-name, root-path, nis-domain, merit-dump, nds-tree-name. */
export const ASKED = asking(15, 17, 40, 14, 86);
export const plain = discover(ASKED);
export const named = (name: string): Request => discover(ASKED, host(name));
export const one = (name: string, conf: string, ...requests: Request[]): ExpressionCase => ({
  name,
  conf,
  requests: requests.length === 0 ? [plain] : requests,
});

export const long = (letter: string, size: number): string => `"${letter.repeat(size)}"`;
