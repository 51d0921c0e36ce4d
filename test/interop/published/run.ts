import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { Prng } from "../../simulation/prng.ts";
import type { Lab } from "../../support/netns.ts";
import { sleep } from "../../support/netns.ts";
import { type Difference, differences } from "../../support/reply-difference.ts";
import { send, startWorld, twoWires, type Wire, type World } from "../cases/two-worlds.ts";
import { comparable, type Finding, leaseDifferences } from "../random/run.ts";
import type { Drawn } from "../random/steps.ts";
import { drawLayout, type Layout, prefixLength } from "./layout.ts";
import { logDifferences } from "./logs.ts";
import { ipText, readConf } from "./read-conf.ts";
import { PublishedTalk } from "./talk.ts";

const SILENCE_MS = 120;
const SLOW_MS = 4000;
/** For files that have no network of their own, since others include them. */
const SUBNET = "subnet 10.77.0.0 netmask 255.255.255.0 { range 10.77.0.100 10.77.0.150; range dynamic-bootp 10.77.0.200 10.77.0.210; }";

/** A configuration served side by side, and what came of it. */
export type Outcome =
  | { readonly kind: "alike"; readonly replies: number; readonly messages: number }
  | { readonly kind: "passed over"; readonly why: string }
  | { readonly kind: "differs"; readonly finding: Finding };

/** Messages one at a time. */
interface Talk {
  next(): Drawn | undefined;
  learn(client: number, reply: Parameters<PublishedTalk["learn"]>[1]): void;
}

/** Puts drawn talks to dhcpd and the agent, on configurations as people wrote them. */
export class PublishedDifferential {
  readonly #wires: Wire[];
  #layout: Layout | undefined;
  #runs = 0;

  constructor(lab: Lab) {
    this.#wires = twoWires(lab);
  }

