import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { ADDRESS } from "./failover-config.ts";
import type { FailoverSite } from "./failover-site.ts";
import type { Running } from "./netns.ts";

const PROXY = fileURLToPath(new URL("delaying-proxy.ts", import.meta.url));
/** Where the primary is, and where it believes its partner to be: both on its own loopback. */
const HIDDEN = { primary: "10.78.9.2", secondary: "10.78.9.3" } as const;

/**
 * Puts a proxy between two servers that were not started yet, in the primary's namespace and with its address on the link: `how` is the
 * proxy's first argument. What the link's capture has is what the secondary hears. Stopping the proxy (SIGSTOP) stalls the link.
 */
export async function slowLink(site: FailoverSite, how: string): Promise<Running> {
  const { conf } = site.servers.primary;
  const [here, there] = [`; address ${ADDRESS.primary};`, `peer address ${ADDRESS.secondary};`];
  const moved = readFileSync(conf, "utf8")
    .replace(here, `; address ${HIDDEN.primary};`)
    .replace(there, `peer address ${HIDDEN.secondary};`);
  writeFileSync(conf, moved);
  const namespace = site.namespaces.primary;
  for (const address of Object.values(HIDDEN)) namespace.ip(`address add ${address}/32 dev lo`);
  const out = [HIDDEN.secondary, ADDRESS.secondary, ADDRESS.primary, "647"];
  const back = [ADDRESS.primary, HIDDEN.primary, HIDDEN.secondary, "647"];
  const proxy = namespace.start("proxy", [process.execPath, PROXY, how, ...out, ...back]);
  await proxy.waitForLog(/forwarding/);
  return proxy;
}
