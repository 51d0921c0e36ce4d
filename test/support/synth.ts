import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

export type Resource = {
  readonly Type: string;
  // biome-ignore lint/suspicious/noExplicitAny: a template has any shape
  readonly Properties: any;
  readonly DependsOn?: unknown;
  readonly DeletionPolicy?: string;
  readonly Condition?: string;
};
export interface Synthesized {
  readonly status: number | null;
  readonly output: string;
  readonly template: {
    readonly Resources: Record<string, Resource>;
    readonly Parameters: Record<string, unknown>;
    readonly Conditions: Record<string, unknown>;
  };
  readonly report: {
    readonly pluginReports: readonly { readonly pluginName: string; readonly conclusion: string; readonly violations: readonly object[] }[];
  };
  readonly millis: number;
  readonly of: (type: string) => readonly (readonly [string, Resource])[];
}

/** Runs the CDK app as `cdk synth` does, without account, Region or network. */
export function synthesize(context: Readonly<Record<string, string>> = {}): Synthesized {
  const folder = mkdtempSync(join(tmpdir(), "tandem-synth-"));
  const startedAt = performance.now();
  const cdk = JSON.parse(readFileSync(resolve(import.meta.dirname, "../../cdk.json"), "utf8"));
  const env = {
    PATH: process.env["PATH"] ?? "",
    HOME: folder,
    CDK_OUTDIR: join(folder, "out"),
    CDK_CONTEXT_JSON: JSON.stringify({ ...cdk.context, ...context }),
  };
  const run = spawnSync(process.execPath, ["infra/app.ts"], { cwd: resolve(import.meta.dirname, "../.."), env, encoding: "utf8" });
  try {
    const read = (name: string) => JSON.parse(readFileSync(join(folder, "out", name), "utf8"));
    const template = read("TandemControlPlane.template.json");
    return {
      status: run.status,
      output: run.stdout + run.stderr,
      template,
      report: read("validation-report.json"),
      millis: performance.now() - startedAt,
      of: (type) => Object.entries<Resource>(template.Resources).filter(([, resource]) => resource.Type === type),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
