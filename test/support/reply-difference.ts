import { type Reply, replyType } from "./dhcp-packet.ts";

/** Options that hold seconds left of a lease and may differ by a clock tick: lease time, T1, T2. */
const TIMES = new Set([51, 58, 59]);
const TOLERANCE = 2;

/** A reply as named facts, each as text, so that two of them can be compared and the difference read. */
export function facts(reply: Reply | undefined): Map<string, string> {
  if (!reply) return new Map([["type", "none"]]);
  const found = new Map<string, string>([["type", replyType(reply)]]);
  const { frame, options, ...header } = reply;
  found.set("to", `${frame.macTo} ${frame.ipTo}:${frame.portTo}`);
  found.set("from", `${frame.ipFrom}:${frame.portFrom}`);
  for (const [name, value] of Object.entries(header)) found.set(name, String(value));
  found.set("order", options.map((option) => `${option.code}${option.region === "options" ? "" : `@${option.region}`}`).join(" "));
  for (const option of options) {
    const name = `option ${option.code}`;
    found.set(name, (found.get(name) ?? "") + option.hex);
  }
  return found;
}

/** One thing that two servers said differently; undefined means said nothing. */
export interface Difference {
  readonly field: string;
  readonly reference: string | undefined;
  readonly ours: string | undefined;
}

/** What differs between the reference's reply and ours, by name of field or option. */
export function differences(reference: Reply | undefined, ours: Reply | undefined): Difference[] {
  const a = facts(reference);
  const b = facts(ours);
  if (a.get("type") !== b.get("type")) return [{ field: "type", reference: a.get("type"), ours: b.get("type") }];
  const names = new Set([...a.keys(), ...b.keys()]);
  return [...names].map((field) => ({ field, reference: a.get(field), ours: b.get(field) })).filter((one) => !same(one));
}

function same({ field, reference, ours }: Difference): boolean {
  if (reference === ours) return true;
  const code = Number(/^option (\d+)$/.exec(field)?.[1]);
  if (!TIMES.has(code) || reference?.length !== 8 || ours?.length !== 8) return false;
  return Math.abs(Number.parseInt(reference, 16) - Number.parseInt(ours, 16)) <= TOLERANCE;
}
