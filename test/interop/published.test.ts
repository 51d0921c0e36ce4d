import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { Lab } from "../support/netns.ts";
import { PublishedDifferential } from "./published/run.ts";
import { explain } from "./random/run.ts";

/** Configurations in the manner of those that people publish: each shows what one kind of network is made of. */
const FOLDER = join(import.meta.dirname, "../fixtures/published");
const MESSAGES = 30;

const lab = new Lab("published");
const both = new PublishedDifferential(lab);
afterAll(async () => {
  await lab.close();
  both.close();
});

test.each(readdirSync(FOLDER).sort())("%s serves clients that fit it as dhcpd does, down to the log", async (name) => {
  const outcome = await both.draw(readFileSync(join(FOLDER, name), "utf8"), 1, MESSAGES);
  expect(outcome.kind === "differs" ? explain(name, outcome.finding) : outcome.kind).toBe("alike");
});
