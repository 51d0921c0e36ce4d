import type { OptionDefinition, OptionSpace } from "./option-definition.ts";
import { type KnownOption, type OptionRow, optionFrom } from "./option-format.ts";
import { DHCP_OPTIONS } from "./option-tables.ts";
import { DHCP6_OPTIONS } from "./option-tables-dhcp6.ts";
import {
  AGENT_OPTIONS,
  FQDN_OPTIONS,
  ISC_OPTIONS,
  ISC6_OPTIONS,
  NWIP_OPTIONS,
  SERVER_OPTIONS,
  VENDOR_CLASS_OPTIONS,
  VENDOR_OPTIONS,
  VSIO_OPTIONS,
} from "./option-tables-spaces.ts";

/** An option space while the file is being read. `end` is the code that ends a list and so names no option. */
interface SpaceEntry {
  readonly space: OptionSpace;
  readonly end: number;
  readonly byName: Map<string, KnownOption>;
  readonly byCode: Map<number, KnownOption>;
}

const STANDARD: readonly (readonly [OptionSpace, number, readonly OptionRow[]])[] = [
  [{ name: "dhcp", codeWidth: 1, lengthWidth: 1 }, 255, DHCP_OPTIONS],
  [{ name: "agent", codeWidth: 1, lengthWidth: 1 }, 0, AGENT_OPTIONS],
  [{ name: "nwip", codeWidth: 1, lengthWidth: 1 }, 0, NWIP_OPTIONS],
  [{ name: "fqdn", codeWidth: 1, lengthWidth: 1 }, 0, FQDN_OPTIONS],
  [{ name: "vendor-class", codeWidth: 4, lengthWidth: 1 }, 0, VENDOR_CLASS_OPTIONS],
  [{ name: "vendor", codeWidth: 4, lengthWidth: 1 }, 0, VENDOR_OPTIONS],
  [{ name: "isc", codeWidth: 2, lengthWidth: 2 }, 0, ISC_OPTIONS],
  [{ name: "dhcp6", codeWidth: 2, lengthWidth: 2 }, 0, DHCP6_OPTIONS],
  [{ name: "vsio", codeWidth: 4, lengthWidth: 2 }, 0, VSIO_OPTIONS],
  [{ name: "isc6", codeWidth: 2, lengthWidth: 2 }, 0, ISC6_OPTIONS],
  [{ name: "server", codeWidth: 2, lengthWidth: 2 }, 0, SERVER_OPTIONS],
];

/** The option definitions that hold while a file is read: the standard ones, and those that the file adds. Names ignore case. */
export class OptionRegistry {
  readonly #spaces = new Map<string, SpaceEntry>();

  constructor() {
    for (const [space, end, rows] of STANDARD) {
      const entry = this.#enter(space, end);
      for (const row of rows) remember(entry, optionFrom(space.name, row));
    }
  }

  #enter(space: OptionSpace, end: number): SpaceEntry {
    const entry = { space, end, byName: new Map(), byCode: new Map() };
    this.#spaces.set(space.name.toLowerCase(), entry);
    return entry;
  }

  hasSpace(name: string): boolean {
    return this.#spaces.has(name.toLowerCase());
  }
  /** The space's own spelling of its name. */
  spaceName(name: string): string | undefined {
    return this.#spaces.get(name.toLowerCase())?.space.name;
  }
  endCode(space: string): number {
    return this.#spaces.get(space.toLowerCase())?.end ?? 0;
  }
  /** `option space`: a second declaration of a space begins it anew. */
  declareSpace(space: OptionSpace): void {
    this.#enter(space, 0);
  }
  byName(space: string, name: string): KnownOption | undefined {
    return this.#spaces.get(space.toLowerCase())?.byName.get(name.toLowerCase());
  }
  byCode(space: string, code: number): KnownOption | undefined {
    return this.#spaces.get(space.toLowerCase())?.byCode.get(code);
  }
  /** Names of the options in `space`. */
  names(space: string): Iterable<string> {
    return this.#spaces.get(space.toLowerCase())?.byName.keys() ?? [];
  }
  /** `option NAME code N = …`: the name and the code mean this from here on. */
  define(option: KnownOption): void {
    const entry = this.#spaces.get(option.space.toLowerCase());
    if (entry === undefined) return;
    const before = entry.byName.get(option.name.toLowerCase());
    if (before !== undefined && entry.byCode.get(before.code) === before) entry.byCode.delete(before.code);
    remember(entry, option);
  }

  spaces(): ReadonlyMap<string, OptionSpace> {
    return new Map([...this.#spaces.values()].map((entry) => [entry.space.name, entry.space]));
  }
  definitions(): ReadonlyMap<string, ReadonlyMap<number, OptionDefinition>> {
    return new Map([...this.#spaces.values()].map((entry) => [entry.space.name, entry.byCode]));
  }
}

function remember(entry: SpaceEntry, option: KnownOption): void {
  entry.byName.set(option.name.toLowerCase(), option);
  entry.byCode.set(option.code, option);
}
