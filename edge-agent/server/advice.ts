import type { AgentConfig } from "../config/agent-config.ts";
import type { Evaluation } from "../config/evaluation.ts";

/** From here on codes are for sites (RFC 3942 §2). */
const FIRST_SITE_CODE = 224;
/** After so many more refusals dhcpd explains again. */
const SILENT_REFUSALS = 101;

/** Advice for whoever wrote the configuration, which dhcpd puts into its log when it matters, and not each time. */
export class Advice {
  readonly #spaces = new Set<string>();
  #refusedInforms = 0;

  /** What is to be said with a DHCPINFORM that was refused for want of authority: something the first time, and now and then. */
  ofRefusedInform(): readonly string[] {
    const explain = this.#refusedInforms % SILENT_REFUSALS === 0;
    this.#refusedInforms += 1;
    return explain ? NOT_AUTHORITATIVE : [];
  }

  /** What is to be said of the `site-option-space` of an answer: once of each that takes over codes of standard options. */
  ofSiteSpace(evaluation: Evaluation, config: AgentConfig): string | undefined {
    const space = evaluation.siteOptionSpace;
    if (space === undefined || this.#spaces.has(space)) return undefined;
    this.#spaces.add(space);
    const lowest = Math.min(...(config.optionDefinitions.get(space)?.keys() ?? []));
    if (lowest >= FIRST_SITE_CODE) return undefined;
    return (
      `WARNING: site-local option codes less than ${FIRST_SITE_CODE} have been deprecated by RFC3942.  You have options listed in site ` +
      `local space ${space} that number as low as ${lowest}.  Please investigate if these should be declared as regular options rather ` +
      `than site-local options, or migrated up past ${FIRST_SITE_CODE}.`
    );
  }
}

const NOT_AUTHORITATIVE: readonly string[] = [
  "If this DHCP server is authoritative for that subnet,",
  "please write an `authoritative;' directive either in the",
  "subnet declaration or in some scope that encloses the",
  "subnet declaration - for example, write it at the top",
  "of the dhcpd.conf file.",
];
