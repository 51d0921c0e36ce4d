import type { ClassDeclaration, Scope } from "../config/agent-config.ts";
import type { Expression } from "../config/expression.ts";
import { hexPairs } from "../values/hardware-address.ts";

/** A class that a message belongs to, or one of its subclasses, declared or spawned. */
export interface Membership {
  readonly className: string;
  /** Its statements, with those of the class around them. */
  readonly scope: Scope;
  readonly leaseLimit: number | undefined;
  /** Names what a lease is billed to: "class" or, for a subclass, "class" and the hex of its value, separated by "/". */
  readonly billing: string;
}

/** Evaluates expressions of class declarations against a message. */
export interface ClassReader {
  boolean(expression: Expression): boolean;
  data(expression: Expression): Uint8Array | undefined;
}

export const NO_CLASSES: readonly Membership[] = [];

/** dhcpd's bound on the classes of one message: further ones have no effect. */
export const MOST_CLASSES = 5;
/** What it says of each class beyond it. */
export const tooManyClasses = (hardwareText: string): string => `too many classes match ${hardwareText}`;

/**
 * The classes of a message, in the order of their declarations. `match if` must hold where it stands; a class with `match` counts
 * through its subclasses alone, one with `spawn with` makes a subclass for each value it meets. No data is no value. `tooMany` is
 * called for each class beyond {@link MOST_CLASSES}.
 */
export function classify(classes: readonly ClassDeclaration[], read: ClassReader, tooMany: () => void): readonly Membership[] {
  if (classes.length === 0) return NO_CLASSES;
  const members: Membership[] = [];
  for (const declared of classes) {
    const member = membership(declared, read);
    if (member === undefined) continue;
    if (members.length < MOST_CLASSES) members.push(member);
    else tooMany();
  }
  return members;
}

function membership(declared: ClassDeclaration, read: ClassReader): Membership | undefined {
  const { subMatch, matchIf, name } = declared;
  if (matchIf !== undefined && !read.boolean(matchIf)) return undefined;
  if (subMatch === undefined) {
    return matchIf && { className: name, scope: declared.scope, leaseLimit: declared.leaseLimit, billing: name };
  }
  const value = read.data(subMatch);
  if (value === undefined || value.length === 0) return undefined;
  const hex = hexPairs(value, "");
  const billing = `${name}/${hex}`;
  const subclass = declared.subclasses.get(hex);
  if (subclass !== undefined) {
    return { className: name, scope: subclass.scope, leaseLimit: subclass.leaseLimit ?? declared.leaseLimit, billing };
  }
  return declared.spawning ? { className: name, scope: declared.scope, leaseLimit: declared.leaseLimit, billing } : undefined;
}
