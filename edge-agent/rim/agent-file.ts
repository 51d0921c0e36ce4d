import { readFileSync } from "node:fs";
import * as z from "zod";
import { WRITE_BUDGET } from "../ledger/write-budget.ts";
import { err, ok, type Result } from "../values/result.ts";

const Site = z.strictObject({
  relationship: z.string().min(1),
  site: z.string().regex(/^[A-Z0-9-]{2,24}$/, "a site is named by 2 to 24 of A-Z, 0-9 and -"),
  /** Which of the two; by default A for the primary, B for the secondary. */
  server: z.enum(["A", "B"]).optional(),
  autonomySeconds: z.int().min(60).max(86_400).default(3600),
  /** DynamoDB's write units a second that the site's two mirrors take together; 0 = no limit. */
  writeUnitsPerSecond: z.union([z.literal(0), z.int().min(50).max(40_000)]).default(WRITE_BUDGET),
  coldStart: z.enum(["run-down", "fence"]).default("run-down"),
  partner: z.enum(["tandem", "isc"]).default("tandem"),
  /** Profile of the AWS configuration whose credentials are this site's, where the agent takes part in several. */
  profile: z.string().min(1).optional(),
  /** How long history rows are kept; 0 = for ever. */
  keepDays: z.int().min(0).max(36_500).default(395),
});

const Url = z.url({ protocol: /^https?$/, error: "not a URL such as https://host.example" });

/** agent.json: how an agent takes part in the ledger. Credentials are no part of it: the AWS SDK finds them. */
const AgentFile = z.strictObject({
  ledger: z.strictObject({
    table: z.string().min(1),
    region: z.string().min(1),
    /** For DynamoDB Local or a VPC endpoint. */
    endpoint: Url.optional(),
    /** The control plane's API; without it this server cannot ask to be alone, only be told. */
    api: Url.optional(),
    /** Path of the fleet's key: clients and hosts are named in the ledger by what only its holders can read. */
    clientKeyFile: z.string().min(1).optional(),
    /** Whether a clock that is not synchronised keeps this server from asking for the partner's addresses. */
    clock: z.enum(["auto", "ntp", "trusted"]).default("auto"),
  }),
  sites: z
    .array(Site)
    .min(1)
    .refine((sites) => new Set(sites.map(({ relationship }) => relationship)).size === sites.length, "one relationship is named twice"),
});
export type AgentFile = z.infer<typeof AgentFile>;
export type AgentSite = AgentFile["sites"][number];

/** The first of `paths` that is there; undefined if none is. An error says what is wrong, and where. */
export function readAgentFile(paths: readonly string[]): Result<AgentFile | undefined, string> {
  for (const path of paths) {
    let text: string;
    try {
      text = readFileSync(path, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT" && paths.length > 1) continue;
      return err(`${path}: ${error instanceof Error ? error.message : String(error)}`);
    }
    return parseAgentFile(path, text);
  }
  return ok(undefined);
}

export function parseAgentFile(path: string, text: string): Result<AgentFile, string> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return err(`${path}: ${error instanceof Error ? error.message : "no JSON"}`);
  }
  const parsed = AgentFile.safeParse(value, { reportInput: true });
  if (parsed.success) return ok(parsed.data);
  return err(`${path}: ${parsed.error.issues.map(issueText).join("; ")}`);
}

const FIELDS: Readonly<Record<string, readonly string[]>> = {
  "": Object.keys(AgentFile.shape),
  ledger: Object.keys(AgentFile.shape.ledger.shape),
  sites: Object.keys(Site.shape),
};

/** What is wrong, after the field: "sites.0.site" is that of the first site. */
function issueText(issue: z.core.$ZodIssue): string {
  const field = issue.path.join(".") || "the file";
  if (issue.code === "unrecognized_keys") {
    const known = FIELDS[String(issue.path[0] ?? "")] ?? [];
    return `${field}: there is no ${issue.keys.map((key) => `"${key}"`).join(", ")}; it has ${known.join(", ")}`;
  }
  return `${field}: ${issue.code === "invalid_type" && issue.input === undefined ? "is missing" : issue.message}`;
}
