import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { withTables } from "../check/configuration-tables.ts";

/** Renews the tables of docs/configuration.md. */
const manual = fileURLToPath(new URL("../../docs/configuration.md", import.meta.url));
writeFileSync(manual, withTables(readFileSync(manual, "utf8")));
