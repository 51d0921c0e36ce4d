/** `result` of a STATUS message: ISC's codes; the comment is what omshell prints. */
export const RESULT = {
  success: 0,
  permissionDenied: 6, //        permission denied
  exists: 18, //                 already exists
  notFound: 23, //               not found
  notImplemented: 27, //         not implemented
  invalidArgument: 0x60003, //   invalid argument
  ambiguous: 0x60006, //         more than one object matches key
  keyConflict: 0x60007, //       key conflict
  parseError: 0x60008, //        parse error(s) occurred
  noKey: 0x60009, //             no key specified
  unknownKey: 0x6000a, //        zone TSIG key not known
  badSignature: 0x6000b, //      invalid TSIG key
  unknownAttribute: 0x60020, //  unknown attribute
} as const;
export type ResultCode = (typeof RESULT)[keyof typeof RESULT];

/** A refusal, as it goes into a STATUS message. */
export interface Refusal {
  readonly result: ResultCode;
  readonly message?: string;
}
export const refuse = (result: ResultCode, message?: string): Refusal => (message === undefined ? { result } : { result, message });
