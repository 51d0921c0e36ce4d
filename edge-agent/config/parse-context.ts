import type { Ipv4Address, Ipv4Network } from "../values/ipv4.ts";
import type { Result } from "../values/result.ts";
import type { FunctionDeclaration, Key, PoolRange, Scope, Zone } from "./agent-config.ts";
import { DiagnosticList } from "./diagnostics.ts";
import type { ClassDraft, HostDraft, NetworkDraft, PeerDraft, ScopeDraft } from "./drafts.ts";
import type { Expression, Statement } from "./expression.ts";
import { IntervalIndex } from "./interval-index.ts";
import type { Location } from "./location.ts";
import { OptionRegistry } from "./option-registry.ts";
import type { TokenReader } from "./token-reader.ts";

/** "absent": there is none here, and nobody has complained yet. "failed": there was an error, and it has been reported. */
export type Parsed<T extends object> = T | "absent" | "failed";

/** What kind of value a place asks for; it decides what a bare number means. */
export type ExpressionContext = "any" | "boolean" | "data" | "numeric" | "data-or-numeric";

/** Rules of the grammar that refer to each other across files. */
export interface Grammar {
  expression(context: ParseContext, reader: TokenReader, wanted: ExpressionContext): Parsed<Expression>;
  statement(context: ParseContext, reader: TokenReader): Parsed<StatementBox>;
  /** One declaration or parameter; true if it was a declaration. */
  declaration(context: ParseContext, reader: TokenReader, place: Place): boolean;
}

/** A statement, or none when what was read leaves no trace at run time (`key`, `zone`). */
export interface StatementBox {
  readonly statement: Statement | undefined;
}

export type PlaceKind = "root" | "shared-network" | "subnet" | "pool" | "group" | "host" | "class";

/** Where a declaration stands. */
export interface Place {
  readonly kind: PlaceKind;
  readonly scope: ScopeDraft;
  readonly network: NetworkDraft | undefined;
  /** The subnet whose braces we are in, groups in between not counted. */
  readonly subnet: NetworkDraft["subnets"][number] | undefined;
  readonly host: HostDraft | undefined;
  /** Did a declaration stand before, in the same block? (It changes the words of an error.) */
  afterDeclaration: boolean;
}

/** dhcpd's words for what could begin no statement. */
export const expectation = (place: Place): string =>
  place.afterDeclaration ? "expecting a declaration" : "expecting a parameter or declaration";

export interface LoadPorts {
  /** One character for each byte. The error says why, as the system does ("No such file or directory"). */
  readFile(path: string): Result<string, string>;
  /** After an error reading goes on where dhcpd's does, so that all that follows is told as dhcpd tells it. */
  readonly likeDhcpd?: boolean;
  /** Addresses of a host name; undefined if it cannot be resolved. */
  resolveHost(name: string): readonly Ipv4Address[] | undefined;
}

/** Deeper than any real configuration, and far from the end of the stack. */
const MAXIMUM_DEPTH = 800;

/** Everything that reading a configuration gathers. */
export class ParseContext {
  readonly grammar: Grammar;
  readonly ports: LoadPorts;
  readonly diagnostics = new DiagnosticList();
  readonly options = new OptionRegistry();
  readonly root: ScopeDraft;
  readonly networks: NetworkDraft[] = [];
  readonly hosts = new Map<string, HostDraft>();
  readonly classes = new Map<string, ClassDraft>();
  readonly groups = new Map<string, ScopeDraft>();
  readonly peers = new Map<string, PeerDraft>();
  readonly functions = new Map<string, FunctionDeclaration>();
  readonly keys = new Map<string, Key>();
  readonly zones = new Map<string, Zone>();
  readonly scopes: ScopeDraft[] = [];
  readonly subnetIndex = new IntervalIndex<{ readonly first: number; readonly last: number; readonly name: string }>();
  latestSubnet: Ipv4Network | undefined;
  /** The addresses that ranges have, to find one that is declared twice. */
  readonly rangeIndex = new IntervalIndex<PoolRange>();
  /** Files being read, outermost first. */
  readonly files: string[] = [];
  /** Things to say once only. */
  readonly said = new Set<string>();
  /** Checks that need the whole file; they run when it has been read. */
  readonly atEnd: (() => void)[] = [];
  /** The kind of block whose statement is being read; undefined among statements that run (`if`, `switch`, `on`). */
  placeKind: PlaceKind | undefined = "root";
  /** Of a part that is missing in the expression being read dhcpd says nothing. */
  quiet = false;
  #depth = 0;

  constructor(grammar: Grammar, ports: LoadPorts, path: string) {
    this.grammar = grammar;
    this.ports = ports;
    this.root = this.newScope("global", "", undefined, { file: path, line: 1, column: 1 });
  }

  newScope(kind: Scope["kind"], name: string, parent: ScopeDraft | undefined, location: Location): ScopeDraft {
    const authoritative = parent?.authoritative ?? false;
    const scope: ScopeDraft = {
      id: this.scopes.length,
      kind,
      name,
      parent,
      statements: [],
      authoritative,
      location,
      adopted: undefined,
    };
    this.scopes.push(scope);
    return scope;
  }

  /** Goes one level deeper and runs `read`; refuses when things are nested beyond all reason. */
  nested<T>(reader: TokenReader, read: () => T, refused: T): T {
    if (this.#depth >= MAXIMUM_DEPTH) {
      reader.fail(`nested more than ${MAXIMUM_DEPTH} levels deep`, "the rest of the file was not read");
      reader.close();
      return refused;
    }
    this.#depth += 1;
    const found = read();
    this.#depth -= 1;
    return found;
  }
}
