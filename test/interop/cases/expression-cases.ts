import { ASKED, asking, discover, type ExpressionCase, host, named, one, option, plain } from "./expression-request.ts";

export const DATA_CASES: readonly ExpressionCase[] = [
  one("substring within", `option domain-name = substring("abcdef", 2, 3);`),
  one("substring past the end in concat", `option domain-name = concat("[", substring("abc", 5, 2), "]");`),
  one("substring longer than the data", `option domain-name = substring("abc", 1, 99);`),
  one("substring of an absent option", `option domain-name = substring(option host-name, 0, 2);`, plain, named("xyz")),
  one("empty substring equals empty string", `if substring("abc", 9, 1) = "" { option domain-name "empty"; }`),
  one("suffix", `option domain-name = suffix("abcdef", 2); option root-path = suffix("abc", 9);`),
  one("lcase and ucase", `option domain-name = lcase("AbC1-Z"); option root-path = ucase(option host-name);`, named("pc-7z"), plain),
  one("concat of many", `option domain-name = concat("a", "b", option host-name, "d");`, plain, named("c")),
  one("pick-first-value", `option domain-name = pick-first-value(option host-name, "none");`, plain, named("c")),
  one("pick-first-value and empty data", `option domain-name = pick-first-value(substring("abc", 5, 1), "second");`),
  one("binary-to-ascii of hardware", `option domain-name = binary-to-ascii(16, 8, ":", substring(hardware, 1, 6));`),
  one(
    "binary-to-ascii base 10 and 2",
    `option domain-name = binary-to-ascii(10, 8, ".", 0a:0b); option root-path = binary-to-ascii(2, 8, "-", 05:07);`,
  ),
  one("binary-to-ascii width 16", `option domain-name = binary-to-ascii(8, 16, ".", 01:02:03:04);`),
  one("binary-to-ascii width 32", `option domain-name = binary-to-ascii(10, 32, ".", ff:ff:ff:ff:00:00:00:01);`),
  one(
    "binary-to-ascii around dhcpd's extra digit",
    `option domain-name = binary-to-ascii(10, 32, ".", 54:0b:e4:00:54:0b:e3:ff:3b:9a:ca:00:54:0b:e4:01);`,
  ),
  one(
    "binary-to-ascii in odd bases",
    `option domain-name = binary-to-ascii(7, 32, ".", ff:ff:ff:ff:00:00:00:07); option root-path = binary-to-ascii(3, 16, ".", ff:ff:00:02); option nis-domain = binary-to-ascii(20, 8, ".", 20:30); option merit-dump = binary-to-ascii(16, 32, ".", ff:ff:ff:ff:00:00:00:0f);`,
  ),
  one("binary-to-ascii base 1", `option domain-name = binary-to-ascii(1, 8, ".", 01:02:00);`),
  one("binary-to-ascii of a part of an integer", `option domain-name = binary-to-ascii(10, 16, ".", 01:02:03);`),
  one("reverse", `option domain-name = reverse(1, "abcd"); option root-path = reverse(2, "abcd"); option nis-domain = reverse(2, "abc");`),
  one("leased-address", `option domain-name = binary-to-ascii(10, 8, ".", leased-address);`),
  one("leased-address reversed", `option domain-name = concat(binary-to-ascii(10, 8, ".", reverse(1, leased-address)), ".in-addr.arpa");`),
  one("hardware", `option domain-name = concat("x", hardware, "x");`),
  one("packet", `option domain-name = binary-to-ascii(16, 8, ":", packet(28, 6)); option root-path = packet(9000, 2);`),
  one(
    "encode-int",
    `option domain-name = encode-int(300, 8); option root-path = encode-int(66051, 32); option nis-domain = encode-int(65, 16);`,
  ),
  one("extract-int", `option domain-name = encode-int(extract-int(option host-name, 16), 32);`, named("ab"), named("a"), plain),
  one("lease-time", `option domain-name = encode-int(lease-time, 32);`),
  one("gethostname", `option domain-name = gethostname();`),
  one("host-decl-name without a host", `option domain-name = pick-first-value(host-decl-name, "no host");`),
  one(
    "filename and server-name of the packet",
    `option domain-name = filename; option root-path = server-name;`,
    { ...plain, file: "boot", sname: "srv" },
    plain,
  ),
  one(
    "config-option",
    `option domain-name = config-option root-path; option root-path "one"; if config-option root-path = "one" { option nis-domain "seen"; } option root-path "two";`,
  ),
];

