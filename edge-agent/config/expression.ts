import type { Location } from "./location.ts";
import type { OptionDefinition } from "./option-definition.ts";

/**
 * Expressions of dhcp-eval(5), parsed and checked. Data gives bytes, numeric gives an unsigned 32-bit number, boolean gives
 * true or false; each may also give "nothing" (dhcpd's null value), for instance when an option is absent.
 */
export type Expression = { readonly location: Location } & ExpressionKind;

export type ExpressionKind =
  | { readonly kind: "bytes"; readonly value: Uint8Array }
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "boolean"; readonly value: boolean }
  /** `option space.name` (from the packet) or `config-option` (from what the configuration gives so far). */
  | { readonly kind: "option"; readonly from: "packet" | "config"; readonly option: OptionDefinition }
  | { readonly kind: "exists"; readonly option: OptionDefinition }
  | { readonly kind: "hardware" }
  | { readonly kind: "hardware-type" }
  | { readonly kind: "packet"; readonly offset: Expression; readonly length: Expression }
  | { readonly kind: "substring"; readonly data: Expression; readonly offset: Expression; readonly length: Expression }
  | { readonly kind: "suffix"; readonly data: Expression; readonly length: Expression }
  | { readonly kind: "case"; readonly to: "lower" | "upper"; readonly data: Expression }
  /** `areDomainLists`: compressed ones (RFC 1035 §4.1.4), joined as lists and not as bytes. */
  | { readonly kind: "concat"; readonly parts: readonly Expression[]; readonly areDomainLists?: boolean }
  | { readonly kind: "reverse"; readonly width: Expression; readonly data: Expression }
  | {
      readonly kind: "binary-to-ascii";
      readonly base: Expression;
      readonly width: Expression;
      readonly separator: Expression;
      readonly data: Expression;
    }
  | { readonly kind: "encode-int"; readonly value: Expression; readonly bits: 8 | 16 | 32 }
  | { readonly kind: "extract-int"; readonly data: Expression; readonly bits: 8 | 16 | 32 }
  | { readonly kind: "pick-first-value"; readonly choices: readonly Expression[] }
  | { readonly kind: "host-decl-name" }
  | { readonly kind: "leased-address" }
  | { readonly kind: "lease-time" }
  | { readonly kind: "filename" }
  | { readonly kind: "server-name" }
  | { readonly kind: "client-state" }
  | { readonly kind: "known" }
  | { readonly kind: "static" }
  | { readonly kind: "check"; readonly className: string }
  | { readonly kind: "not"; readonly operand: Expression }
  | { readonly kind: "and" | "or"; readonly left: Expression; readonly right: Expression }
  | { readonly kind: "equal" | "not-equal"; readonly left: Expression; readonly right: Expression }
  | { readonly kind: "regex"; readonly subject: Expression; readonly pattern: Expression; readonly ignoreCase: boolean }
  | {
      readonly kind: "arithmetic";
      readonly operator: "+" | "-" | "*" | "/" | "%" | "&" | "|" | "^";
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly kind: "variable"; readonly name: string }
  | { readonly kind: "variable-exists"; readonly name: string }
  | { readonly kind: "call"; readonly name: string; readonly arguments: readonly Expression[] }
  | { readonly kind: "gethostname" }
  | { readonly kind: "gethostbyname"; readonly host: string }
  /** Names that were to be resolved while reading the file; the addresses found, joined. */
  | { readonly kind: "host-addresses"; readonly host: string; readonly resolved: Uint8Array }
  | { readonly kind: "null" };

/** Statements that run while an answer is made (dhcpd's executable statements), in the order of the file. */
export type Statement = { readonly location: Location } & StatementKind;

export type OptionOperator = "supersede" | "default" | "append" | "prepend" | "send";

export type StatementKind =
  | {
      readonly kind: "option";
      readonly operator: OptionOperator;
      readonly option: OptionDefinition;
      readonly value: Expression | undefined;
    }
  /** A server parameter such as default-lease-time or filename; see parameters.ts for the names and what their values are. */
  | { readonly kind: "parameter"; readonly operator: OptionOperator; readonly name: string; readonly value: Expression }
  | { readonly kind: "vendor-option-space"; readonly space: string }
  | { readonly kind: "site-option-space"; readonly space: string }
  | { readonly kind: "if"; readonly condition: Expression; readonly then: readonly Statement[]; readonly otherwise: readonly Statement[] }
  | { readonly kind: "switch"; readonly value: Expression; readonly numeric: boolean; readonly cases: readonly SwitchCase[] }
  | { readonly kind: "break" }
  | { readonly kind: "set"; readonly name: string; readonly value: Expression }
  | { readonly kind: "unset"; readonly name: string }
  | { readonly kind: "define"; readonly name: string; readonly parameters: readonly string[]; readonly body: readonly Statement[] }
  | { readonly kind: "return"; readonly value: Expression | undefined }
  | { readonly kind: "eval"; readonly value: Expression }
  | { readonly kind: "log"; readonly priority: "fatal" | "error" | "info" | "debug"; readonly message: Expression }
  | { readonly kind: "execute"; readonly command: string; readonly arguments: readonly Expression[] }
  | { readonly kind: "add-class"; readonly className: string }
  | { readonly kind: "on"; readonly events: readonly LeaseEvent[]; readonly body: readonly Statement[] }
  /** `let` of nested scopes: the name is bound within `body`. */
  | { readonly kind: "let"; readonly name: string; readonly value: Expression; readonly body: readonly Statement[] };

export type LeaseEvent = "commit" | "release" | "expiry" | "transmission";

/** `matches` undefined is `default:`; without a `break` the next case runs too. */
export interface SwitchCase {
  readonly matches: Expression | undefined;
  readonly body: readonly Statement[];
}
