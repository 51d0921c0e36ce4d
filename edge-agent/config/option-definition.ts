/**
 * What an option's value is made of (dhcp-options(5)); the letters are dhcpd's own, for comparing with its tables.
 * `t`/`X`/`d`/`D` take the rest of the option unless they are followed by nothing else.
 */
export type OptionField =
  | { readonly kind: "address" } //                I
  | { readonly kind: "address6" } //               6
  | { readonly kind: "integer"; readonly bits: 8 | 16 | 32; readonly signed: boolean } // B b S s L l
  | { readonly kind: "lease-time" } //             T: 32 bits, "infinite" allowed
  | { readonly kind: "flag" } //                   f
  | { readonly kind: "text" } //                   t
  | { readonly kind: "bytes" } //                  X: hex pairs or a string
  | { readonly kind: "domain-name" } //            d: RFC 1035 labels
  | { readonly kind: "domain-list"; readonly compressed: boolean } // D, Dc
  | { readonly kind: "encapsulate"; readonly space: string } //  E
  | { readonly kind: "enumeration"; readonly values: ReadonlyMap<string, number>; readonly bits: 8 | 16 | 32 } // N
  | { readonly kind: "zero-length" }; //           Z

export interface OptionDefinition {
  /** Option space: "dhcp", "agent", "server", "fqdn", "nwip" or one declared by `option space`. */
  readonly space: string;
  readonly name: string;
  readonly code: number;
  readonly fields: readonly OptionField[];
  /** Does the last field, or the whole record, repeat? */
  readonly repeat: "none" | "last-field" | "record";
}

/** How codes and lengths are written inside an option space (`code width` and `length width` of dhcp-options(5)). */
export interface OptionSpace {
  readonly name: string;
  readonly codeWidth: 1 | 2 | 4;
  readonly lengthWidth: 0 | 1 | 2;
  readonly hashSize?: number;
}
