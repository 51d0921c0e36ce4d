import { Prng } from "../../simulation/prng.ts";
import { type Reply, replyType } from "../../support/dhcp-packet.ts";
import { ISC_DHCPD, TANDEM_DHCPD } from "../../support/dhcp-server.ts";
import { type Lab, sleep } from "../../support/netns.ts";
import { type Difference, differences } from "../../support/reply-difference.ts";
import { bindings, send, startWorld, twoWires, type Wire, type World } from "../cases/two-worlds.ts";
import { randomConf } from "./conf.ts";
import { optionConf } from "./option-conf.ts";
import { OptionTalk } from "./option-talk.ts";
import { type Drawn, type Incident, RandomClients } from "./steps.ts";

const MESSAGES = 40;
const SILENCE_MS = 250;
const SLOW_MS = 4000;
const LEASE_FILE_MS = 2500;

/** From this seed on more of the language is drawn, servers are restarted, and time passes. */
const FIRST_WIDE_SEED = 5000;
/** From this seed on there are still more declarations and messages, and reloads. */
const FIRST_WILD_SEED = 8000;
/** From this seed on messages are put oddly, and some servers look whether an address is in use; one is. */
const FIRST_ODD_SEED = 20_000;
const OCCUPIED = "10.77.0.101/24";
const PROBING = "ping-check on; ping-timeout-ms 120;";
const INCIDENTS = ["SIGTERM", "SIGKILL", "wait"] as const satisfies readonly Incident[];
/** Longer than the short leases of {@link randomConf}. */
const WAIT_MS = 6000;

/** The first thing that differed, and what led to it. */
export interface Finding {
  readonly conf: string;
  readonly messages: readonly Drawn[];
  readonly differences: readonly Difference[];
  /** The last lines of both logs. */
  readonly logs: readonly string[];
}

/** Where messages come from: drawn as the talk goes on, or a list. */
export interface Talk {
  next(): Drawn | undefined;
  learn(client: number, reply: Reply | undefined): void;
}

/** Compares dhcpd with the agent, each on its own copy of the network. */
export class RandomDifferential {
  readonly #wires: Wire[];
  #runs = 0;

  constructor(lab: Lab) {
    this.#wires = twoWires(lab);
  }

  /** Draws a configuration and messages from `seed`; undefined when both servers did the same throughout. */
  async seed(seed: number): Promise<Finding | undefined> {
    const wild = seed < FIRST_WILD_SEED ? undefined : new Prng(seed, 3);
    const odd = seed < FIRST_ODD_SEED ? undefined : new Prng(seed, 4);
    const clients = new RandomClients(new Prng(seed, 1), wild, odd);
    const wide = seed < FIRST_WIDE_SEED ? undefined : new Prng(seed, 2);
    let left = MESSAGES;
    const next = (): Drawn | undefined => {
      if (left-- <= 0) return undefined;
      if (wild?.chance(0.03)) return { ...clients.next(), first: "SIGHUP" };
      return wide?.chance(0.06) ? { ...clients.next(), first: wide.pick(INCIDENTS as unknown as [Incident]) } : clients.next();
    };
    const conf = randomConf(new Prng(seed), wide, wild);
    return this.run(odd?.chance(0.25) ? `${conf}\n${PROBING}` : conf, { next, learn: (client, reply) => clients.learn(client, reply) });
  }

  /** Options of all kinds in all scopes, drawn from `seed`, and clients that ask for them. */
  async options(seed: number): Promise<Finding | undefined> {
    const { conf, codes } = optionConf(new Prng(seed, 6));
    return this.run(conf, new OptionTalk(new Prng(seed, 7), codes));
  }

  /** Puts `messages` to both servers under `conf`. */
  async replay(conf: string, messages: readonly Drawn[]): Promise<Finding | undefined> {
    let at = 0;
    return this.run(conf, { next: () => messages[at++], learn: () => {} });
  }

