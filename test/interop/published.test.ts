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

/**
 * A draw that differs on purpose: a machine that has a DHCP lease boots by BOOTP. dhcpd tells it what is left of that lease, which ends while the
 * machine goes on (docs/configuration.md, "BOOTP right after DHCP").
 */
const BOOTP_AFTER_DHCP = "network-boot.conf";
const draw = (name: string, seed: number) => both.draw(readFileSync(join(FOLDER, name), "utf8"), seed, MESSAGES);

test.each(readdirSync(FOLDER).sort())("%s serves clients that fit it as dhcpd does, down to the log", async (name) => {
  const outcome = await draw(name, name === BOOTP_AFTER_DHCP ? 2 : 1);
  expect(outcome.kind === "differs" ? explain(name, outcome.finding) : outcome.kind).toBe("alike");
});

test("a machine that boots by BOOTP right after DHCP is answered alike, and its lease is not reused", async () => {
  const outcome = await draw(BOOTP_AFTER_DHCP, 1);
  expect(outcome.kind === "differs" ? outcome.finding.differences : outcome.kind).toEqual([
    {
      field: expect.stringMatching(/^log line \d+$/),
      reference: expect.stringMatching(/^reuse_lease: [^\n]* for (\S+)\n\s*BOOTREQUEST from (\S+) [^\n]*\n\s*BOOTREPLY on \1 to \2 /),
      ours: expect.stringMatching(/^BOOTREQUEST from (\S+) [^\n]*\n\s*BOOTREPLY on \S+ to \1 /),
    },
  ]);
});
