import { hexPairs } from "../values/hardware-address.ts";
import type { ClassDraft, ScopeDraft, SubclassDraft } from "./drafts.ts";
import { typedOrAbsent } from "./expression-terms.ts";
import { declarationBlock, left, type Special } from "./network-declarations.ts";
import type { ParseContext, Place } from "./parse-context.ts";
import { bytesOf } from "./source.ts";
import type { TokenReader } from "./token-reader.ts";
import { atoi, hexList } from "./values.ts";

function fail(reader: TokenReader, message: string, mend?: string): Special {
  reader.fail(message, mend);
  reader.skipStatement();
  return left(reader);
}

/** `class "NAME" { … }` and `subclass "NAME" VALUE;`, after the first word, and the old forms `vendor-class` and `user-class`. */
export function classDeclaration(
  context: ParseContext,
  reader: TokenReader,
  place: Place,
  kind: "class" | "subclass" | "vendor-class" | "user-class",
): void {
  const location = reader.location;
  const token = reader.next();
  if (token.type !== "STRING") {
    fail(reader, "Expecting class name", `write ${kind} "NAME"`);
    return;
  }
  const name = token.text;
  const existing = context.classes.get(name);
  if (kind === "class") {
    const declared = existing ?? newClass(name, context.newScope("class", name, place.scope, location));
    if (reader.leftBrace()) classBlock(context, reader, place, declared, existing === undefined);
    return;
  }
  if (existing === undefined) {
    fail(reader, `no class named ${name}`, `declare it first: class "${name}" { … }`);
    return;
  }
  const value = kind === "subclass" ? subclassValue(reader) : bytesOf(name);
  if (value !== undefined) subclass(context, reader, place, existing, value);
}

const newClass = (name: string, scope: ScopeDraft): ClassDraft => ({
  name,
  scope,
  matchIf: undefined,
  subMatch: undefined,
  spawning: false,
  leaseLimit: undefined,
  subclasses: new Map(),
});

function subclassValue(reader: TokenReader): Uint8Array | undefined {
  const { type } = reader.peek();
  if (type === "STRING") return bytesOf(reader.next().text);
  if (type === "NUMBER" || type === "NUMBER-OR-NAME") return hexList(reader);
  reader.fail("Expecting string or hex list.");
  reader.skipUnlikeDhcpd();
  return undefined;
}

function subclass(context: ParseContext, reader: TokenReader, place: Place, parent: ClassDraft, value: Uint8Array): void {
  const key = hexPairs(value, "");
  const known = parent.subclasses.get(key);
  const draft: SubclassDraft = known ?? { scope: parent.scope, value, leaseLimit: parent.leaseLimit };
  parent.subclasses.set(key, draft);
  if (reader.accept(";")) return;
  if (!reader.leftBrace()) return;
  draft.scope = context.newScope("subclass", parent.name, draft.scope, reader.location);
  const inner: Place = { ...place, kind: "class", scope: draft.scope, host: undefined, afterDeclaration: false };
  const flags = { deleted: false };
  declarationBlock(context, reader, inner, () => {
    switch (reader.peek().type) {
      case "match":
        if (!reader.likeDhcpd) reader.next();
        return fail(reader, "invalid match in subclass.");
      case "spawn":
        reader.next();
        return fail(reader, "invalid spawn in subclass.");
      default:
        return commonStatement(reader, draft, flags);
    }
  });
  if (flags.deleted) parent.subclasses.delete(key);
}

function classBlock(context: ParseContext, reader: TokenReader, place: Place, draft: ClassDraft, isNew: boolean): void {
  const inner: Place = { ...place, kind: "class", scope: draft.scope, host: undefined, afterDeclaration: false };
  const seen = { matchIf: false, subMatch: false, lost: false };
  const flags = { deleted: false };
  declarationBlock(context, reader, inner, () => {
    switch (reader.peek().type) {
      case "match":
        reader.next();
        return reader.accept("if") ? matchIf(context, reader, draft, seen) : subMatch(context, reader, draft, seen);
      case "spawn":
        reader.next();
        draft.spawning = true;
        if (reader.next().type !== "with") return fail(reader, "expecting with after spawn");
        return subMatch(context, reader, draft, seen);
      default:
        return commonStatement(reader, draft, flags);
    }
  });
  if (flags.deleted) context.classes.delete(draft.name);
  else if (isNew) context.classes.set(draft.name, draft);
}

/** What classes and subclasses know alike; false if the next statement is another. */
function commonStatement(reader: TokenReader, draft: { leaseLimit: number | undefined }, flags: { deleted: boolean }): Special {
  const { type } = reader.peek();
  if (type !== "lease" && type !== "dynamic" && type !== "deleted") return false;
  reader.next();
  if (type === "lease") return leaseLimit(reader, draft);
  if (type === "deleted") flags.deleted = true;
  return reader.semicolon() || left(reader);
}

interface Seen {
  matchIf: boolean;
  subMatch: boolean;
  /** An expression was wrong: of one that is not there dhcpd then says nothing more. */
  lost: boolean;
}

function matchIf(context: ParseContext, reader: TokenReader, draft: ClassDraft, seen: Seen): Special {
  if (seen.matchIf) return fail(reader, "A class may only have one 'match if' clause.");
  seen.matchIf = true;
  const found = typedOrAbsent(context, reader, "boolean");
  if (found === "absent" || found === "failed") return noMatch(reader, found, seen, "expecting boolean expr.");
  draft.matchIf = found;
  reader.semicolon();
  return true;
}

function noMatch(reader: TokenReader, found: "absent" | "failed", seen: Seen, complaint: string): true {
  if (found === "absent" && !(seen.lost && reader.likeDhcpd)) fail(reader, complaint);
  if (found === "failed") seen.lost = true;
  return true;
}

function subMatch(context: ParseContext, reader: TokenReader, draft: ClassDraft, seen: Seen): Special {
  if (seen.subMatch) return fail(reader, "can't override existing submatch/spawn.");
  seen.subMatch = true;
  const found = typedOrAbsent(context, reader, "data");
  if (found === "absent" || found === "failed") return noMatch(reader, found, seen, "expecting data expr.");
  draft.subMatch = found;
  reader.semicolon();
  return true;
}

/** `lease limit N;`, after `lease`. */
function leaseLimit(reader: TokenReader, draft: { leaseLimit: number | undefined }): Special {
  if (reader.next().type !== "limit") reader.fail('expecting "limit"');
  else if (reader.next().type !== "NUMBER") reader.fail("expecting a number");
  else {
    draft.leaseLimit = atoi(reader.last.text);
    reader.semicolon();
    return true;
  }
  reader.skipUnlessEnded();
  return left(reader);
}
