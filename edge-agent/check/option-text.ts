import type { OptionDefinition, OptionField } from "../config/option-definition.ts";
import { decodeDomainList } from "../dhcp/wire/domain-name.ts";
import { hexPairs } from "../values/hardware-address.ts";
import { formatIpv4, ipv4FromBytes } from "../values/ipv4.ts";

/** The value of an option as one would write it in dhcpd.conf; hex pairs where the bytes are not what its type says. */
export function optionText(option: OptionDefinition, value: Uint8Array): string {
  const { fields, repeat } = option;
  const parts: string[] = [];
  let at = 0;
  let index = 0;
  while (at < value.length) {
    if (index === fields.length) {
      if (repeat === "none" || fields.length === 0) return bytesText(value);
      index = repeat === "record" ? 0 : fields.length - 1;
    }
    const field = fields[index];
    const read = field === undefined ? undefined : fieldText(field, value.subarray(at));
    if (read === undefined || read.size === 0) return bytesText(value);
    const joint = index === 0 || (repeat === "last-field" && index === fields.length - 1 && parts.length >= fields.length) ? ", " : " ";
    parts.push(parts.length === 0 ? read.text : `${joint}${read.text}`);
    at += read.size;
    index += 1;
  }
  return parts.length === 0 ? "(empty)" : parts.join("");
}

interface ReadField {
  readonly text: string;
  readonly size: number;
}

function fieldText(field: OptionField, bytes: Uint8Array): ReadField | undefined {
  switch (field.kind) {
    case "address":
      return bytes.length < 4 ? undefined : { text: formatIpv4(ipv4FromBytes(bytes, 0)), size: 4 };
    case "integer":
      return integerText(bytes, field.bits, field.signed);
    case "lease-time": {
      const read = integerText(bytes, 32, false);
      return read?.text === "4294967295" ? { text: "infinite", size: 4 } : read;
    }
    case "flag":
      return { text: bytes[0] === 0 ? "off" : "on", size: 1 };
    case "text":
      return { text: quoted(bytes), size: bytes.length };
    case "domain-name": {
      const [name, another] = decodeDomainList(bytes) ?? [];
      return name === undefined || another !== undefined ? undefined : { text: `"${name}"`, size: bytes.length };
    }
    case "domain-list": {
      const names = decodeDomainList(bytes);
      return names === undefined ? undefined : { text: names.map((name) => `"${name}"`).join(", "), size: bytes.length };
    }
    case "enumeration": {
      const read = integerText(bytes, field.bits, false);
      const name = [...field.values].find(([, number]) => String(number) === read?.text)?.[0];
      return read === undefined || name === undefined ? read : { ...read, text: name };
    }
    default:
      return { text: bytesText(bytes), size: bytes.length };
  }
}

function integerText(bytes: Uint8Array, bits: 8 | 16 | 32, signed: boolean): ReadField | undefined {
  const size = bits / 8;
  if (bytes.length < size) return undefined;
  let number = 0;
  for (let index = 0; index < size; index += 1) number = number * 256 + (bytes[index] ?? 0);
  const limit = 2 ** (bits - 1);
  return { text: String(signed && number >= limit ? number - 2 * limit : number), size };
}

/** Quoted text if the bytes are printable, else hex pairs. */
export const bytesText = (bytes: Uint8Array): string =>
  bytes.length > 0 && bytes.every((byte) => byte >= 32 && byte < 127) ? quoted(bytes) : hexPairs(bytes);

function quoted(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) {
    const character = String.fromCharCode(byte);
    if (byte < 32 || byte >= 127) text += `\\${byte.toString(8).padStart(3, "0")}`;
    else text += character === '"' || character === "\\" ? `\\${character}` : character;
  }
  return `"${text}"`;
}
