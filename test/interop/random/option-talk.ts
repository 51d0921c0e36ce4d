import type { Prng } from "../../simulation/prng.ts";
import { type OptionBytes, optionOf, type Reply } from "../../support/dhcp-packet.ts";
import { agent, ip, opt, prl, RELAY, relayed, SERVER, SERVER_MAC, type Step, text, type, u16, u32 } from "../cases/case.ts";
import { HOSTS, hostMac } from "./option-conf.ts";
import type { Drawn } from "./steps.ts";

const STRANGERS = 4;
const OFTEN_ASKED = [1, 3, 6, 15, 12, 43, 125, 124, 222, 223, 51, 58, 66, 67];

type Kind = "DISCOVER" | "REQUEST selecting" | "REQUEST renewing";

/** Each host of the configuration, and some strangers, one after the other: DISCOVER, REQUEST, perhaps a renewal. */
export class OptionTalk {
  readonly #chance: Prng;
  readonly #codes: readonly number[];
  #client = -1;
  #options: readonly OptionBytes[] = [];
  #circuit: OptionBytes | undefined;
  #last: Reply | undefined;
  #kinds: Kind[] = [];

  constructor(chance: Prng, codes: readonly number[]) {
    this.#chance = chance;
    this.#codes = codes;
  }

  next(): Drawn | undefined {
    const kind = this.#kinds.shift();
    if (kind !== undefined && (kind === "DISCOVER" || this.#last !== undefined)) return this.#drawn(kind);
    if (this.#client + 1 >= HOSTS + STRANGERS) return undefined;
    this.#client += 1;
    const c = this.#chance;
    this.#options = this.#drawOptions();
    this.#circuit = c.chance(0.25) ? agent(text(1, "port1"), text(2, "remote")) : undefined;
    this.#kinds = ["REQUEST selecting", ...(c.chance(0.2) ? (["REQUEST renewing"] as const) : [])];
    return this.#drawn("DISCOVER");
  }

  /** What the reference answered. */
  learn(_client: number, reply: Reply | undefined): void {
    this.#last = reply;
  }

  #drawn(words: Kind): Drawn {
    const reply = this.#last;
    const address = reply?.yiaddr ?? "0.0.0.0";
    const renewing = words === "REQUEST renewing";
    const chosen: OptionBytes[] =
      words === "REQUEST selecting" ? [ip(50, address), [54, (reply && optionOf(reply, 54)) ?? new Uint8Array(4)]] : [];
    const options = [type(words === "DISCOVER" ? 1 : 3), ...chosen, ...this.#options];
    const packet = { xid: 0, chaddr: hostMac(this.#client), options, ...(renewing ? { ciaddr: address } : {}) };
    const plain: Step = renewing ? { packet, route: { macTo: SERVER_MAC, ipFrom: address, ipTo: SERVER } } : { packet };
    const step = renewing || this.#circuit === undefined ? plain : relayed(plain, RELAY, [this.#circuit]);
    return { client: this.#client, words, step };
  }

  #drawOptions(): OptionBytes[] {
    const c = this.#chance;
    const wanted = [...this.#codes.filter(() => c.chance(0.7)), ...OFTEN_ASKED.filter(() => c.chance(0.5))];
    const list = [...wanted, ...Array.from({ length: c.below(20) }, () => 1 + c.below(253))];
    const drawn: OptionBytes[] = [];
    if (c.chance(0.85)) drawn.push(prl(...(c.chance(0.3) ? list.reverse() : list)));
    if (c.chance(0.6)) drawn.push(u16(57, c.pick([300, 576, 1000, 1500])));
    if (c.chance(0.5)) drawn.push(text(12, c.pick(["box1", "box2", "Name.dot"])));
    if (c.chance(0.5)) drawn.push(text(60, c.pick(["pxe", "maker", "MSFT 5.0"])));
    if (c.chance(0.3)) drawn.push(text(77, "iPXE"));
    if (c.chance(0.3)) drawn.push(opt(81, c.pick(["000000626f78", "05000003626f78076578616d706c6500", "0100006e616d652e646f74"])));
    if (c.chance(0.3)) drawn.push(opt(61, `01${hostMac(this.#client)}`));
    if (c.chance(0.2)) drawn.push(u32(51, c.pick([30, 4000, 100_000])));
    return drawn;
  }
}
