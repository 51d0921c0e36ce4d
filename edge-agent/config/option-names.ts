import type { KnownOption } from "./option-format.ts";
import type { ParseContext } from "./parse-context.ts";
import { meantOption } from "./suggestions.ts";
import type { TokenReader } from "./token-reader.ts";
import { atoi } from "./values.ts";

/** What an option's name in the file stands for: a definition, or a name that has none (a definition may follow). */
export type NamedOption = { readonly option: KnownOption } | { readonly undefinedName: string; readonly space: string };

/** `NAME`, `SPACE.NAME` or `unknown-CODE`. Undefined after a reported error (no such space, no identifier). */
export function optionName(context: ParseContext, reader: TokenReader): NamedOption | undefined {
  const first = reader.next();
  if (!reader.isIdentifier(first)) {
    reader.fail("expecting identifier after option keyword.", `found "${first.text}"`);
    reader.skipUnlessEnded();
    return undefined;
  }
  let space = "dhcp";
  let name = first.text;
  if (reader.accept(".")) {
    const second = reader.next();
    if (!reader.isIdentifier(second)) {
      reader.fail("expecting identifier after '.'");
      reader.skipUnlessEnded();
      return undefined;
    }
    const found = context.options.spaceName(first.text);
    if (found === undefined) {
      reader.fail(`no option space named ${first.text}.`, `declare it first: option space ${first.text};`);
      reader.skipStatement();
      return undefined;
    }
    space = found;
    name = second.text;
  }
  const option = context.options.byName(space, name);
  if (option !== undefined) return { option };
  return name.toLowerCase().startsWith("unknown-") ? unknownCode(context, reader, space, name) : { undefinedName: name, space };
}

function unknownCode(context: ParseContext, reader: TokenReader, space: string, name: string): NamedOption | undefined {
  const code = atoi(name.slice("unknown-".length)) >>> 0;
  const end = context.options.endCode(space);
  if (code === 0 || code === end) {
    reader.fail(`Option codes 0 and ${end} are illegal in the ${space} space.`);
    reader.skipStatement();
    return undefined;
  }
  const known = context.options.byCode(space, code);
  if (known === undefined) return { option: { space, name, code, fields: [{ kind: "bytes" }], repeat: "none", format: "X" } };
  reader.informWithoutPlace(`option ${name} has been redefined as option ${known.name}.  Please update your configs if necessary.`);
  return { option: known };
}

/** A name that must have a definition; undefined after a reported error. */
export function definedOption(context: ParseContext, reader: TokenReader): KnownOption | undefined {
  const named = optionName(context, reader);
  if (named === undefined) return undefined;
  if ("option" in named) return named.option;
  reader.fail(`no option named ${named.undefinedName} in space ${named.space}`, meantOption(context, named.space, named.undefinedName));
  reader.skipStatement();
  return undefined;
}
