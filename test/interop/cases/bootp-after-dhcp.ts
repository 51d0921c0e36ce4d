import { accept, type CaseGroup, discover, mac, opt, prl } from "./case.ts";

const d = (number: number) => mac(34, number);
const LIST = [prl(1, 3, 51)];
const ID = [opt(61, "0162"), ...LIST];
const bootp = (number: number, options = LIST) => ({ packet: { xid: 0, chaddr: d(number), options, padTo: 548 } });

const conf = (more: string): string => `
authoritative; ping-check off; default-lease-time 600; max-lease-time 7200; ${more}
subnet 10.77.0.0 netmask 255.255.255.0 { range dynamic-bootp 10.77.0.100 10.77.0.120; }
subnet 10.78.0.0 netmask 255.255.255.0 { }
`;
const cases: CaseGroup["cases"] = [
  {
    name: "with an identifier",
    expect: ["OFFER", "ACK", "BOOTREPLY", "BOOTREPLY"],
    steps: [discover(d(1), ID), accept(d(1), ID), bootp(1, ID), bootp(1, ID)],
  },
  { name: "without one", expect: ["OFFER", "ACK", "BOOTREPLY"], steps: [discover(d(2), LIST), accept(d(2), LIST), bootp(2)] },
  {
    name: "and DHCP again",
    expect: ["BOOTREPLY", "OFFER", "ACK", "BOOTREPLY"],
    steps: [bootp(3), discover(d(3), LIST), accept(d(3), LIST), bootp(3)],
  },
];

/** A machine that boots by BOOTP right after it had its address by DHCP: it is told no time and never renews. */
export const BOOTP_AFTER_DHCP_GROUPS: readonly CaseGroup[] = [
  { name: "BOOTP after DHCP", conf: conf(""), cases },
  { name: "BOOTP after DHCP, with a length", conf: conf("dynamic-bootp-lease-length 3000;"), cases },
];
