import { accept, type CaseGroup, discover, inform, mac, prl, text } from "./case.ts";

const d = (number: number) => mac(33, number);
const LIST = [prl(1, 15, 119, 141, 200, 201)];

/** Domain lists that several scopes add to, as a list and not byte by byte. */
const CONF = `
option other-search code 200 = domain-list compressed; option plain-search code 201 = domain-list;
authoritative; ping-check off; default-lease-time 600;
option domain-search "a.example.org", "b.example.org"; option sip-ua-cs-domains "sip.example.org";
option other-search "one.example.net"; option plain-search "one.example.net";
class "more" {
  match if option user-class = "more";
  append domain-search "c.example.org", "example.org", "b.example.org"; prepend sip-ua-cs-domains "first.sip.example.org";
  append other-search "two.example.net"; append plain-search "two.example.net";
}
class "bytes" { match if option user-class = "bytes"; append domain-search = "no list"; prepend other-search = 03:6e:65:77:00; }
class "own" { match if option user-class = "own"; append domain-search = config-option other-search; prepend domain-search = option domain-search; }
subnet 10.77.0.0 netmask 255.255.255.0 {
  append domain-search "subnet.example.org";
  pool { range 10.77.0.100 10.77.0.120; prepend domain-search "pool.subnet.example.org"; }
}
subnet 10.78.0.0 netmask 255.255.255.0 { }
`;

export const DOMAIN_LIST_GROUPS: readonly CaseGroup[] = [
  {
    name: "domain lists that are appended and prepended to",
    conf: CONF,
    cases: ["nothing", "more", "bytes", "own"].map((name, index) => ({
      name,
      expect: ["OFFER", "ACK", "ACK"],
      steps: [
        discover(d(index), [text(77, name), ...LIST]),
        accept(d(index), [text(77, name), ...LIST]),
        inform(d(index), `10.77.0.${70 + index}`, [text(77, name), ...LIST]),
      ],
    })),
  },
];
