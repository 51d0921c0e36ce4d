import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { BranchSite, SERVERS, SITE } from "./branch-site.ts";
import { drawClients, drawServers, LiveBlock, painter, type ServerView, serverLine } from "./screen.ts";
import { SimulatedClients } from "./simulated-clients.ts";

const HELP = `npm start                       a whole branch site on the loopback interface, without root and without network: two servers with
                                failover, the control plane with its ledger, eight simulated clients, and the status of all
npm start -- --for SECONDS      the same, ended after so long
npm start -- --port PORT        another port than 6767 for server A; server B has PORT + 10
npm start -- --embedded         the embedded ledger even where there is a Java to run DynamoDB Local

Both servers are the real one (edge-agent/bin/tandem-dhcpd) with edge-agent/demo/branch.conf; the control plane is that of
\`npm run cloud\`, run from the synthesized template. Clients' datagrams go over UDP from a relay at 127.0.1.1 to 127.0.0.2 and 127.0.0.3.

On a real interface, with your dhcpd.conf (as root, or with CAP_NET_RAW and CAP_NET_BIND_SERVICE):
    edge-agent/bin/tandem-dhcpd -t -cf /etc/dhcp/dhcpd.conf             does it understand the file?
    touch /var/lib/dhcp/dhcpd.leases                                     unless dhcpd's is there: it is taken over
    edge-agent/bin/tandem-dhcpd -f -d -cf /etc/dhcp/dhcpd.conf eth0      serve, and say so here
    edge-agent/bin/tandem --help                                         look at it while it runs`;

const FRAME_MILLIS = 250;
const LOOK_MILLIS = 1000;
/** How long the first client's lease is waited for: what there is to try has an answer then. */
const FIRST_LEASE_MILLIS = 30_000;
/** Without a terminal: the servers' states are told when they change, and at least that often. */
const PLAIN_MILLIS = 30_000;

interface DemoOptions {
  readonly forSeconds: number | undefined;
  readonly port: number;
  readonly embedded: boolean;
}

/** The options; "help", or what is wrong with them. */
function parseArguments(argv: readonly string[]): DemoOptions | string {
  let options: DemoOptions = { forSeconds: undefined, port: 6767, embedded: false };
  for (let index = 0; index < argv.length; index += 1) {
    const word = argv[index];
    if (word === "--help" || word === "-h") return "help";
    if (word === "--embedded") {
      options = { ...options, embedded: true };
      continue;
    }
    if (word !== "--for" && word !== "--port") return `there is no ${word}`;
    const value = Number(argv[++index]);
    if (word === "--for" && !(value > 0)) return "--for wants a number of seconds";
    if (word === "--port" && !(Number.isInteger(value) && value >= 1024 && value < 65525))
      return "--port wants a number from 1024 to 65524";
    options = word === "--for" ? { ...options, forSeconds: value } : { ...options, port: value };
  }
  return options;
}

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** What to try, in lines that work when pasted; the ledger knows who had `address`. */
function introduce(site: BranchSite, address: string): void {
  const { folder, desk } = site;
  say(`
Control plane  ${desk.url}
Ledger         ${desk.ledger === "DynamoDB Local" ? `DynamoDB Local at ${desk.ledgerEndpoint}` : `${desk.ledger} at ${desk.ledgerEndpoint}`}
Folder         ${folder}: configurations, lease files and stores; gone when this ends

Try, in another terminal:
  . ${folder}/env
  tandemctl site ${SITE}
  curl -s -H "Authorization: Bearer $TANDEM_TOKEN" $TANDEM_API/v1/sites/${SITE}/health
  tandem --state ${folder}/a status
  kill -9 $(cat ${folder}/a/pid)
  tandemctl partner-down ${SITE} --survivor branch-b --wait      # granted once A can have no right to serve left: after 65 s or so
  curl -s -H "Authorization: Bearer $TANDEM_TOKEN" $TANDEM_API/v1/sites/${SITE}/addresses/${address}/history
  kill -USR2 ${process.pid}                                       # A starts again, recovers, and the two are a pair again
  tandemctl audit ${SITE}
`);
}

const stampOf = (clients: SimulatedClients): string => `${clients.figures().seconds.toString().padStart(4)} s  `;

/** Shows everything: a live picture on a terminal, lines of text elsewhere. */
class Show {
  readonly #site: BranchSite;
  readonly #clients: SimulatedClients;
  readonly #block: LiveBlock | undefined;
  readonly #paint = painter(process.stdout.isTTY && process.env["NO_COLOR"] === undefined);
  #servers: readonly ServerView[] = [];
  #told = "";
  #toldAt = 0;
  #looking = false;

