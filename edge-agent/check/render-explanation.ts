import { formatLocation, type Location } from "../config/location.ts";
import type { Effective, Setting } from "./effective.ts";
import type { Explanation, Named } from "./explain.ts";

/** `tandem check --explain` for people: each fact with its place, the value column aligned. */
export function renderExplanation(explanation: Explanation, client: string): string {
  const { network, hosts, classes, fixedAddress, pools, effective } = explanation;
  const named = ({ name, location }: Named): string => `${name}  [${place(location)}]`;
  const lines = [
    `client   ${client}`,
    `network  ${named(network)}`,
    ...(hosts.length === 0 ? ["host     none: an unknown client"] : hosts.map((host) => `host     ${named(host)}`)),
    ...classes.map((each) => `class    ${named(each)}`),
    ...(fixedAddress === undefined ? [] : [`address  ${fixedAddress}, fixed by the host declaration`]),
    ...pools.map(
      ({ ranges, permitted, because, failoverPeer, location }) =>
        `pool     ${ranges.join(", ")}: ${permitted ? "lets it in" : "keeps it out"}${because === undefined ? "" : ` (${because})`}` +
        `${failoverPeer === undefined ? "" : `, shared by failover "${failoverPeer}"`}  [${place(location)}]`,
    ),
    "",
    ...settingLines(effective),
  ];
  if (fixedAddress === undefined) {
    const open = pools.flatMap((pool) => (pool.effective === undefined ? [] : [{ ...pool, effective: pool.effective }]));
    for (const pool of open.slice(1)) {
      const other = differing(effective.settings, pool.effective.settings);
      if (other.length > 0) lines.push("", `different in the pool of ${pool.ranges.join(", ")}:`, ...table(other));
    }
  }
  return `${lines.join("\n")}\n`;
}

const place = (location: Location): string => `${location.file}:${location.line}`;

function settingLines({ settings, unused, handlers, executes }: Effective): string[] {
  const lines = settings.length === 0 ? ["no options or parameters"] : table(settings);
  if (handlers.length > 0) lines.push("", `statements run on ${handlers.join(", ")}`);
  for (const command of executes) lines.push(`would execute ${command}`);
  if (unused.length > 0) {
    lines.push("", "conditional, and not for this client as described:");
    for (const { name, from } of unused) lines.push(`  ${name}  [${formatLocation(from.location)}]`);
  }
  return lines;
}

function table(settings: readonly Setting[]): string[] {
  const names = Math.min(40, Math.max(...settings.map(({ name }) => name.length)));
  const values = Math.min(50, Math.max(...settings.map(({ value }) => value.length)));
  return settings.map(({ name, value, from }) => {
    const origins = from.map(({ location, scope, condition }) => {
      const under = condition === undefined ? "" : `, by the condition on line ${condition.line}`;
      return `${place(location)}${scope === "" ? "" : ` ${scope}`}${under}`;
    });
    return `${name.padEnd(names)}  ${value.padEnd(values)}  [${origins.join("; ")}]`;
  });
}

const differing = (here: readonly Setting[], there: readonly Setting[]): readonly Setting[] =>
  there.filter(({ name, value }) => !here.some((each) => each.name === name && each.value === value));
