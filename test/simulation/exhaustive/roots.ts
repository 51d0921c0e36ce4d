import { MESSAGE_TYPE } from "../../../edge-agent/dhcp/wire/option-codes.ts";
import { configOf } from "../../support/load-config.ts";
import { PEER_NAME } from "../config-text.ts";
import { SERVERS } from "../lan.ts";
import { type Dimensions, Inspection } from "./inspection.ts";
import { Server } from "./server.ts";
import { type Side, SmallSite } from "./small-site.ts";

const PRIMARY = 0;
const SECONDARY = 1;
/** In true milliseconds: until a pair that starts has shared its addresses out. */
const SETTLED = 120_000;

/** Where searches begin: what happens often from there, happens seldom from anywhere else. */
export const ROOTS: Readonly<Record<string, (site: SmallSite) => void>> = {
  "both are normal": () => {},
  "out of touch": (site) => {
    apart(site);
  },
  "out of touch, and the secondary has a client": (site) => {
    apart(site);
    serve(site, 1, SECONDARY);
  },
  "the secondary gave a lease that it told nobody of, and is off": (site) => {
    apart(site);
    serve(site, 1, SECONDARY);
    site.kill(SECONDARY);
    site.cut = false;
  },
  "the primary is alone": (site) => {
    serve(site, 1, SECONDARY);
    site.settle();
    site.kill(SECONDARY);
    site.settle();
    site.declaredDown = SECONDARY;
    site.happens(PRIMARY, { kind: "failover-command", peer: PEER_NAME, command: { verb: "partner-down" } });
  },
  "the secondary has lost its disk and recovers": (site) => {
    serve(site, 1, PRIMARY);
    site.settle();
    site.kill(SECONDARY);
    site.settle();
    site.own(SECONDARY).loseDisk();
    site.start(SECONDARY);
  },
};

/** The world of a root, at rest. */
export function siteOf(root: string, dimensions: Dimensions): SmallSite {
  const play = ROOTS[root];
  if (play === undefined) throw new Error(`no root is called "${root}"`);
  const client = (number: number, last: number) => ({
    number,
    hardware: Uint8Array.of(2, 0, 0, 0, 0, last),
    offer: undefined,
    holding: undefined,
  });
  const servers = [server(PRIMARY, dimensions), server(SECONDARY, dimensions)] as const;
  const site = new SmallSite(servers, [client(1, 1), client(2, 2)], new Inspection(dimensions));
  site.start(PRIMARY);
  site.start(SECONDARY);
  site.pass(SETTLED, true);
  play(site);
  return site;
}

function server(side: Side, { addresses, mclt, leaseTime }: Dimensions): Server {
  const common = `address ${["10.20.0.2", "10.20.0.3"][side]}; port 647; peer address ${["10.20.0.3", "10.20.0.2"][side]}; peer port 647;
    max-response-delay 20; max-unacked-updates 10; load balance max seconds 0;`;
  const config = configOf(`
    failover peer "${PEER_NAME}" { ${side === PRIMARY ? `primary; mclt ${mclt}; split 128;` : "secondary;"} ${common} }
    authoritative;
    default-lease-time ${leaseTime};
    max-lease-time ${leaseTime};
    min-lease-time 30;
    abandon-lease-time 300;
    ping-check off;
    subnet 10.20.0.0 netmask 255.255.255.0 {
      pool { failover peer "${PEER_NAME}"; range 10.20.0.100 10.20.0.${99 + addresses}; }
    }
  `);
  return new Server(side === PRIMARY ? "primary" : "secondary", config);
}

/** The link is cut for longer than silence is borne. */
function apart(site: SmallSite): void {
  site.cut = true;
  site.pass(site.now + 25_000, false);
}

function serve(site: SmallSite, number: 1 | 2, side: Side): void {
  const client = () => site.clients[number - 1]!;
  site.offered(client(), side, site.ask(client(), side, MESSAGE_TYPE.DHCPDISCOVER, {}));
  const offer = client().offer;
  if (offer === undefined) return;
  const fields = { requested: offer.address, server: SERVERS[side]! };
  site.bind(client(), site.ask(client(), side, MESSAGE_TYPE.DHCPREQUEST, fields));
}
