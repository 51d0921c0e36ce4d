import type { Context } from "./context.ts";
import { audit, conflicts, history, leases, resolve } from "./history-commands.ts";
import { restored, settle } from "./restore-commands.ts";
import { cancel, configure, decommission, recover, register, site, sites } from "./site-commands.ts";
import { failover, partnerDown, takeover } from "./switch-commands.ts";

/** A command: what follows its name (every option it takes stands there), what it is for, and what it does. Gives the exit status. */
export interface Command {
  readonly usage: string;
  readonly about: string;
  readonly run: (context: Context) => Promise<number>;
}
/** The commands by name. */
export const COMMANDS: Readonly<Record<string, Command>> = {
  sites: { usage: "[--not-normal] [--silent]", about: "all sites, or those that need a look", run: sites },
  site: { usage: "SITE", about: "one site, its servers, and whether each could be declared alone", run: site },
  register: {
    usage: "SITE --names A,B [--pool NAME=FROM-TO]… [--mclt SECONDS] [--autonomy SECONDS] [--max-lease SECONDS] [--foreign A|B]",
    about: "make a site known to the ledger",
    run: register,
  },
  configure: {
    usage:
      "SITE [--names A,B] [--pool NAME=FROM-TO]… [--mclt SECONDS] [--autonomy SECONDS] [--max-lease SECONDS] [--foreign A|B|none] [--serial A=HEX]…",
    about: "change a site's configuration; what is given replaces what stands",
    run: configure,
  },
  decommission: { usage: "SITE --reason TEXT", about: "take a site out of service; its history stays", run: decommission },
  "partner-down": {
    usage: "SITE --survivor NAME [--wait [--timeout SECONDS]] [--standing] [--force] [--reason TEXT]",
    about: "let one server serve alone, as soon as that is safe",
    run: partnerDown,
  },
  cancel: { usage: "SITE", about: "withdraw a standing request for partner-down", run: cancel },
  recover: { usage: "SITE [--force] [--reason TEXT]", about: "make the site a pair again", run: recover },
  takeover: {
    usage: "SITE --survivor NAME --force --reason TEXT",
    about: "the sole server died too: let the other serve alone",
    run: takeover,
  },
  failover: {
    usage:
      "--sites A,B,…|@FILE --survivor NAME --reason TEXT [--at-once N] [--stop-after N] [--no-wait] | --list | --show ID | --resume ID --reason TEXT | --stop ID --reason TEXT",
    about: "partner-down for many sites, in waves",
    run: failover,
  },
  restored: {
    usage: "[SITE] [--sites A,B,…|@FILE] [--all] --generation N --reason TEXT",
    about: "the table was restored from a copy: nobody's right comes of it until each site is settled; N is one more at each restore",
    run: restored,
  },
  settle: {
    usage: "SITE [--sole NAME|--pair --reason TEXT]",
    about: "who may serve a site after a restore, by what its servers told or by your word",
    run: settle,
  },
  history: {
    usage: "[SITE] [--site SITE] [--ip IP [--at TIME]] [--client CLIENT] [--from TIME] [--to TIME] [--format csv|ndjson]",
    about: "who had an address, where a client was, what happened in a site",
    run: history,
  },
  leases: { usage: "SITE [--status STATUS] [--format csv|ndjson]", about: "leases as they stand", run: leases },
  conflicts: { usage: "[--site SITE] [--all] [--format csv|ndjson]", about: "addresses that two clients were told", run: conflicts },
  resolve: { usage: "SITE CONFLICT --reason TEXT", about: "settle a conflict; the record stays", run: resolve },
  audit: { usage: "[SITE] [--from TIME] [--to TIME] [--format csv|ndjson]", about: "who did what to a site, or to the fleet", run: audit },
};

/** How many arguments a command takes at most: the words in capitals at the beginning of its usage. */
export const argumentsOf = ({ usage }: Command): number => /^(?:\[?[A-Z]+\]? ?)*/.exec(usage)?.[0].split(" ").filter(Boolean).length ?? 0;

/** The options that a command takes: those that its usage names. */
export const optionsOf = ({ usage }: Command): ReadonlySet<string> =>
  new Set([...usage.matchAll(/--([a-z-]+)/g)].map((match) => match[1] ?? ""));