  constructor(site: BranchSite, clients: SimulatedClients) {
    this.#site = site;
    this.#clients = clients;
    this.#block = process.stdout.isTTY ? new LiveBlock((text) => process.stdout.write(text)) : undefined;
  }

  frame(): void {
    this.#clients.tick();
    const width = process.stdout.columns ?? 100;
    const { clients, notes } = this.#clients;
    this.#block?.draw([
      ...drawServers(this.#servers, this.#paint, width),
      "",
      ...drawClients(clients, notes, this.#clients.figures(), performance.now(), this.#paint, width),
      "",
      this.#paint("dim", "Ctrl-C ends it all.  npm start -- --help says how to go on to a real interface.".slice(0, width)),
    ]);
  }

  async look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    this.#servers = await Promise.all(
      SERVERS.map(async (name) => ({ name, pid: this.#site.pid(name), status: await this.#site.status(name) })),
    );
    this.#looking = false;
    if (this.#block !== undefined) return;
    const text = this.#servers.map((view) => `${stampOf(this.#clients)}${serverLine(view)}`.trimEnd());
    const essence = this.#servers.map(serverLine).join("\n");
    if (essence === this.#told && performance.now() - this.#toldAt < PLAIN_MILLIS) return;
    this.#told = essence;
    this.#toldAt = performance.now();
    say(text.join("\n"));
  }

  end(): void {
    this.#block?.end();
    const { exchanges, renewals, releases, declines } = this.#clients.figures();
    say(`${exchanges} leases, ${renewals} renewals, ${releases} releases, ${declines} declines.`);
  }
}

async function run(options: DemoOptions): Promise<number> {
  let isAsked = false;
  let ask = (): void => {};
  const asked = new Promise<void>((resolve) => {
    ask = () => {
      isAsked = true;
      resolve();
    };
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, ask);
  let clients: SimulatedClients | undefined;
  const tell = (line: string): void => {
    if (!process.stdout.isTTY && clients !== undefined) say(`${stampOf(clients)}${line}`);
  };
  let site: BranchSite | undefined;
  let isClean = true;
  try {
    say("Starting the control plane, its ledger and two servers (some seconds more the first time)…");
    clients = await SimulatedClients.open(options.port, tell);
    site = await BranchSite.start({ ...options, onEnded: (server, how) => tell(`server ${server} ${how}`) });
    if (!isAsked) await watch(site, clients, options, asked);
  } catch (error) {
    process.stderr.write(`The branch site cannot start: ${(error as Error).message}\n`);
    isClean = false;
  }
  clients?.close();
  const isEnded = (await site?.end()) ?? true;
  if (isEnded && isClean) say("All ended cleanly.");
  return isEnded && isClean ? 0 : 1;
}

async function watch(site: BranchSite, clients: SimulatedClients, options: DemoOptions, asked: Promise<void>): Promise<void> {
  clients.begin();
  introduce(site, await firstLease(site, clients, asked));
  const show = new Show(site, clients);
  process.on("SIGUSR2", () => void site.revive());
  const timers = [setInterval(() => show.frame(), FRAME_MILLIS), setInterval(() => void show.look(), LOOK_MILLIS)];
  const over = options.forSeconds === undefined ? undefined : setTimeout(() => process.emit("SIGTERM"), options.forSeconds * 1000);
  await asked;
  clearTimeout(over);
  for (const timer of timers) clearInterval(timer);
  show.end();
}

/** An address that a client has and the ledger knows of. After so long, or when the end is asked for, one that will have been somebody's. */
async function firstLease(site: BranchSite, clients: SimulatedClients, asked: Promise<void>): Promise<string> {
  const giveUpAt = performance.now() + FIRST_LEASE_MILLIS;
  let isAsked = false;
  void asked.then(() => {
    isAsked = true;
  });
  while (!isAsked && performance.now() < giveUpAt) {
    clients.tick();
    const found = await site.leasedAddress();
    if (found !== undefined) return found;
    await sleep(FRAME_MILLIS);
  }
  return "127.0.1.20";
}

const options = parseArguments(process.argv.slice(2));
if (options === "help") say(HELP);
else if (typeof options === "string") {
  process.stderr.write(`npm start: ${options}\n\n${HELP}\n`);
  process.exitCode = 2;
} else process.exit(await run(options));
