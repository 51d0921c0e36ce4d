/** Configurations with the three lines that ISC dhcpd 4.4.3-P1 says first about them: the error, the line as it shows it, the caret. */
export const ECHO_CASES: readonly { readonly text: string; readonly said: readonly [string, string, string] }[] = [
  { text: "default-lease-time 600\nmax-lease-time 900;\n", said: ["dhcpd.conf line 2: semicolon expected.", "max-lease-time ", " ^"] },
  { text: "authoritative\n", said: ["dhcpd.conf line 1: semicolon expected.", "", "^"] },
  {
    text: "subnet 10.0.0.0 netmask 255.255.255.0 {\n  range 10.0.0.4\n}\n",
    said: ["dhcpd.conf line 3: expecting numeric value.", "}", " ^"],
  },
  { text: "\toption\tnosuch 1;\n", said: ["dhcpd.conf line 1: unknown option dhcp.nosuch", "\toption\tnosuch 1;", "                 ^"] },
  {
    text: "  option domain-name-servers 10.1.1.1, 10.1.1.2, 10.1.1.3, 10.1.1.4, 10.1.1.5, 10.1.1.6 10.1.1.7;\n",
    said: [
      "dhcpd.conf line 1: semicolon expected.",
      "  option domain-name-servers 10.1.1.1, 10.1.1.2, 10.1.1.3, 10.1.1.4, 10.1.1.5, 1",
      "^",
    ],
  },
  { text: "# first\noption nosuch 1;\n", said: ["dhcpd.conf line 2: unknown option dhcp.nosuch", "option nosuch 1;", "        ^"] },
  { text: "authoritative; # note\nnosuch here;\n", said: ["dhcpd.conf line 2: semicolon expected.", "nosuch here;", "        ^"] },
  {
    text: "host a { hardware ethernet 1:2:3:4:5:6 }\n",
    said: [
      "dhcpd.conf line 1: expecting semicolon.",
      "host a { hardware ethernet 1:2:3:4:5:6 }",
      "                                        ^",
    ],
  },
  {
    text: 'class "a" {\n  match if option nosuch =\n    "x";\n}\n',
    said: ["dhcpd.conf line 2: no option named nosuch in space dhcp", "  match if option nosuch =", "                   ^"],
  },
  { text: "option a code\n\n\n 300 x\n", said: ['dhcpd.conf line 4: expecting "="', "", "^"] },
  {
    text: "host a {\n  fixed-address\n  10.0.0.1 10.0.0.2;\n}\n",
    said: ["dhcpd.conf line 3: semicolon expected.", "  10.0.0.1 10.", "            ^"],
  },
  {
    text: 'option space foo;\noption foo.a code 1 = text;\noption foo.b "x";\n',
    said: ["dhcpd.conf line 3: unknown option foo.b", 'option foo.b "x"', "           ^"],
  },
  {
    text: 'key k { algorithm hmac-md5;\nsecret "a"; }}\n',
    said: ["dhcpd.conf line 2: partial base64 value left over: 26.", 'secret "a";', "        ^"],
  },
  { text: "\n\n}\n", said: ["dhcpd.conf line 0: expecting a parameter or declaration", "", "^"] },
  { text: ";\n", said: ["dhcpd.conf line 0: expecting a parameter or declaration", "", "^"] },
];
