import type { Role } from "./failover-config.ts";
import { harmsIn, type Said } from "./failover-harm.ts";
import type { FailoverSite } from "./failover-site.ts";
import { conversation } from "./failover-wire.ts";
import { framesOf, Holders } from "./holders.ts";
import { run } from "./netns.ts";

/** What the failover port's capture has. */
export interface Session {
  /** Frames that tshark finds fault with. */
  readonly faults: string;
  /** How many messages of each type it decoded. */
  readonly messages: Map<number, number>;
}

const other = (role: Role): Role => (role === "primary" ? "secondary" : "primary");

export function sessionIn(capture: string): Session {
  const tshark = (...argv: string[]) => run(["tshark", "-r", capture, "-d", "tcp.port==647,dhcpfo", ...argv]);
  const faults = tshark("-Y", "_ws.malformed || (dhcpfo && _ws.expert.severity == 8388608)");
  const messages = new Map<number, number>();
  for (const type of tshark("-Y", "dhcpfo", "-T", "fields", "-e", "dhcpfo.type")
    .split(/[\s,]+/)
    .filter(Boolean))
    messages.set(Number(type), (messages.get(Number(type)) ?? 0) + 1);
  return { faults, messages };
}

/** What no scenario may bring about, each with what was seen; empty if all is well. */
export async function wrongs(site: FailoverSite): Promise<string[]> {
  const { faults } = await site.session();
  const holders = new Holders();
  for (const seen of framesOf(site.clientCapture)) holders.see(seen);
  const found = holders.doubles.map((text) => `held twice: ${text}`);
  if (faults !== "") found.push(`tshark does not understand:\n${faults}`);
  const said = conversation(site.failoverCapture);
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
    const server = site.servers[role];
    if (server.hasDied) found.push(`the ${role} ended by itself:\n${server.log().slice(-2000)}`);
    const wedged = /I move from \S+ to shutdown/.exec(server.everLogged());
    if (site.programs[role] === "dhcpd" && wedged !== null && !site.toldToShutDown.has(role))
      found.push(`the ${role} was driven into shutdown`);
  }
  return found;
}
