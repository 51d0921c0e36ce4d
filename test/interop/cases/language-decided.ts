import { accept, agent, type CaseGroup, discover, inform, ip, mac, opt, prl, RELAY, relayedLater, renew, text } from "./case.ts";

const d = (number: number) => mac(31, number);
const colons = (hex: string): string => hex.match(/../g)?.join(":") ?? "";

const ASKED = ["subnet-mask", "routers", "host-name", "dhcp-lease-time", "dhcp-message-type", "dhcp-server-identifier"]
  .concat(["dhcp-renewal-time", "dhcp-rebinding-time", "dhcp-client-identifier", "agent.circuit-id", "subnet-selection"])
  .map((name, index) => ({ name, code: 150 + index }));
const tells = ASKED.map(
  ({ name, code }) => `option told-${code} code ${code} = string; option told-${code} = concat("x", config-option ${name});`,
);
const notes = ASKED.map(({ name, code }) => `set noted${code} = concat("x", config-option ${name});`);
const LIST = [prl(1, 3, 12, 51, 58, 59, ...ASKED.map(({ code }) => code)), opt(57, "0500")];
const DOOR = [agent(text(1, "port7"))];

const VENDOR = [text(60, "maker")];
const MANY = Array.from(
  { length: 7 },
  (_, n) => `option m${n} code ${150 + n} = text; class "many${n}" { match if option user-class = "many"; option m${n} "of ${n}"; }`,
).join("\n");
const MEMBER = [text(77, "many"), prl(1, 17, 150, 151, 152, 153, 154, 155, 156)];
const EVER = [opt(51, "ffffffff")];
const TOLD = [text(12, "box"), prl(200)];
const SEEN = [prl(1, 15, 200)];

const network = (more: string): string => `
authoritative; ping-check off; default-lease-time 600; max-lease-time 7200; ${more}
host fixed { hardware ethernet ${colons(d(40))}; fixed-address 10.77.0.50; }
host named { hardware ethernet ${colons(d(2))}; }
subnet 10.77.0.0 netmask 255.255.255.0 { range 10.77.0.100 10.77.0.120; range dynamic-bootp 10.77.0.130 10.77.0.140; }
subnet 10.78.0.0 netmask 255.255.255.0 { }
`;

const cases: CaseGroup["cases"] = [
  {
    name: "a plain client",
    expect: ["OFFER", "ACK", "ACK"],
    steps: [discover(d(1), LIST), accept(d(1), LIST), renew(d(1), [opt(61, "0102"), ...LIST])],
  },
  {
    name: "with an identifier, and a host",
    expect: ["OFFER", "ACK"],
    steps: [discover(d(2), [opt(61, "aabb"), ...LIST]), accept(d(2), [opt(61, "aabb"), ...LIST])],
  },
  { name: "a fixed address", expect: ["OFFER", "ACK"], steps: [discover(d(40), LIST), accept(d(40), LIST)] },
  { name: "INFORM", expect: ["ACK"], steps: [inform(d(3), "10.77.0.77", LIST)] },
  {
    name: "by a relay",
    expect: ["OFFER", "ACK"],
    steps: [
      relayedLater(discover(d(4), [...LIST, ip(118, "10.77.0.0")]), RELAY, DOOR),
      relayedLater(accept(d(4), [...LIST, text(60, "maker")]), RELAY, DOOR),
    ],
  },
  {
    name: "BOOTP, fixed and not",
    expect: ["BOOTREPLY", "BOOTREPLY"],
    steps: [40, 6].map((number) => ({ packet: { xid: 0, chaddr: d(number), options: LIST, padTo: 548 } })),
  },
  {
    name: "without a hardware address",
    expect: ["OFFER", "ACK"],
    steps: [
      discover("", [opt(61, "0001020304"), ...LIST], { hlen: 0, flags: 0x8000 }),
      accept("", [opt(61, "0001020304"), ...LIST], { hlen: 0, flags: 0x8000 }),
    ],
  },
];

const FLAGS = `use-host-decl-names on; echo-client-id on; use-lease-addr-for-default-route on; option dhcp-renewal-time 100; option dhcp-rebinding-time 400;`;