  async run(conf: string, talk: Talk): Promise<Finding | undefined> {
    this.#runs += 1;
    const group = { name: `run ${this.#runs}`, conf, cases: [] };
    const probes = conf.includes("ping-check on;");
    for (const { client } of this.#wires) {
      client.ip("address flush dev c0");
      if (probes) client.ip(`address add ${OCCUPIED} dev c0`);
    }
    const started = await Promise.allSettled(this.#wires.map((wire) => startWorld(wire, group, this.#runs)));
    const worlds = started.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    try {
      if (worlds.length === 0) return undefined;
      if (worlds.length === 1) {
        const logs = started.flatMap((one) => (one.status === "rejected" ? [String(one.reason)] : []));
        return { conf, messages: [], logs, differences: [{ field: "start", reference: started[0]?.status, ours: started[1]?.status }] };
      }
      return await converse(conf, talk, worlds as [World, World], probes ? SILENCE_MS * 3 : SILENCE_MS);
    } finally {
      for (const { server, clients } of worlds) {
        clients.c0.close();
        clients.c1.close();
        await server.stop("SIGKILL");
      }
    }
  }
}

async function converse(conf: string, talk: Talk, worlds: [World, World], silence: number): Promise<Finding | undefined> {
  const messages: Drawn[] = [];
  for (let drawn = talk.next(); drawn; drawn = talk.next()) {
    messages.push(drawn);
    if (drawn.first !== undefined) await incident(drawn.first, worlds);
    const { step, client } = drawn;
    const device = step.device ?? "c0";
    for (const world of worlds) send(world, step, messages.length);
    let reference = await worlds[0].clients[device].reply(messages.length, silence);
    const ours = await worlds[1].clients[device].reply(messages.length, reference ? SLOW_MS : silence);
    if (ours !== undefined && reference === undefined && hasPinged(worlds[0])) {
      send(worlds[0], step, messages.length);
      reference = await worlds[0].clients[device].reply(messages.length, SLOW_MS);
    }
    if (!worlds[0].server.process.isRunning) return undefined;
    const found = differences(comparable(reference), comparable(ours));
    if (found.length > 0) return { conf, messages, differences: found, logs: await logs(worlds) };
    talk.learn(client, reference);
  }
  const found = await leaseDifferences(worlds);
  return found.length === 0 ? undefined : { conf, messages, differences: found, logs: await logs(worlds) };
}

/** dhcpd leaves a DISCOVER without an answer for which it had pinged an address in use; ours offers another. Clients ask again. */
const hasPinged = ({ server }: World): boolean => /pinged before offer\n*$/.test(server.log().trimEnd());

async function incident(kind: Incident, worlds: readonly World[]): Promise<void> {
  if (kind === "wait") {
    await sleep(WAIT_MS);
    return;
  }
  // what is written behind is written by then
  await sleep(LEASE_FILE_MS / 5);
  for (const { server } of worlds) await server.stop(kind === "SIGHUP" ? "SIGTERM" : kind);
  await Promise.all(worlds.map(({ server }) => server.start()));
  if (kind !== "SIGHUP") return;
  // dhcpd would end by it; ours gives addresses out in the order of a start again
  const { server } = worlds[1] as World;
  server.process.signal("SIGHUP");
  await server.process.waitForLog(/^The configuration of .* is in use\.$/m);
}

/**
 * A reply without what differs on purpose: the text of a DHCPNAK (option 56), where dhcpd sends what it last wrote into a buffer that
 * all clients share, the length of answers to lease queries (RFC 951 §3), what these say of messages that changed no lease, and a lease
 * without end (option 51, and in answers to lease queries T1 and T2), which for dhcpd ends in 2038.
 */
export const comparable = (reply: Reply | undefined): Reply | undefined =>
  reply && {
    ...reply,
    ...(/^(NAK|LEASE)/.test(replyType(reply)) && { length: 0 }),
    options: reply.options.filter(({ code, hex }) => !isLeftOut(reply, code) && !(code === 51 && ENDLESS.test(hex))),
  };

const ENDLESS = /^(ffffffff|14[ef])/;
const isEndless = ({ options }: Reply): boolean => options.some(({ code, hex }) => code === 51 && ENDLESS.test(hex));

const isLeftOut = (reply: Reply, code: number): boolean =>
  code === 56 || (replyType(reply) === "LEASEACTIVE" && (code === 91 || code === 60 || ((code === 58 || code === 59) && isEndless(reply))));

async function logs(worlds: readonly World[]): Promise<string[]> {
  await sleep(100);
  return worlds.map(({ server }) => server.log().split("\n").slice(-12).join("\n"));
}

/** Lease records without name and vendor class: in dhcpd a DISCOVER changes these of a lease in memory, and a later write may show it. */
function settled({ server }: World): Record<string, string> {
  const rows = Object.entries(bindings(server));
  return Object.fromEntries(
    rows.map(([address, text]) => [
      address,
      text.replaceAll(/(client-hostname "[^"]*"|set vendor-class-identifier = "[^"]*"); ?/g, "").trim(),
    ]),
  );
}

/** What the lease files come to say differently, once they had time to agree. */
export async function leaseDifferences([reference, ours]: [World, World]): Promise<Difference[]> {
  const end = performance.now() + LEASE_FILE_MS;
  for (;;) {
    const [theirs, mine] = [settled(reference), settled(ours)];
    const names = [...new Set([...Object.keys(theirs), ...Object.keys(mine)])].filter((name) => theirs[name] !== mine[name]);
    if (names.length === 0 || performance.now() > end)
      return names.map((name) => ({ field: `lease ${name}`, reference: theirs[name], ours: mine[name] }));
    await sleep(50);
  }
}

const hexOptions = (key: string, value: unknown): unknown =>
  key === "options"
    ? (value as [number, Uint8Array][]).map(([code, bytes]) => `${code}=${Buffer.from(bytes).toString("hex")}`).join(" ")
    : value;

/** A finding in words. */
export function explain(title: string, { conf, messages, differences: found, logs: both }: Finding): string {
  const lines = found.map(({ field, reference, ours }) => `  ${field}: dhcpd ${reference ?? "-"}, here ${ours ?? "-"}`);
  const said = messages.map(
    ({ step, words, client, first }, number) =>
      `${number + 1}: ${first === undefined ? "" : `after ${first} `}client ${client} ${words}: ${JSON.stringify(step.packet, hexOptions)}`,
  );
  return [`${title} differs (${ISC_DHCPD} and ${TANDEM_DHCPD}):`, ...lines, ...said, ...both, conf].join("\n");
}
