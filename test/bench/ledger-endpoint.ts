import { registerWrites } from "../../cloud/contract/switch-expressions.ts";
import { createEmbeddedTable } from "../../cloud/embedded/table.ts";
import { startWireServer } from "../../cloud/embedded/wire-server.ts";
import { act, CONFIG } from "../support/ledger-samples.ts";

/** A ledger in memory on a port of the loopback, with one site: `node ledger-endpoint.ts PORT SITE`. */
const [port, site] = process.argv.slice(2) as [string, string];
const table = createEmbeddedTable();
table.transact(registerWrites(site, { ...CONFIG, autonomyMs: 3_600_000, serials: { A: [], B: [] } }, act()));
await startWireServer(table, Number(port));
process.stdout.write("ready\n");