/** What `config-option` sees of the options that the server decides upon itself, and the order of variables in the lease file. */
export const DECIDED_GROUPS: readonly CaseGroup[] = [
  { name: "options that the server decides upon", conf: network(tells.join("\n")), cases },
  { name: "the same with flags that add some", conf: network(`${FLAGS} ${tells.join("\n")}`), cases },
  {
    name: "the same in on commit",
    conf: network(
      `${FLAGS} set before = "b"; set other = option vendor-class-identifier; on commit { ${notes.join("\n")} set before = "again"; }`,
    ),
    cases,
  },
  {
    name: "variables of scopes beside handlers of the end",
    conf: network(
      "set kept = option vendor-class-identifier; set two = 2; on expiry or release { set gone = kept; log(info, host-decl-name); }",
    ),
    cases: [
      {
        name: "a lease keeps them",
        expect: ["OFFER", "ACK", "ACK"],
        steps: [discover(d(2), VENDOR), accept(d(2), VENDOR), renew(d(2), VENDOR)],
      },
    ],
  },
  {
    name: "numbers and truths among variables",
    conf: network(`option told code 200 = string; set bynumber = extract-int(substring(hardware, 5, 2), 16); set isbox = option host-name = "box";
      on commit { set hasname = exists host-name; set remains = lease-time; if isbox { set wasknown = known; } }
      if isbox { option told = "yes"; } else { option told = "no"; }`),
    cases: [
      {
        name: "both in the lease file",
        expect: ["OFFER", "ACK", "ACK", "OFFER", "ACK"],
        steps: [
          ...[discover(d(2), TOLD), accept(d(2), TOLD), renew(d(2), TOLD)],
          ...[discover(d(10), [prl(200)]), accept(d(10), [prl(200)])],
        ],
      },
    ],
  },
  {
    name: "what statements of scopes see of the answer's options",
    conf: network(`option told code 200 = string; set door = concat("x", config-option agent.circuit-id); set asked = config-option agent.remote-id;
      if config-option agent.circuit-id = "port7" { option domain-name "door"; } set time = config-option dhcp-lease-time;
      option told = concat("x", config-option agent.circuit-id); on release { set gone = config-option agent.circuit-id; }`),
    cases: [
      { name: "of a client nearby", expect: ["OFFER", "ACK"], steps: [discover(d(11), SEEN), accept(d(11), SEEN)] },
      {
        name: "of a relay's client",
        expect: ["OFFER", "ACK"],
        steps: [discover(d(12), SEEN), accept(d(12), SEEN)].map((step) => relayedLater(step, RELAY, DOOR)),
      },
    ],
  },
  {
    name: "what scopes see of an offer",
    conf: network(`option left code 200 = string; option left = encode-int(lease-time, 32); option subnet-mask = option user-class;
      if lease-time = 120 { option domain-name "offered"; }
      if exists host-name { option agent.circuit-id "mine"; option agent.agent-id 10.1.2.3; }`),
    cases: [
      {
        name: "while it lasts",
        expect: ["OFFER", "ACK", "ACK"],
        steps: [discover(d(7), SEEN), accept(d(7), SEEN), renew(d(7), SEEN)],
      },
      {
        name: "the relay's options and the server's own",
        expect: ["OFFER", "ACK"],
        steps: [discover(d(8), [text(12, "box")]), accept(d(8), [text(12, "box")])].map((step) =>
          relayedLater(step, RELAY, [agent(text(1, "port7"), text(2, "remote"))]),
        ),
      },
    ],
  },
  {
    name: "an empty host name",
    conf: network(`option told code 200 = string; if exists host-name { option told = "there"; }
      option root-path = pick-first-value(option host-name, "none");`),
    cases: ["", "6200"].map((name, number) => ({
      name: `of bytes "${name}"`,
      expect: ["OFFER", "ACK"],
      steps: [discover(d(20 + number), [opt(12, name), prl(17, 200)]), accept(d(20 + number), [opt(12, name), prl(17, 200)])],
    })),
  },
  {
    name: "more classes than dhcpd takes",
    conf: `authoritative; ping-check off; default-lease-time 600; ${MANY}
      class "added" { option root-path "added"; } if option host-name = "add" { add "added"; }
      subnet 10.77.0.0 netmask 255.255.255.0 {
        pool { range 10.77.0.100 10.77.0.109; allow members of "many6"; } pool { range 10.77.0.110 10.77.0.119; allow members of "many4"; } }`,
    cases: [
      {
        name: "the first five",
        expect: ["OFFER", "ACK", "ACK"],
        steps: [discover(d(50), MEMBER), accept(d(50), MEMBER), renew(d(50), MEMBER)],
      },
      { name: "INFORM", expect: ["ACK"], steps: [inform(d(51), "10.77.0.79", MEMBER)] },
      { name: "and one added", expect: ["OFFER"], steps: [discover(d(52), [...MEMBER, text(12, "add")])] },
    ],
  },
  {
    name: "relay agent options that are cut off",
    conf: network(`option told code 200 = string; option told = concat("c-", option agent.circuit-id);`),
    cases: ["0105aabb", "02", "0102aabb02", "0102aabb0205aa", "0102aabb000203cc", "010061", "00"].map((options, number) => ({
      name: options,
      expect: ["OFFER", "ACK"],
      steps: [discover(d(60 + number), [prl(1, 200)]), accept(d(60 + number), [prl(1, 200)])].map((step) =>
        relayedLater(step, RELAY, [opt(82, options)]),
      ),
    })),
  },
  {
    name: "a reservation for ever, asked for again",
    conf: network("infinite-is-reserved on;"),
    cases: [
      {
        name: "is told again",
        expect: ["OFFER", "ACK", "ACK", "ACK", "ACK"],
        steps: [discover(d(70)), accept(d(70)), renew(d(70), EVER), renew(d(70), EVER), renew(d(70))],
      },
    ],
  },
  {
    name: "INFORM does not overload",
    conf: network(`option long code 201 = text; option long "${"long".repeat(60)}"; option root-path "${"path".repeat(60)}";`),
    cases: [{ name: "what does not fit is left out", expect: ["ACK"], steps: [inform(d(9), "10.77.0.78", [prl(201, 17, 1)])] }],
  },
];