export const TRUTH_CASES: readonly ExpressionCase[] = [
  one(
    "nothing equals nothing",
    `if option host-name = option nis-domain { option domain-name "equal"; } else { option domain-name "different"; }`,
    plain,
    named("x"),
  ),
  one("nothing differs from data", `if option host-name != "x" { option domain-name "different"; }`, plain, named("x"), named("y")),
  one(
    "not (false and true)",
    `if not (exists host-name and exists nis-domain) { option domain-name "not and"; } else { option domain-name "else"; }`,
    plain,
    named("x"),
  ),
  one(
    "or",
    `if exists host-name or exists nis-domain { option domain-name "or"; } elsif not exists host-name { option domain-name "elsif"; }`,
    plain,
    named("x"),
  ),
  one(
    "and or precedence",
    `if exists host-name and exists nis-domain or option host-name = "x" { option domain-name "yes"; }`,
    plain,
    named("x"),
    named("y"),
  ),
  one("exists of an empty option", `if exists user-class { option domain-name "there"; }`, discover(ASKED, option(77, "")), plain),
  one(
    "known and static",
    `if known { option domain-name "known"; } else { option domain-name "unknown"; } if static { option root-path "static"; }`,
  ),
  one("comparison of numbers", `if extract-int(option host-name, 8) = 97 { option domain-name "a"; }`, named("a"), named("b"), plain),
  one("~=", `if option host-name ~= "^pc-[0-9]+$" { option domain-name "match"; }`, named("pc-17"), named("pc-x"), plain),
  one("~~", `if option host-name ~~ "^PC-[a-z]$" { option domain-name "match"; }`, named("pc-X"), named("pc-1")),
  one(
    "~= with a bracket class",
    `if option host-name ~= "[[:upper:]][[:digit:]]$" { option domain-name "match"; }`,
    named("aB7"),
    named("ab7"),
  ),
  one("~= with a malformed pattern", `if not (option host-name ~= "(") { option domain-name "false, not nothing"; }`, named("a"), plain),
  one("~= on a substring", `if substring(option host-name, 0, 2) ~= "b$" { option domain-name "match"; }`, named("abz"), named("acb")),
  one(
    "~= alternatives and repetition",
    `if option host-name ~= "^(foo|ba{2,3}r)+$" { option domain-name "match"; }`,
    named("foobaar"),
    named("bar"),
    named("baaar"),
  ),
  one(
    "switch with fall-through and default",
    `switch (option host-name) { case "a": option domain-name "a"; case "b": option root-path "b"; break; default: option nis-domain "default"; }`,
    named("a"),
    named("b"),
    named("c"),
    plain,
  ),
  one(
    "break in if in switch",
    `switch (option host-name) { case "a": if exists dhcp-message-type { option domain-name "in if"; break; option root-path "no"; } option nis-domain "after if"; break; default: option merit-dump "default"; }`,
    named("a"),
    named("b"),
  ),
  one(
    "numeric switch",
    `switch (extract-int(option host-name, 8)) { case 97: option domain-name "a"; break; case 98: option domain-name "b"; }`,
    named("a"),
    named("b"),
    named("c"),
  ),
  one(
    "nested if",
    `if exists host-name { if option host-name = "a" { option domain-name "a"; } elsif option host-name = "b" { option domain-name "b"; } else { option domain-name "other"; } }`,
    named("a"),
    named("b"),
    named("c"),
    plain,
  ),
];

export const VARIABLE_CASES: readonly ExpressionCase[] = [
  one(
    "options see the last value of a variable",
    `set vname = "one"; option domain-name = vname; set vname = "two"; option root-path = concat(vname, "x");`,
  ),
  one(
    "functions",
    `define func1 (parg) { return concat(parg, "!"); } option domain-name = func1("x"); option root-path = concat(func1("a"), "b"); set vname = func1("v"); option nis-domain = vname; if func1("a") = "a!" { option merit-dump "equal"; }`,
  ),
  one(
    "a function that sets",
    `define func1 (parg) { set vname = parg; return "r"; } set vname = "before"; set wname = func1("after"); option domain-name = vname; option root-path = wname;`,
  ),
  one("unset", `set vname = "one"; unset vname; option domain-name = pick-first-value(vname, "gone");`),
  one(
    "a variable in terms of itself",
    `set vname = "a"; set vname = concat(vname, "b"); option domain-name = pick-first-value(vname, "nothing");`,
  ),
  one("on commit is not for an offer", `option domain-name "before"; on commit { option domain-name "after"; set vname = "v"; }`),
];

export const OPERATOR_CASES: readonly ExpressionCase[] = [
  one("append and prepend", `option domain-name "base"; append domain-name " more"; prepend domain-name "pre "; append nis-domain "only";`),
  one("default", `default root-path "d"; default root-path "d2"; option domain-name "set"; default domain-name "default";`),
  one(
    "supersede with nothing",
    `option domain-name "x"; supersede domain-name = option nds-tree-name; default domain-name "later"; send nds-tree-name "s";`,
  ),
  one("append of nothing", `option domain-name "x"; append domain-name = option host-name;`, plain, named("y")),
  one(
    "append in an inner scope",
    `option domain-name-servers 1.1.1.1; append domain-name-servers 2.2.2.2; if exists host-name { prepend domain-name-servers 3.3.3.3; }`,
    discover(asking(6)),
    discover(asking(6), host("a")),
  ),
];
