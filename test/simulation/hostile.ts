import { encodeMessage } from "../../edge-agent/dhcp/wire/encode.ts";
import { MESSAGE_TYPE, OPTION } from "../../edge-agent/dhcp/wire/option-codes.ts";
import { type Ipv4Address, ipv4ToBytes } from "../../edge-agent/values/ipv4.ts";
import { ip, SERVERS, UNSPECIFIED } from "./lan.ts";
import { Prng } from "./prng.ts";
import type { World } from "./world.ts";

/** Somebody on the near network who wants addresses to himself and others without: floods, false claims and rubbish under his own name. */
export class Hostile {
  readonly #world: World;
  readonly #random: Prng;
  readonly #number: number;

  constructor(world: World, number: number) {
    this.#world = world;
    this.#number = number;
    this.#random = new Prng(world.swarm.seed, 5000 + number);
  }

  begin(): void {
    this.#world.agenda.after(this.#random.exponential(20_000), () => {
      if (!this.#world.lan.calm) this.#attack();
      this.begin();
    });
  }

  #attack(): void {
    const random = this.#random;
    const { lan, swarm } = this.#world;
    if (random.chance(0.2)) {
      lan.toServers(
        "near",
        Uint8Array.from({ length: random.below(600) }, () => random.below(256)),
        "plain",
      );
      return;
    }
    const type = random.pick([
      MESSAGE_TYPE.DHCPDISCOVER,
      MESSAGE_TYPE.DHCPREQUEST,
      MESSAGE_TYPE.DHCPREQUEST,
      MESSAGE_TYPE.DHCPDECLINE,
      MESSAGE_TYPE.DHCPRELEASE,
    ]);
    const victim = (ip("10.20.0.100") + random.below(Math.min(150, swarm.poolSize))) as Ipv4Address;
    const options = new Map<number, Uint8Array>([[OPTION.messageType, Uint8Array.of(type)]]);
    if (type !== MESSAGE_TYPE.DHCPDISCOVER) options.set(OPTION.requestedAddress, ipv4ToBytes(victim));
    if (random.chance(0.6)) options.set(OPTION.serverIdentifier, ipv4ToBytes(random.pick([SERVERS[0]!, SERVERS[1]!])));
    const chaddr = new Uint8Array(16);
    chaddr.set([6, 6, 6, this.#number, 0, random.below(6)]);
    const bytes = encodeMessage({
      ...{ op: 1, htype: 1, hlen: 6, hops: 0, xid: random.below(0xffff), secs: 10, flags: 0x8000 },
      ciaddr: random.chance(0.3) ? victim : UNSPECIFIED,
      ...{ yiaddr: UNSPECIFIED, siaddr: UNSPECIFIED, giaddr: UNSPECIFIED, chaddr },
      ...{ sname: new Uint8Array(0), file: new Uint8Array(0), hasCookie: true, options },
    });
    lan.toServers("near", bytes, "plain");
  }
}
