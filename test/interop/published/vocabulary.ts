import { ascii, bytesOf, type OptionBytes } from "../../support/dhcp-packet.ts";

/** What a make of client says of itself: its parameter request list and further options, most often seen. */
export interface Profile {
  readonly wants: readonly number[];
  readonly says: readonly OptionBytes[];
}

const text = (code: number, value: string): OptionBytes => [code, ascii(value)];
const raw = (code: number, hex: string): OptionBytes => [code, bytesOf(hex)];
const profile = (wants: readonly number[], ...says: OptionBytes[]): Profile => ({ wants, says });

const PXE_WANTS = [
  1, 2, 3, 4, 5, 6, 12, 13, 15, 17, 18, 22, 23, 28, 40, 41, 42, 43, 50, 51, 54, 58, 59, 60, 66, 67, 97, 128, 129, 130, 131, 132, 133, 134,
  135,
];
const UUID = "00564d1f3ac1d2e3f405162738495a6b7c";
/** A firmware that boots from the network, of one architecture (RFC 4578). */
const pxe = (arch: number, undi: string, size: string): Profile =>
  profile(
    PXE_WANTS,
    raw(57, size),
    raw(97, UUID),
    raw(93, arch.toString(16).padStart(4, "0")),
    raw(94, "010201"),
    text(60, `PXEClient:Arch:${String(arch).padStart(5, "0")}:UNDI:${undi}`),
  );

