import { FoundLeaseFile } from "./found-lease-file.ts";
import { tellWritten } from "./lease-file.ts";
import type { StartContext } from "./start-agent.ts";

/** `-T`: reads the lease file and says how it went; nothing is changed. dhcpd's status is 0 even for a damaged file, and so is ours. */
export function testLeaseFile({ paths, config, log }: StartContext): void {
  const file = FoundLeaseFile.read(paths.leaseFile).contentTelling(log.line);
  tellWritten(log, config, file.declarations, file.leases.length);
  log.line("info", `Lease file test successful, ${file.problems.length} statements not understood: ${paths.leaseFile}`);
}
