import { hexBytes } from "../dhcp/wire/trial-discover.ts";
import { err, ok, type Result } from "../values/result.ts";

/** What `tandem check` was asked to do. */
export interface CheckRequest {
  readonly file: string;
  /** The other server's file. */
  readonly compare: string | undefined;
  readonly explain: ClientDescription | undefined;
  readonly json: boolean;
  readonly lint: boolean;
  /** Findings of severity "warning" fail too. */
  readonly strict: boolean;
  /** In the form of dhcpd's own messages. */
  readonly asDhcpd: boolean;
}

/** A client as the user describes it. */
export interface ClientDescription {
  readonly hardware: string;
  /** Option 61 in hex, type byte included. */
  readonly clientId: string | undefined;
  readonly vendorClass: string | undefined;
  /** A relay's address, an interface, or a network's name. */
  readonly via: string | undefined;
}

export const CHECK_USAGE = `tandem check FILE            reads a dhcpd.conf as the agent would, and tells everything that is wrong with it

  --json                     one JSON object instead of text
  --no-lint                  only what dhcpd would say
  --strict                   warnings fail too
  --as-dhcpd                 findings in the form of dhcpd's own messages
  --explain MAC              the effective configuration of a client
      --via PLACE            where it asks: a relay's address, an interface or a network's name
      --client-id HEX        its client identifier (option 61)
      --vendor-class TEXT    its vendor class (option 60)
  --compare OTHER            what the two servers of a failover pair must agree upon, and do not

Exit code: 0 sound, 1 errors (or differences), 2 wrong usage.
`;

const WITH_VALUE = new Set(["--explain", "--via", "--client-id", "--vendor-class", "--compare"]);
const FLAGS = new Set(["--json", "--no-lint", "--strict", "--as-dhcpd", "--help", "-h"]);

/** Reads the words after `tandem check`. An error is a sentence for the user; "help" asks for {@link CHECK_USAGE}. */
export function parseCheckArguments(argv: readonly string[]): Result<CheckRequest | "help", string> {
  const files: string[] = [];
  const values = new Map<string, string>();
  for (let index = 0; index < argv.length; index += 1) {
    const argument = argv[index] ?? "";
    const [name = "", inline] = argument.split(/=(.*)/s, 2);
    if (FLAGS.has(argument)) values.set(argument, "");
    else if (WITH_VALUE.has(name)) {
      if (inline === undefined) index += 1;
      const value = inline ?? argv[index];
      if (value === undefined || value === "") return err(`check: ${name} needs a value`);
      values.set(name, value);
    } else if (argument.startsWith("-")) return err(`check: unknown option ${argument}`);
    else files.push(argument);
  }
  if (values.has("--help") || values.has("-h")) return ok("help");
  const [file, another] = files;
  if (file === undefined) return err("check: name a dhcpd.conf");
  if (another !== undefined) return err(`check: one file at a time; to compare, write --compare ${another}`);
  return request(file, values);
}

const MAC = /^[0-9a-f]{1,2}([:-][0-9a-f]{1,2}){5,15}$/i;

function request(file: string, values: ReadonlyMap<string, string>): Result<CheckRequest, string> {
  const hardware = values.get("--explain");
  const description = ["--via", "--client-id", "--vendor-class"].find((name) => values.has(name));
  if (hardware === undefined && description !== undefined) return err(`check: ${description} goes with --explain MAC`);
  if (hardware !== undefined && !MAC.test(hardware)) return err(`check: "${hardware}" is no hardware address such as 00:16:3e:01:02:03`);
  const clientId = values.get("--client-id");
  if (clientId !== undefined && hexBytes(clientId) === undefined) return err(`check: "${clientId}" is no client identifier in hex pairs`);
  return ok({
    file,
    compare: values.get("--compare"),
    explain:
      hardware === undefined ? undefined : { hardware, clientId, vendorClass: values.get("--vendor-class"), via: values.get("--via") },
    json: values.has("--json"),
    lint: !values.has("--no-lint"),
    strict: values.has("--strict"),
    asDhcpd: values.has("--as-dhcpd"),
  });
}
