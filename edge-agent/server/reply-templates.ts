import type { SettledEvaluation } from "../config/evaluate/settled-evaluation.ts";
import { OPTION } from "../dhcp/wire/option-codes.ts";
import { sameBytes } from "../values/hardware-address.ts";
import type { Layout, ReplyOption, Room } from "./reply-layout.ts";

/** All that a layout depends on besides the evaluation: what is asked for, what room there is, and what the server puts in. */
export interface LayoutQuestion {
  readonly room: Room;
  /** The client's parameter request list. */
  readonly list: Uint8Array | undefined;
  /** What else of the request counts, as bits: its type, whether it has option 81, whether its text ends in NUL. */
  readonly traits: number;
  readonly forced: readonly ReplyOption[];
  readonly fallback: readonly ReplyOption[];
}

/** A layout to be used again: values of the moment are written over at their places. */
export interface Template extends Layout {
  readonly question: LayoutQuestion;
  /** For each forced option where its value stands; 0 if it is not sent. */
  readonly patched: readonly number[];
  /** Where option 82 stands; 0 for none. */
  readonly agentAt: number;
}

/** May the layout's values be written over? */
export const isTemplate = (layout: Layout | Template): layout is Template => "patched" in layout;

/** Layouts kept for one evaluation; clients send few different request lists, attackers many. */
const TEMPLATE_LIMIT = 256;
const templates = new WeakMap<SettledEvaluation, Map<number, Template>>();

/** The layout made before for the same question, or `make`'s, which is kept if its values have places of their own. */
export function templateFor(
  evaluation: SettledEvaluation,
  question: LayoutQuestion,
  make: () => { readonly layout: Layout; readonly sent: ReadonlySet<number> },
): Layout | Template {
  let known = templates.get(evaluation);
  if (known === undefined) {
    known = new Map();
    templates.set(evaluation, known);
  }
  const hash = hashOf(question);
  const template = known.get(hash);
  if (template !== undefined && isSame(template.question, question)) return template;
  const { layout, sent } = make();
  const patched = question.forced.map(({ code, value }) => (value.length === 0 || !sent.has(code) ? 0 : (layout.places.get(code) ?? -1)));
  const agentAt = question.room.agentOptions === undefined ? 0 : (layout.places.get(OPTION.relayAgentInformation) ?? -1);
  if (agentAt < 0 || patched.includes(-1)) return layout;
  if (known.size >= TEMPLATE_LIMIT) known.clear();
  const made = { ...layout, question: kept(question), patched, agentAt };
  known.set(hash, made);
  return made;
}

/** Writes the values of this reply over those of the one the template was made for. `start` is where the area begins. */
export function patch(bytes: Uint8Array, start: number, template: Template, question: LayoutQuestion): void {
  const { patched, agentAt } = template;
  for (let index = 0; index < patched.length; index += 1) {
    if (patched[index]! > 0) bytes.set(question.forced[index]!.value, start + patched[index]!);
  }
  if (agentAt > 0) bytes.set(question.room.agentOptions!, start + agentAt);
}

/** FNV-1a over what differs most; {@link isSame} has the last word. */
function hashOf({ room, list, traits, forced }: LayoutQuestion): number {
  let hash = mix(
    mix(mix(0x811c9dc5, room.area), traits),
    (room.file ? 1 : 0) | (room.sname ? 2 : 0) | ((room.agentOptions?.length ?? 0) << 2),
  );
  if (list !== undefined) for (let index = 0; index < list.length; index += 1) hash = mix(hash, list[index]!);
  for (let index = 0; index < forced.length; index += 1) {
    const { code, value } = forced[index]!;
    hash = mix(mix(hash, code), value.length);
    if (code === OPTION.leaseTime && value.length === 4) hash = mix(mix(hash, value[2]!), value[3]!);
  }
  return hash;
}

const mix = (hash: number, value: number): number => Math.imul(hash ^ value, 0x01000193);

function isSame(left: LayoutQuestion, right: LayoutQuestion): boolean {
  return (
    left.traits === right.traits &&
    left.room.area === right.room.area &&
    left.room.file === right.room.file &&
    left.room.sname === right.room.sname &&
    left.room.agentOptions?.length === right.room.agentOptions?.length &&
    sameBytes(left.list, right.list) &&
    sameOptions(left.forced, right.forced, false) &&
    sameOptions(left.fallback, right.fallback, true)
  );
}

/** Of forced options only the lease time's value decides: configured renewal times are sent if they lie within it. */
function sameOptions(left: readonly ReplyOption[], right: readonly ReplyOption[], byValue: boolean): boolean {
  if (left.length !== right.length) return false;
  for (let index = 0; index < left.length; index += 1) {
    const one = left[index]!;
    const other = right[index]!;
    if (one.code !== other.code || one.value.length !== other.value.length) return false;
    if ((byValue || one.code === OPTION.leaseTime) && !sameBytes(one.value, other.value)) return false;
  }
  return true;
}

/** Copies what may be a view on a packet. */
function kept(question: LayoutQuestion): LayoutQuestion {
  const copy = ({ code, value }: ReplyOption): ReplyOption => ({ code, value: value.slice() });
  const { room, list, traits, forced, fallback } = question;
  return {
    room: { ...room, agentOptions: room.agentOptions?.slice() },
    list: list?.slice(),
    traits,
    forced: forced.map(copy),
    fallback: fallback.map(copy),
  };
}
