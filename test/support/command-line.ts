import { type ParseArgsOptionsConfig, parseArgs } from "node:util";

/** What a tool among the tests may be told. */
interface Usage<Options extends ParseArgsOptionsConfig> {
  /** How it is called: "npm run sim". */
  readonly name: string;
  /** Printed for `--help`, and under what is wrong with a command line. */
  readonly help: string;
  readonly options: Options;
  /** Options that are numbers. */
  readonly numbers?: readonly (keyof Options & string)[];
  /** Words that may stand without an option. */
  readonly words?: readonly string[];
}
type Told<Options extends ParseArgsOptionsConfig> = ReturnType<typeof parseArgs<{ options: Options; allowPositionals: true }>>;

/** Reads a tool's command line. Help, and a complaint about what is wrong with the line (status 2), end the process. */
export function commandLine<const Options extends ParseArgsOptionsConfig>(usage: Usage<Options>): Told<Options> {
  const { name, help, options, numbers = [], words = [] } = usage;
  try {
    const all = { ...options, help: { type: "boolean", short: "h", default: false } } as const;
    const { values, positionals } = parseArgs({ options: all, allowPositionals: words.length > 0 });
    if ((values as { help?: boolean }).help === true) {
      process.stdout.write(help);
      process.exit(0);
    }
    for (const option of numbers) {
      const value = (values as Readonly<Record<string, unknown>>)[option];
      if (typeof value === "string" && !/^\d+(\.\d+)?$/.test(value)) throw new Error(`--${option} is a number, not ${value}`);
    }
    const strange = positionals.find((word) => !words.includes(word));
    if (strange !== undefined) throw new Error(`${strange}? It is one of ${words.join(", ")}`);
    return { values, positionals } as unknown as Told<Options>;
  } catch (error) {
    process.stderr.write(`${name}: ${error instanceof Error ? error.message : String(error)}\n\n${help}`);
    return process.exit(2);
  }
}

/** What is wrong with what was asked for, beyond the reach of {@link commandLine}: ends the process with status 2. */
export function refuse(name: string, complaint: string): never {
  process.stderr.write(`${name}: ${complaint}\n`);
  return process.exit(2);
}
