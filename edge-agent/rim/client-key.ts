import { readFileSync, statSync } from "node:fs";
import { type SealedNames, sealedNames } from "../../cloud/contract/sealed-names.ts";
import { err, ok, type Result } from "../values/result.ts";

/** The fleet's key for the names of clients and hosts; undefined where none is configured. An error says what is wrong with the file. */
export function readClientKey(path: string | undefined): Result<SealedNames | undefined, string> {
  if (path === undefined) return ok(undefined);
  try {
    if ((statSync(path).mode & 0o007) !== 0) return err(`clientKeyFile ${path}: everybody may read it: chmod 600`);
    const names = sealedNames(readFileSync(path, "utf8"));
    return names === undefined ? err(`clientKeyFile ${path}: a key is 64 to 128 hex digits (openssl rand -hex 32)`) : ok(names);
  } catch (error) {
    return err(`clientKeyFile ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
