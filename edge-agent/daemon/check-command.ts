import { hostname } from "node:os";
import { CHECK_USAGE, type CheckRequest, parseCheckArguments } from "../check/arguments.ts";
import { compareConfigs } from "../check/compare.ts";
import { explain } from "../check/explain.ts";
import { renderComparison } from "../check/render-comparison.ts";
import { renderExplanation } from "../check/render-explanation.ts";
import { type CheckReport, checkReport, fails, renderReport } from "../check/report.ts";
import type { AgentConfig } from "../config/agent-config.ts";
import { loadConfig } from "../config/load.ts";
import { type Source, sourceOf } from "../config/source.ts";
import { ConfigurationFiles } from "../rim/config-file.ts";
import { epochSeconds, monotonicMillis } from "../values/time.ts";

const SOUND = 0;
const UNSOUND = 1;
const USAGE = 2;

/** `tandem check`: prints what it finds, and gives the exit code. */
export async function check(argv: readonly string[]): Promise<number> {
  const request = parseCheckArguments(argv);
  if (!request.ok) {
    process.stderr.write(`tandem: ${request.error}\n`);
    return USAGE;
  }
  if (request.value === "help") {
    process.stdout.write(CHECK_USAGE);
    return SOUND;
  }
  return checkFile(request.value);
}

async function checkFile(request: CheckRequest): Promise<number> {
  const { report, config } = await load(request.file, request.lint && request.explain === undefined && request.compare === undefined);
  const sound = config !== undefined;
  if (request.compare !== undefined) return compare(request, request.compare, report, config);
  if (request.explain !== undefined && sound) return explainClient(request, config);
  if (request.json) process.stdout.write(`${JSON.stringify(report)}\n`);
  else process.stdout.write(renderReport(report, request.asDhcpd));
  return fails(report, request.strict) ? UNSOUND : SOUND;
}

async function load(file: string, withLint: boolean): Promise<{ readonly report: CheckReport; readonly config: AgentConfig | undefined }> {
  const texts = new Map<string, string>();
  const loaded = await new ConfigurationFiles().read((ports) =>
    loadConfig({
      ...ports,
      path: file,
      readFile: (path) => {
        const read = ports.readFile(path);
        if (read.ok) texts.set(path, read.value);
        return read;
      },
    }),
  );
  const sources = new Map<string, Source>();
  const find = (path: string): Source | undefined => {
    const text = texts.get(path);
    if (text !== undefined && !sources.has(path)) sources.set(path, sourceOf(path, text));
    return sources.get(path);
  };
  return { report: checkReport(file, loaded, withLint, find), config: loaded.config };
}

function explainClient(request: CheckRequest, config: AgentConfig): number {
  const client = request.explain;
  if (client === undefined) return USAGE;
  const at = { now: epochSeconds(Math.floor(Date.now() / 1000)), monotonic: monotonicMillis(0), wallOffset: 0 };
  const explained = explain(config, client, hostname(), at);
  if (!explained.ok) {
    process.stderr.write(`tandem: check: ${explained.error}\n`);
    return USAGE;
  }
  if (request.json) process.stdout.write(`${JSON.stringify(explained.value)}\n`);
  else process.stdout.write(renderExplanation(explained.value, client.hardware));
  return SOUND;
}

async function compare(request: CheckRequest, other: string, report: CheckReport, config: AgentConfig | undefined): Promise<number> {
  const second = await load(other, false);
  if (config === undefined || second.config === undefined) {
    for (const each of [report, second.report]) if (each.counts.error > 0) process.stdout.write(renderReport(each, request.asDhcpd));
    return UNSOUND;
  }
  const differences = compareConfigs(config, second.config);
  if (request.json) process.stdout.write(`${JSON.stringify({ here: request.file, there: other, differences })}\n`);
  else process.stdout.write(renderComparison(differences, request.file, other));
  return differences.some(({ matters }) => matters) ? UNSOUND : SOUND;
}
