import { BINDING_STATUSES, type BindingStatus } from "../binding-status.ts";

/** ARP hardware types that dhcpd has a name for. */
const HARDWARE_NAMES: ReadonlyMap<number, string> = new Map([
  [1, "ethernet"],
  [6, "token-ring"],
  [8, "fddi"],
  [32, "infiniband"],
]);

export const hardwareName = (htype: number): string => HARDWARE_NAMES.get(htype) ?? `unknown-${htype}`;

export function hardwareType(name: string): number | undefined {
  for (const [htype, known] of HARDWARE_NAMES) if (known === name) return htype;
  const number = /^unknown-(\d{1,3})$/.exec(name)?.[1];
  return number === undefined || Number(number) > 255 ? undefined : Number(number);
}

/** Sub-options of option 82 that dhcpd has a name for, and how it writes them. */
export const AGENT_OPTIONS: ReadonlyMap<number, { readonly name: string; readonly form: "text" | "address" | "number" }> = new Map([
  [1, { name: "circuit-id", form: "text" }],
  [2, { name: "remote-id", form: "text" }],
  [3, { name: "agent-id", form: "address" }],
  [4, { name: "DOCSIS-device-class", form: "number" }],
  [5, { name: "link-selection", form: "address" }],
] as const);

/** The code of `name`, "unknown-9" included. */
export function agentOptionCode(name: string): number | undefined {
  for (const [code, option] of AGENT_OPTIONS) if (option.name.toLowerCase() === name.toLowerCase()) return code;
  const number = /^unknown-(\d{1,3})$/.exec(name)?.[1];
  return number === undefined || Number(number) > 255 ? undefined : Number(number);
}

/** The statuses as "binding state" writes them: our names in lower case. "bootp" of old files is an active lease. */
export function statusNamed(name: string): BindingStatus | undefined {
  const wanted = name.toUpperCase();
  return wanted === "BOOTP" ? "ACTIVE" : BINDING_STATUSES.find((status) => status === wanted);
}

/** One byte a character, up to U+00FF; later characters as UTF-8. */
export function bytesOf(text: string): Uint8Array {
  let narrow = true;
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code > 255) narrow = false;
    bytes[index] = code;
  }
  return narrow ? bytes : new TextEncoder().encode(text);
}
