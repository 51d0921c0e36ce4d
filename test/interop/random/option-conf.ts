import type { Prng } from "../../simulation/prng.ts";
import { condition, data, quoted, STANDARD, TYPES, type Valued, valueText } from "./option-values.ts";

/** Hardware address of a host of the configuration. */
export const hostMac = (number: number): string => `02000000aa${number.toString(16).padStart(2, "0")}`;
export const HOSTS = 16;

const WIDTHS = ["", "code width 1 length width 1", "code width 2 length width 2", "code width 4 length width 1", "length width 2"] as const;
const SPECIAL = [
  "vendor-option-space vend;",
  'site-option-space "site";',
  'option site.first "sitetext";',
  "option site.second 77;",
  'option ent.a "ent-a"; option ent.b 10.9.8.7;',
  'option vendor-class.ent "vc";',
  'option agent.circuit-id "mine";',
  'option deep.t "deep"; option deepest.a 500;',
  "vendor-option-space deep;",
  "option dhcp-parameter-request-list 1,3,6,43,128,222,223,125;",
  'filename "f.img";',
  'server-name "sn"; next-server 10.1.1.1;',
  "default-lease-time 1000; max-lease-time 900;",
  "min-lease-time 500;",
  "set kept = hardware;",
  'on commit { set done = "x"; }',
  'on expiry or release { set over = "x"; }',
  "use-lease-addr-for-default-route on;",
  "use-host-decl-names on;",
  "echo-client-id on;",
  "option dhcp-max-message-size 300;",
  "option vendor-encapsulated-options 01:02:aa:bb;",
  "always-broadcast on;",
] as const;

/** A dhcpd.conf drawn from `c` that sets options of all kinds in all scopes; not always legal. `codes` are worth asking for. */
export function optionConf(c: Prng): { readonly conf: string; readonly codes: readonly number[] } {
  const own = Array.from({ length: 8 }, (_, number): Valued & { readonly type: string } => {
    const [type, format] = c.pick(TYPES);
    return { name: `own${number}`, code: 128 + number * 3, type, format };
  });
  const vend = [1, 5, 100, 254].map((code, number): Valued & { readonly type: string } => {
    const [type, format] = c.pick(TYPES);
    return { name: `vend.${["one", "two", "three", "four"][number]}`, code, type, format };
  });
  const favourites: readonly Valued[] = [...Array.from({ length: 6 }, () => c.pick(STANDARD as unknown as [Valued])), ...own, ...vend];
  const draw = new Statements(c, favourites);
  const definitions = [...own, ...vend].map(({ name, code, type }) => `option ${name} code ${code} = ${type};`);
  const hosts = Array.from({ length: HOSTS }, (_, number) => {
    const fixed = c.chance(0.15) ? `fixed-address 10.77.0.${10 + number};` : "";
    return `host h${number} { hardware ethernet ${hostMac(number).match(/../g)?.join(":")}; ${fixed} ${draw.some(6)} }`;
  });
  const conf = `option space vend ${c.pick(WIDTHS)};
${definitions.join("\n")}
option space site; option site.first code ${c.pick([128, 200, 224])} = text; option site.second code 250 = unsigned integer 16;
option holder code 222 = encapsulate vend;
option space deepest; option deepest.a code 7 = unsigned integer 16;
option space deep; option deep.sub code 3 = encapsulate deepest; option deep.t code 1 = text; option holder2 code 223 = encapsulate deep;
option space ent code width 1 length width 1; option ent.a code 1 = text; option ent.b code 2 = ip-address;
option vendor.ent code 4491 = encapsulate ent; option vendor-class.ent code 4491 = string;
ddns-update-style none; ping-check off; default-lease-time 600; max-lease-time 7200; authoritative;
${draw.some(6)}
class "kl" { match if ${condition(c)}; ${draw.some(3)} }
class "sp" { match ${c.pick(["hardware", "option host-name", "option vendor-class-identifier"])}; ${draw.some(2)} }
subclass "sp" "box1" { ${draw.some(3)} }
shared-network wire { ${draw.some(3)}
  subnet 10.77.0.0 netmask 255.255.255.0 { ${draw.some(4)}
    pool { range 10.77.0.30 10.77.0.120; allow known-clients; ${draw.some(3)} } pool { range 10.77.0.130 10.77.0.220; ${draw.some(3)} } } }
subnet 10.78.0.0 netmask 255.255.255.0 { range 10.78.0.100 10.78.0.110; }
group { ${draw.some(4)} ${hosts.slice(0, 8).join("\n")} }
${hosts.slice(8).join("\n")}
`;
  return { conf, codes: favourites.map(({ code }) => code) };
}

class Statements {
  readonly #chance: Prng;
  readonly #favourites: readonly Valued[];

  constructor(chance: Prng, favourites: readonly Valued[]) {
    this.#chance = chance;
    this.#favourites = favourites;
  }

  /** At most so many. */
  some(most: number): string {
    return Array.from({ length: this.#chance.below(most + 1) }, () => this.#one(0)).join("\n  ");
  }

  #one(depth: number): string {
    const c = this.#chance;
    const kind = c.unit();
    const inner = (): string => this.#one(depth + 1);
    if (kind < 0.65) return this.#option();
    if (kind < 0.85 || depth > 1) return c.pick(SPECIAL);
    if (kind < 0.95) return `if ${condition(c)} { ${inner()} } elsif ${condition(c)} { ${inner()} } else { ${inner()} }`;
    return `switch (option vendor-class-identifier) { case "maker": ${inner()} break; case ${quoted(c)}: ${inner()} default: ${inner()} }`;
  }

  #option(): string {
    const c = this.#chance;
    const option = c.pick((c.chance(0.6) ? this.#favourites : STANDARD) as unknown as [Valued]);
    const operator = c.pick(["option", "option", "option", "supersede", "append", "prepend", "default"]);
    if (c.chance(0.22)) return `${operator} ${option.name} = ${data(c)};`;
    const value = valueText(option, c);
    return value === "" ? "" : `${operator} ${option.name} ${value};`;
  }
}
