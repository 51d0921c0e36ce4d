export interface Enumeration {
  readonly bits: 8 | 16 | 32;
  readonly values: ReadonlyMap<string, number>;
}

const enumeration = (bits: 8 | 16 | 32, values: Readonly<Record<string, number>>): Enumeration => ({
  bits,
  values: new Map(Object.entries(values)),
});

/** Named numbers that options and parameters take; names are case-sensitive, as in dhcpd. */
export const ENUMERATIONS: ReadonlyMap<string, Enumeration> = new Map([
  ["ddns-styles", enumeration(8, { none: 0, "ad-hoc": 1, interim: 2, standard: 3 })],
  [
    "syslog-facilities",
    enumeration(8, {
      kern: 0,
      user: 8,
      mail: 16,
      daemon: 24,
      auth: 32,
      syslog: 40,
      lpr: 48,
      news: 56,
      uucp: 64,
      cron: 72,
      authpriv: 80,
      ftp: 88,
      local0: 128,
      local1: 136,
      local2: 144,
      local3: 152,
      local4: 160,
      local5: 168,
      local6: 176,
      local7: 184,
    }),
  ],
  ["prefix_length_modes", enumeration(8, { ignore: 0, prefer: 1, exact: 2, minimum: 3, maximum: 4 })],
  [
    "status-codes",
    enumeration(16, {
      success: 0,
      UnspecFail: 1,
      NoAddrsAvail: 2,
      NoBinding: 3,
      NotOnLink: 4,
      UseMulticast: 5,
      NoPrefixAvail: 6,
      UnknownQueryType: 7,
      MalformedQuery: 8,
      NotConfigured: 9,
      NotAllowed: 10,
      QueryTerminated: 11,
    }),
  ],
  [
    "dhcpv6-messages",
    enumeration(8, {
      SOLICIT: 1,
      ADVERTISE: 2,
      REQUEST: 3,
      CONFIRM: 4,
      RENEW: 5,
      REBIND: 6,
      REPLY: 7,
      RELEASE: 8,
      DECLINE: 9,
      RECONFIGURE: 10,
      "INFORMATION-REQUEST": 11,
      "RELAY-FORW": 12,
      "RELAY-REPL": 13,
      LEASEQUERY: 14,
      "LEASEQUERY-REPLY": 15,
    }),
  ],
]);
