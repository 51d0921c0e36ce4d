import { type CaseGroup, discover, mac, text } from "./case.ts";

const c = (number: number) => mac(6, number);

/** Classes that have both `match if` and `match` or `spawn`. */
const twofold = `
authoritative; ping-check off; option dhcp-parameter-request-list 15, 40, 17, 69, 70;
class "both" { match if not exists host-name; match option vendor-class-identifier; option domain-name "both"; }
subclass "both" "one";
subclass "both" "two" { option nis-domain "two"; }
class "spawned" { match if exists host-name; spawn with option vendor-class-identifier; option root-path "spawned"; }
class "empty" { match substring(option host-name, 50, 5); option smtp-server 10.77.0.2; }
subclass "empty" "";
class "equal" { match if substring(option host-name, 50, 5) = ""; option pop-server 10.77.0.3; }
subnet 10.77.0.0 netmask 255.255.255.0 {
  pool { allow members of "both"; range 10.77.0.10 10.77.0.19; }
  pool { deny members of "both"; range 10.77.0.20 10.77.0.29; }
}
`;

export const CLASS_CONDITION_GROUPS: readonly CaseGroup[] = [
  {
    name: "classes of two conditions",
    conf: twofold,
    cases: [
      { name: "both hold", expect: ["OFFER"], steps: [discover(c(1), [text(60, "one")])] },
      { name: "both hold, with statements of the subclass", expect: ["OFFER"], steps: [discover(c(2), [text(60, "two")])] },
      { name: "match if alone", expect: ["OFFER"], steps: [discover(c(3), [text(60, "three")])] },
      { name: "match if, and nothing to match", expect: ["OFFER"], steps: [discover(c(4))] },
      {
        name: "match alone, and a spawning class of which both hold",
        expect: ["OFFER"],
        steps: [discover(c(5), [text(60, "one"), text(12, "n")])],
      },
      { name: "nothing to spawn with", expect: ["OFFER"], steps: [discover(c(6), [text(12, "n")])] },
      { name: "an empty value", expect: ["OFFER"], steps: [discover(c(7), [text(12, "short")])] },
    ],
  },
];
