/** Codes of DHCP options that the server itself reads or writes (RFC 2132 unless it says otherwise). */
export const OPTION = {
  pad: 0,
  subnetMask: 1,
  hostName: 12,
  domainName: 15,
  vendorEncapsulated: 43,
  requestedAddress: 50,
  leaseTime: 51,
  overload: 52,
  messageType: 53,
  serverIdentifier: 54,
  parameterRequestList: 55,
  message: 56,
  maximumMessageSize: 57,
  renewalTime: 58,
  rebindingTime: 59,
  vendorClass: 60,
  clientIdentifier: 61,
  tftpServerName: 66,
  bootFileName: 67,
  /** RFC 3004 */
  userClass: 77,
  /** RFC 4702 */
  fqdn: 81,
  /** RFC 3046 */
  relayAgentInformation: 82,
  /** RFC 4388 */
  associatedAddress: 92,
  /** RFC 3011 */
  subnetSelection: 118,
  /** RFC 3925: VIVCO */
  vendorIdentifyingClass: 124,
  /** RFC 3925: VIVSO */
  vendorIdentifying: 125,
  end: 255,
} as const;

/** Values of option 53 (RFC 2132 §9.6, RFC 4388 §6.1). */
export const MESSAGE_TYPE = {
  DHCPDISCOVER: 1,
  DHCPOFFER: 2,
  DHCPREQUEST: 3,
  DHCPDECLINE: 4,
  DHCPACK: 5,
  DHCPNAK: 6,
  DHCPRELEASE: 7,
  DHCPINFORM: 8,
  DHCPLEASEQUERY: 10,
  DHCPLEASEUNASSIGNED: 11,
  DHCPLEASEUNKNOWN: 12,
  DHCPLEASEACTIVE: 13,
} as const;

/** Bits of option 52: which header fields carry options (RFC 2132 §9.3). */
export const OVERLOAD_FILE = 1;
export const OVERLOAD_SNAME = 2;

/** RFC 2131 §3: what an option area starts with. */
export const MAGIC_COOKIE = 0x63825363;

/** Sizes of the fixed header and its parts, in bytes (RFC 2131 §2). */
export const HEADER_SIZE = 236;
export const SNAME_OFFSET = 44;
export const SNAME_SIZE = 64;
export const FILE_OFFSET = 108;
export const FILE_SIZE = 128;
/** Where options start: the header and the cookie. */
export const OPTIONS_OFFSET = 240;