  /** Draws a network and a talk for `text` from `seed`. */
  async draw(text: string, seed: number, messages: number): Promise<Outcome> {
    const quiet = harmless(text);
    const conf = /^[^#\n]*\bsubnet\b/m.test(quiet) ? quiet : `${quiet}\n${SUBNET}\n`;
    const facts = readConf(conf);
    const layout = drawLayout(new Prng(seed, 2), facts);
    if (!layout) return { kind: "passed over", why: "no network for an interface" };
    this.#lay(layout, facts.names, conf);
    return this.#run(conf, new PublishedTalk(new Prng(seed, 3), facts, layout, messages));
  }

  /** The same messages again on the network as it is, as `shrink` asks for. */
  async replay(conf: string, messages: readonly Drawn[]): Promise<Finding | undefined> {
    let at = 0;
    const outcome = await this.#run(conf, { next: () => messages[at++], learn: () => {} });
    return outcome.kind === "differs" ? outcome.finding : undefined;
  }

  close(): void {
    for (const { server } of this.#wires) rmSync(`/etc/netns/${server.name}`, { recursive: true, force: true });
  }

  /** Gives both copies of the network the addresses of a layout, and the names of the file some address. */
  #lay(layout: Layout, names: readonly string[], conf: string): void {
    this.#layout = layout;
    const own = [...conf.matchAll(/^[^#\n]*\baddress\s+(\d+\.\d+\.\d+\.\d+)\s*;/gm)].map(([, address]) => address as string);
    for (const { server } of this.#wires) {
      for (const device of ["s0", "s1", "lo"]) server.ip(`address flush dev ${device}`);
      for (const address of new Set(["127.0.0.1", ...own])) server.ip(`address add ${address}/32 dev lo`);
      for (const [at, { subnet, server: address }] of layout.ports.entries())
        server.ip(`address add ${address}/${prefixLength(subnet.mask)} dev s${at}`);
      server.ip(`route replace default via ${layout.ports[0].router}`);
      mkdirSync(`/etc/netns/${server.name}`, { recursive: true });
      const known = [...new Set(names)]
        .filter((name) => name !== "localhost")
        .map((name, at) => `${ipText(layout.ports[0].subnet.address + 2 + (at % 6))} ${name}\n`);
      writeFileSync(`/etc/netns/${server.name}/hosts`, `127.0.0.1 localhost\n${known.join("")}`);
      writeFileSync(`/etc/netns/${server.name}/resolv.conf`, "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n");
    }
  }

  async #run(conf: string, talk: Talk): Promise<Outcome> {
    this.#runs += 1;
    const group = { name: `run ${this.#runs}`, conf, flags: ["--allow-execute"], cases: [] };
    const started = await Promise.allSettled(this.#wires.map((wire) => startWorld(wire, group, this.#runs)));
    const worlds = started.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    try {
      const logs = started.flatMap((one) => (one.status === "rejected" ? [String(one.reason)] : []));
      if (worlds.length === 0) return { kind: "passed over", why: `neither starts: ${logs[0]}` };
      if (worlds.length === 2) return await this.#converse(conf, talk, worlds as [World, World]);
      const start = [{ field: "start", reference: started[0]?.status, ours: started[1]?.status }];
      return { kind: "differs", finding: { conf, messages: [], logs, differences: start } };
    } finally {
      for (const { server, clients } of worlds) {
        clients.c0.close();
        clients.c1.close();
        await server.stop("SIGKILL");
      }
    }
  }

  async #converse(conf: string, talk: Talk, worlds: [World, World]): Promise<Outcome> {
    const messages: Drawn[] = [];
    let replies = 0;
    for (const { clients } of worlds) {
      for (const { giaddr } of this.#layout?.relays ?? []) clients.c0.own(giaddr);
      for (const [at, { router }] of this.#layout?.ports.entries() ?? []) clients[at === 0 ? "c0" : "c1"].own(router);
      if (this.#layout?.ports[1]) clients.c1.own(this.#layout.ports[1].router);
    }
    const differ = (found: readonly Difference[]): Outcome => ({
      kind: "differs",
      finding: { conf, messages, differences: found, logs: worlds.map(({ server }) => server.log().split("\n").slice(-7).join("\n")) },
    });
    for (let drawn = talk.next(); drawn; drawn = talk.next()) {
      messages.push(drawn);
      const device = drawn.step.device ?? "c0";
      for (const world of worlds) send(world, drawn.step, messages.length);
      const [theirs, mine] = worlds.map(({ clients }) => clients[device]) as [World["clients"]["c0"], World["clients"]["c0"]];
      let reference = await theirs.reply(messages.length, SILENCE_MS);
      const ours = await mine.reply(messages.length, reference ? SLOW_MS : SILENCE_MS);
      if (ours && !reference) reference = await theirs.reply(messages.length, SLOW_MS);
      if (!worlds[0].server.process.isRunning) return { kind: "passed over", why: "dhcpd ended" };
      const found = differences(comparable(reference), comparable(ours)).filter(({ field }) => field !== "length" || !isQuery(drawn));
      if (found.length > 0) {
        await sleep(150);
        return differ(found);
      }
      if (reference) replies += 1;
      talk.learn(drawn.client, reference);
    }
    const found = [...(await leaseDifferences(worlds)), ...(await logDifferences(worlds))];
    return found.length > 0 ? differ(found) : { kind: "alike", replies, messages: messages.length };
  }
}

/** The answers to lease queries are shorter than RFC 951 §3 has it in dhcpd. */
const isQuery = ({ words }: Drawn): boolean => words === "LEASEQUERY";

/** A configuration that nothing outside the laboratory comes to harm by: included files are left out, programs run are not there. */
export function harmless(text: string): string {
  const quiet = text
    .replaceAll(/^(\s*)include\s+"[^"]*"\s*;/gm, "$1")
    .replaceAll(/execute\s*\(\s*"([^"]*)"/g, (all, program: string) => (existsSync(program) ? all.replace(program, "/bin/true") : all));
  return /\bping-(check|timeout)/.test(quiet) ? quiet : `${quiet}\nping-check off;\n`;
}

/** The same without its failover peers, as a server that serves alone. */
export function withoutFailover(text: string): string {
  return text.replaceAll(/^\s*failover\s+peer\s+"[^"]*"\s*\{[^}]*\}/gm, "").replaceAll(/^(\s*)failover\s+peer\s+"[^"]*"\s*;/gm, "$1");
}
