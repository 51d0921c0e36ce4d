import { lookup } from "node:dns/promises";
import { readFileSync } from "node:fs";
import { type Ipv4Address, parseIpv4 } from "../values/ipv4.ts";
import { err, ok, type Result } from "../values/result.ts";

/** What reading a configuration asks of the machine. */
export interface ConfigurationPorts {
  /** One character for each byte. */
  readFile(path: string): Result<string, string>;
  resolveHost(name: string): readonly Ipv4Address[] | undefined;
}

/** The longest that all host names together may take, in milliseconds. */
const RESOLVE_MILLIS = 10_000;

/** The files of a configuration as they were when first read, and the addresses of the host names in them. */
export class ConfigurationFiles {
  readonly #files = new Map<string, Result<string, string>>();
  readonly #known = new Map<string, readonly Ipv4Address[]>();
  readonly #resolved = new Set<string>();

  /**
   * Runs `load`; if it asked for host names not yet known, resolves them all at once and runs it again. So reading stays
   * synchronous, files are read once, and a name that cannot be resolved is only missing.
   */
  async read<T>(load: (ports: ConfigurationPorts) => T): Promise<T> {
    const asked = new Set<string>();
    const ports: ConfigurationPorts = {
      readFile: (path) => {
        const read = this.#files.get(path) ?? readBytes(path);
        this.#files.set(path, read);
        return read;
      },
      resolveHost: (name) => {
        if (!this.#resolved.has(name)) asked.add(name);
        return this.#known.get(name);
      },
    };
    const first = load(ports);
    if (asked.size === 0) return first;
    await resolveAll([...asked], this.#known);
    for (const name of asked) this.#resolved.add(name);
    return load(ports);
  }

  /**
   * Looks host names up again, all of them or those without an address; true if one has other addresses than before. A name that is
   * not found keeps those that it had.
   */
  async lookUpAgain(which: "all" | "missing"): Promise<boolean> {
    const names = [...this.#resolved].filter((name) => which === "all" || !this.#known.has(name));
    if (names.length === 0) return false;
    const found = new Map<string, readonly Ipv4Address[]>();
    await resolveAll(names, found);
    const changed = [...found].filter(([name, addresses]) => !sameAddresses(this.#known.get(name), addresses));
    for (const [name, addresses] of changed) this.#known.set(name, addresses);
    return changed.length > 0;
  }
}

/** In whatever order: name servers turn it with every answer. */
const sameAddresses = (before: readonly Ipv4Address[] | undefined, after: readonly Ipv4Address[]): boolean =>
  before?.length === after.length && after.every((address) => before.includes(address));

async function resolveAll(names: readonly string[], known: Map<string, readonly Ipv4Address[]>): Promise<void> {
  const each = names.map(async (name) => {
    try {
      const found = await lookup(name, { all: true, family: 4 });
      known.set(
        name,
        found.flatMap(({ address }) => {
          const parsed = parseIpv4(address);
          return parsed.ok ? [parsed.value] : [];
        }),
      );
    } catch {
      // Unknown name or no resolver: the reader of the configuration says so, with the place.
    }
  });
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, RESOLVE_MILLIS);
  });
  await Promise.race([Promise.all(each), tooLong]);
  clearTimeout(timer);
}

function readBytes(path: string): Result<string, string> {
  try {
    return ok(readFileSync(path, "latin1"));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return err(REASONS[code ?? ""] ?? message);
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "No such file or directory",
  EACCES: "Permission denied",
  EISDIR: "Is a directory",
  ENOTDIR: "Not a directory",
  ELOOP: "Too many levels of symbolic links",
};
