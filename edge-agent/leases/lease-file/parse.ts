import type { Ipv4Address } from "../../values/ipv4.ts";
import { NO_TIME } from "../../values/time.ts";
import type { Lease } from "../lease.ts";
import { readDate, wholeNumber } from "./dates.ts";
import { parseLease, readData } from "./parse-lease.ts";
import { BadStatement, Tokens } from "./tokens.ts";
import {
  type LeaseFile,
  type LeaseFileProblem,
  RECORDED_STATES,
  type RecordedDeclaration,
  type RecordedEndpoint,
  type RecordedState,
  sealOf,
} from "./types.ts";

/** Classes are configuration, and the v6 kinds another server's. */
const SKIPPED = new Set(["class", "subclass", "ia-na", "ia-ta", "ia-pd", "ia_na", "ia_ta", "ia_pd", "default-duid"]);
/** Of a hopeless file, no more complaints than this. */
const MAX_PROBLEMS = 1000;

/** The file as it is put together; Maps, because later declarations win. */
interface Draft {
  readonly leases: Map<Ipv4Address, Lease>;
  readonly endpoints: Map<string, RecordedEndpoint>;
  readonly sealed: Set<string>;
  readonly declarations: Map<string, RecordedDeclaration>;
  serverDuid: Uint8Array | undefined;
  authoringByteOrder: LeaseFile["authoringByteOrder"];
  readonly problems: LeaseFileProblem[];
}

/**
 * Reads dhcpd.leases(5). `text` has one character a byte (Latin-1). Never fails: a declaration that cannot be understood
 * is a problem with its line, and what follows is read on.
 */
export function parseLeaseFile(text: string): LeaseFile {
  const tokens = new Tokens(text);
  const draft: Draft = {
    leases: new Map(),
    endpoints: new Map(),
    sealed: new Set(),
    declarations: new Map(),
    serverDuid: undefined,
    authoringByteOrder: undefined,
    problems: [],
  };
  while (tokens.kind !== "end") {
    const block = { open: false };
    try {
      parseDeclaration(tokens, draft, () => {
        block.open = true;
      });
    } catch (error) {
      if (!(error instanceof BadStatement)) throw error;
      if (draft.problems.length < MAX_PROBLEMS) draft.problems.push({ line: error.line, message: error.message });
      recover(tokens, block.open);
    }
  }
  return {
    leases: [...draft.leases.values()],
    endpoints: [...draft.endpoints.values()],
    sealed: draft.sealed,
    declarations: [...draft.declarations.values()],
    serverDuid: draft.serverDuid,
    authoringByteOrder: draft.authoringByteOrder,
    problems: draft.problems,
  };
}

function recover(tokens: Tokens, inBlock: boolean): void {
  if (inBlock) {
    tokens.skipBlock();
    return;
  }
  if (tokens.kind === "}") tokens.next();
  else tokens.skipStatement();
}

function parseDeclaration(tokens: Tokens, draft: Draft, entered: () => void): void {
  const { kind } = tokens;
  const word = kind === "word" ? tokens.text.toLowerCase() : "";
  if (kind === ";") {
    tokens.next();
    return;
  }
  if (SKIPPED.has(word)) {
    tokens.skipStatement();
    return;
  }
  switch (word) {
    case "lease": {
      tokens.next();
      const lease = parseLease(tokens, entered);
      draft.leases.delete(lease.address);
      draft.leases.set(lease.address, lease);
      return;
    }
    case "failover": {
      tokens.next();
      const endpoint = parseEndpoint(tokens, entered);
      draft.endpoints.set(endpoint.name, endpoint);
      if (tokens.comment === sealOf(endpoint)) draft.sealed.add(endpoint.name);
      else draft.sealed.delete(endpoint.name);
      tokens.expect("}");
      return;
    }
    case "host":
    case "group":
      parseNamed(tokens, draft, word, entered);
      return;
    case "server-duid":
      tokens.next();
      draft.serverDuid = readData(tokens);
      tokens.expect(";");
      return;
    case "authoring-byte-order":
      tokens.next();
      if (tokens.text !== "big-endian" && tokens.text !== "little-endian") throw tokens.bad("expecting big-endian or little-endian");
      draft.authoringByteOrder = tokens.text;
      tokens.next();
      tokens.expect(";");
      return;
    default:
      throw tokens.bad("expecting lease declaration");
  }
}

/** `peer "NAME" state { my state S at DATE; partner state S at DATE; mclt N;` after the word "failover". */
function parseEndpoint(tokens: Tokens, entered: () => void): RecordedEndpoint {
  if (!tokens.accept("peer")) throw tokens.bad("expecting peer");
  const name = tokens.value("a failover peer's name");
  tokens.accept("state");
  tokens.expect("{");
  entered();
  let endpoint: RecordedEndpoint = {
    name,
    myState: "unknown-state",
    myStos: NO_TIME,
    partnerState: "unknown-state",
    partnerStos: NO_TIME,
    mclt: undefined,
  };
  while (tokens.kind !== "}") {
    if (tokens.accept("mclt")) endpoint = { ...endpoint, mclt: wholeNumber(tokens) };
    else if (tokens.accept("my")) {
      const { state, at } = readStateAt(tokens);
      endpoint = { ...endpoint, myState: state, myStos: at };
    } else if (tokens.accept("partner") || tokens.accept("peer")) {
      const { state, at } = readStateAt(tokens);
      endpoint = { ...endpoint, partnerState: state, partnerStos: at };
    } else throw tokens.bad("expecting my state, partner state or mclt");
    tokens.expect(";");
  }
  return endpoint;
}

function readStateAt(tokens: Tokens): { readonly state: RecordedState; readonly at: RecordedEndpoint["myStos"] } {
  if (!tokens.accept("state")) throw tokens.bad("expecting state");
  const state = RECORDED_STATES.find((each) => each === tokens.text.toLowerCase());
  if (state === undefined) throw tokens.bad("expecting a failover state");
  tokens.next();
  if (!tokens.accept("at")) throw tokens.bad("expecting at");
  return { state, at: readDate(tokens) };
}

/** `host NAME { … }`, `group [NAME] { … }`: statements are kept as they stand, but for dynamic, static and deleted. */
function parseNamed(tokens: Tokens, draft: Draft, kind: "host" | "group", entered: () => void): void {
  tokens.next();
  const name = tokens.value("a name");
  tokens.expect("{");
  entered();
  const statements: string[] = [];
  let [deleted, replaces] = [false, kind === "host"];
  while (tokens.kind !== "}") {
    if (tokens.kind === "end") throw tokens.bad("expecting }");
    const { start } = tokens;
    const word = tokens.text.toLowerCase();
    tokens.skipStatement();
    if (word === "deleted") deleted = true;
    else if (word === "dynamic") replaces = false;
    else if (word !== "static") statements.push(tokens.since(start).trim());
  }
  tokens.next();
  const body = deleted ? undefined : statements.join("\n");
  draft.declarations.set(`${kind} ${name}`, { kind, name, body, ...(replaces ? { replaces } : {}) });
}
