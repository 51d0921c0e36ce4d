import { formatLocation } from "../config/location.ts";
import type { Difference, Side } from "./difference.ts";

/** Differences of one kind beyond this are counted, not told: two files that differ so much are not meant to agree. */
const TOLD_OF_A_KIND = 200;

/** `tandem check --compare` for people: what differs, then each file's line. */
export function renderComparison(differences: readonly Difference[], here: string, there: string): string {
  const lines: string[] = [];
  const told = new Map<string, number>();
  for (const difference of differences) {
    const number = (told.get(difference.about) ?? 0) + 1;
    told.set(difference.about, number);
    if (number > TOLD_OF_A_KIND) continue;
    lines.push(`${difference.matters ? "" : "note: "}${difference.message}`);
    lines.push(`  < ${sideText(difference.here, here)}`, `  > ${sideText(difference.there, there)}`);
  }
  for (const [about, number] of told) {
    if (number > TOLD_OF_A_KIND) lines.push(`… and ${number - TOLD_OF_A_KIND} more differences about a ${about}`);
  }
  const mattering = differences.filter(({ matters }) => matters).length;
  const verdict =
    mattering === 0
      ? "the two files agree on what partners share"
      : `${mattering} difference${mattering === 1 ? "" : "s"} that partners must not have`;
  return `${[...lines, ...(lines.length === 0 ? [] : [""]), `${here} and ${there}: ${verdict}`].join("\n")}\n`;
}

function sideText({ value, location }: Side, file: string): string {
  if (location === undefined) return `${file}: not there`;
  return `${formatLocation(location)}${value === undefined ? "" : `: ${value}`}`;
}