/** Clients of many makes, as they are seen on networks. */
export const PROFILES: readonly [Profile, ...Profile[]] = [
  // Windows
  profile(
    [1, 3, 6, 15, 31, 33, 43, 44, 46, 47, 119, 121, 249, 252],
    text(60, "MSFT 5.0"),
    text(12, "DESKTOP-A1B2C3"),
    raw(81, "0000004445534b"),
  ),
  profile([1, 15, 3, 6, 44, 46, 47, 31, 33, 43], text(60, "MSFT 98"), text(12, "OLDBOX")),
  // macOS, iOS
  profile([1, 121, 3, 6, 15, 108, 114, 119, 252, 95, 44, 46], raw(57, "05dc"), raw(51, "0076a700"), text(12, "Someones-MacBook")),
  profile([1, 121, 3, 6, 15, 108, 114, 119, 252], raw(57, "05dc")),
  profile([1, 3, 6, 15, 43, 60], text(60, "AAPLBSDPC/i386/iMac7,1")),
  // dhclient, dhcpcd, systemd-networkd, udhcpc, Android
  profile([1, 28, 2, 3, 15, 6, 119, 12, 44, 47, 26, 121, 42], text(12, "debian")),
  profile([1, 28, 2, 121, 15, 6, 12, 40, 41, 42, 26, 119, 3, 121, 249, 33, 252, 42, 17], text(12, "fedora.example.org")),
  profile([1, 3, 6, 12, 15, 26, 28, 42, 51, 54, 58, 59, 119, 121], text(60, "dhcpcd-9.4.1:Linux-6.1:x86_64:GenuineIntel"), raw(57, "05c8")),
  profile([1, 3, 6, 12, 15, 26, 33, 42, 119, 120, 121], text(12, "networkd")),
  profile([1, 3, 6, 12, 15, 28, 42, 66, 67, 128], text(60, "udhcp 1.36.1"), raw(57, "0240")),
  profile([1, 3, 6, 15, 26, 28, 51, 58, 59, 43, 114, 108], text(60, "android-dhcp-13"), text(12, "Pixel-7"), raw(57, "05dc")),
  profile([1, 33, 3, 6, 15, 28, 51, 58, 59, 119], text(60, "dhcpcd-5.5.6"), text(12, "android-0123456789abcdef")),
  // Printers
  profile([6, 3, 1, 15, 66, 67, 13, 44, 119, 43, 12, 81, 252], text(60, "Hewlett-Packard JetDirect"), text(12, "NPI112233")),
  profile([1, 3, 6, 15, 44, 46, 47, 69], text(60, "LEXMARK"), raw(81, "050000034c455800")),
  // Firmware, boot loaders, installers
  pxe(0, "002001", "04ec"),
  pxe(6, "003016", "05c0"),
  pxe(7, "003016", "05c0"),
  pxe(9, "003000", "05c0"),
  pxe(11, "003000", "05c0"),
  profile([...PXE_WANTS, 175, 203], text(60, "HTTPClient:Arch:00016:UNDI:003001"), raw(93, "0010"), raw(94, "010300"), raw(97, UUID)),
  profile(
    [1, 3, 6, 7, 12, 15, 17, 43, 60, 66, 67, 119, 128, 129, 130, 131, 132, 133, 134, 135, 175, 203],
    raw(57, "05c0"),
    raw(93, "0000"),
    raw(94, "010201"),
    text(60, "PXEClient:Arch:00000:UNDI:002001"),
    text(77, "iPXE"),
    raw(175, "b105018086100eeb030104001701012201011301011101012101011001011901012701011b0101"),
    raw(97, UUID),
  ),
  profile(
    [1, 3, 6, 12, 17, 43, 60, 66, 67, 175, 203],
    raw(93, "0007"),
    text(60, "PXEClient:Arch:00007:UNDI:003010"),
    text(77, "iPXE"),
    raw(175, "130101"),
  ),
  profile([1, 3, 6, 12, 17, 43, 60, 66, 67, 175], text(60, "PXEClient:Arch:00000:UNDI:002001"), text(77, "gPXE"), raw(175, "010180")),
  profile([1, 3, 12, 43], text(60, "Etherboot-5.4"), raw(150, "45746865"), raw(175, "0600")),
  profile(
    [1, 3, 6, 12, 15, 17, 42, 43, 54, 66, 67, 72, 114, 125, 7],
    text(60, "onie_vendor:x86_64-maker_s6000-r0"),
    text(77, "onie_dhcp_user_class"),
    raw(61, "0102aabbccddee"),
  ),
  profile([1, 3, 6, 12, 15, 28, 51, 66, 67, 150], text(60, "d-i")),
  profile([1, 3, 6, 12, 15, 28, 40, 41, 42], text(60, "anaconda-Linux 5.14 x86_64")),
  profile([1, 3, 12, 15, 17, 43], text(60, "SUNW.Sun-Fire-T200")),
  profile(
    [1, 3, 43, 60, 66, 67, 128, 129],
    text(60, "PXEClient:Arch:00000:UNDI:002001"),
    raw(97, "0052506934"),
    raw(93, "0000"),
    raw(94, "010201"),
  ),
  // Telephones and set-top boxes
  profile([1, 66, 6, 3, 15, 150, 35], text(60, "Cisco Systems, Inc. IP Phone CP-7960"), text(12, "SEP001122334455")),
  profile([1, 28, 66, 43, 160, 3, 15, 6, 2, 42], text(60, "Polycom-VVX400"), raw(125, "")),
  profile([1, 3, 6, 15, 43, 66, 159, 160], text(60, "Polycom-SoundPointIP-SPIP_331")),
  profile([1, 3, 6, 7, 15, 26, 28, 42, 51, 54, 58, 59, 242], text(60, "ccp.avaya.com"), text(12, "AVX112233")),
  profile([1, 3, 6, 15, 43, 66, 67, 120, 132], text(60, "yealink")),
  profile([1, 3, 6, 12, 15, 42, 43, 66, 67, 120], text(60, "snom320")),
  profile([43, 125, 128, 129, 130, 131, 132, 133, 66, 67], text(60, "ipphone.mitel.com")),
  profile([1, 3, 6, 15, 42, 43, 120, 125, 176], text(60, "Grandstream GXP2160")),
  // Network devices
  profile([1, 3, 6, 12, 15, 28, 42, 43], text(60, "ubnt"), text(12, "U6-Lite")),
  profile([1, 28, 2, 3, 15, 6, 12, 43, 60], text(60, "ArubaAP")),
  profile([1, 3, 6, 15, 28, 43, 60, 241], text(60, "ArubaInstantAP")),
  profile([1, 6, 15, 44, 3, 33, 150, 43], text(60, "Cisco AP c1130"), text(12, "ap1")),
  profile([1, 66, 6, 15, 44, 3, 67, 12, 33, 150, 43, 125], raw(61, "00636973636f2d303031312d4769"), text(12, "Switch")),
  profile([1, 3, 7, 6, 15, 67, 66, 43, 138], text(60, "Ruckus CPE")),
  profile([1, 3, 6, 42, 43, 66, 67, 150], text(60, "Juniper-ex2200-c-12t-2g")),
  profile([1, 3, 2, 4, 7, 54, 51, 6, 15, 66, 67, 122], text(60, "docsis3.0:052401010102"), raw(125, "0000118b00")),
  profile([1, 3, 6, 7, 12, 15, 122], text(60, "pktc1.5:052401010102")),
  // Those that ask for nothing, or everything
  { wants: [], says: [] },
  profile([1, 3]),
  profile(Array.from({ length: 60 }, (_, at) => at * 4 + 1)),
];
