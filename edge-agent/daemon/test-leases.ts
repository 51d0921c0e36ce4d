import { readLeaseFile } from "./lease-file.ts";
import type { StartContext } from "./start-agent.ts";

/** `-T`: reads the lease file and says how it went; nothing is changed. dhcpd's status is 0 even for a damaged file, and so is ours. */
export function testLeaseFile({ paths, log }: StartContext): void {
  const file = readLeaseFile(paths.leaseFile, log.line);
  log.line("info", `Wrote ${file.leases.length} leases to leases file.`);
  log.line("info", `Lease file test successful, ${file.problems.length} statements not understood: ${paths.leaseFile}`);
}
