import type { OptionDefinition, OptionField } from "./option-definition.ts";
import { ENUMERATIONS } from "./option-enumerations.ts";

/** Code, name and format letters of one option; the letters are explained at {@link OptionField}. */
export type OptionRow = readonly [code: number, name: string, format: string];

/** A definition with the format it was made from, which drives the reading of values. */
export interface KnownOption extends OptionDefinition {
  readonly format: string;
}

/** The definition that `format` describes. `A` at the end repeats the whole record, `a` the field before it, `o` makes it optional. */
export function optionFrom(space: string, [code, name, format]: OptionRow): KnownOption {
  const fields: OptionField[] = [];
  let repeat: OptionDefinition["repeat"] = "none";
  for (let at = 0; at < format.length; at += 1) {
    const letter = format[at] ?? "";
    if (letter === "A") repeat = fields.length === 1 ? "last-field" : "record";
    else if (letter === "a") repeat = "last-field";
    else if (letter === "E" || letter === "N") {
      const end = format.indexOf(".", at) < 0 ? format.length : format.indexOf(".", at);
      fields.push(namedField(letter, format.slice(at + 1, end)));
      at = end;
    } else if (letter === "D") {
      const compressed = format[at + 1] === "c";
      fields.push({ kind: "domain-list", compressed });
      if (compressed) at += 1;
    } else if (letter !== "o") fields.push(SIMPLE.get(letter) ?? { kind: "bytes" });
  }
  return { space, name, code, fields, repeat, format };
}

function namedField(letter: "E" | "N", name: string): OptionField {
  if (letter === "E") return { kind: "encapsulate", space: name };
  const enumeration = ENUMERATIONS.get(name);
  return { kind: "enumeration", values: enumeration?.values ?? new Map(), bits: enumeration?.bits ?? 8 };
}

const SIMPLE: ReadonlyMap<string, OptionField> = new Map<string, OptionField>([
  ["I", { kind: "address" }],
  ["6", { kind: "address6" }],
  ["l", { kind: "integer", bits: 32, signed: true }],
  ["L", { kind: "integer", bits: 32, signed: false }],
  ["s", { kind: "integer", bits: 16, signed: true }],
  ["S", { kind: "integer", bits: 16, signed: false }],
  ["b", { kind: "integer", bits: 8, signed: true }],
  ["B", { kind: "integer", bits: 8, signed: false }],
  ["T", { kind: "lease-time" }],
  ["f", { kind: "flag" }],
  ["t", { kind: "text" }],
  ["k", { kind: "text" }],
  ["U", { kind: "text" }],
  ["X", { kind: "bytes" }],
  ["d", { kind: "domain-name" }],
  ["Z", { kind: "zero-length" }],
]);
