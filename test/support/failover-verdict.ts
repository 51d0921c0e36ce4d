import type { Role } from "./failover-config.ts";
import { harmsIn, type Said } from "./failover-harm.ts";
import type { FailoverSite } from "./failover-site.ts";
import { conversation, FAILOVER_PORT } from "./failover-wire.ts";
import { framesOf, Holders } from "./holders.ts";
import { runMeanwhile } from "./netns.ts";
import { writeMessages } from "./tcp-streams.ts";

/** What the failover port's capture has. */
export interface Session {
  /** Frames that tshark finds fault with. */
  readonly faults: string;
  /** How many messages of each type it decoded. */
  readonly messages: Map<number, number>;
}

const other = (role: Role): Role => (role === "primary" ? "secondary" : "primary");

/**
 * What tshark makes of a capture of the failover port. It is shown each message as a segment of its own: what TCP cut otherwise, sent
 * again or the capture missed is put together, or left out, before.
 */
export async function sessionIn(capture: string): Promise<Session> {
  const said = await conversation(capture);
  const each = `${capture}.messages`;
  writeMessages(each, said, FAILOVER_PORT);
  const tshark = (...argv: string[]) => runMeanwhile(["tshark", "-r", each, "-d", `tcp.port==${FAILOVER_PORT},dhcpfo`, ...argv]);
  const faults = await tshark("-Y", "!dhcpfo || _ws.malformed || _ws.expert.severity == 8388608");
  const messages = new Map<number, number>();
  const types = await tshark("-Y", "dhcpfo", "-T", "fields", "-e", "dhcpfo.type");
  for (const type of types.split(/[\s,]+/).filter(Boolean)) messages.set(Number(type), (messages.get(Number(type)) ?? 0) + 1);
  return { faults, messages };
}

/** What no message between the partners may be, each with what was seen. Nothing is captured from here on. */
export async function wireFaults(site: FailoverSite): Promise<{ readonly faults: readonly string[]; readonly said: number }> {
  const { faults } = await site.session();
  const said = await conversation(site.failoverCapture);
  const found = faults === "" ? [] : [`tshark does not understand:\n${faults}`];
  for (const role of ["primary", "secondary"] as const) {
    const isTandems = ({ at }: Said, whose: Role) => site.programAt(whose, at) === "tandem";
    found.push(
      ...harmsIn(
        said,
        site.addressOf(role),
        (each) => isTandems(each, role),
        (each) => isTandems(each, other(role)),
      ),
    );
  }
  return { faults: found, said: said.length };
}

/** What no scenario may bring about, each with what was seen; empty if all is well. */
export async function wrongs(site: FailoverSite): Promise<string[]> {
  const { faults } = await wireFaults(site);
  const holders = new Holders();
  for (const seen of framesOf(site.clientCapture)) holders.see(seen);
  const found = [...holders.doubles.map((text) => `held twice: ${text}`), ...faults];
  for (const role of ["primary", "secondary"] as const) {
    const server = site.servers[role];
    if (server.hasDied) found.push(`the ${role} ended by itself:\n${server.log().slice(-2000)}`);
    const wedged = /I move from \S+ to shutdown/.exec(server.everLogged());
    if (site.programs[role] === "dhcpd" && wedged !== null && !site.toldToShutDown.has(role))
      found.push(`the ${role} was driven into shutdown`);
  }
  return found;
}
