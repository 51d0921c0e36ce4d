import { type Refused, refused } from "../../contract/problem.ts";
import type { SiteSnapshot } from "../../contract/switch-expressions.ts";
import type { ServerName } from "../../contract/tables.ts";
import type { Caller } from "../../deps.ts";

/** Whether the caller is the agent that the path names. The gateway's policy has compared the path with the certificate's OU and CN; where
 *  the site has the serial numbers of its certificates on record, the session's name (which Roles Anywhere sets to the serial) must be one. */
export function isThatAgent(read: SiteSnapshot, server: ServerName, caller: Caller): Refused | undefined {
  const serials = read.ctl.cfg.serials[server].map((serial) => serial.toLowerCase());
  if (caller.kind === "agent" && (serials.length === 0 || serials.includes(caller.session.toLowerCase()))) return undefined;
  return refused("NOT_YOUR_SITE", `These credentials are not those of server ${server} of ${read.ctl.site}.`);
}
