import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Reply, replyType } from "../../support/dhcp-packet.ts";
import { type DhcpServer, ISC_DHCPD, TANDEM_DHCPD } from "../../support/dhcp-server.ts";
import { Lab } from "../../support/netns.ts";
import { type Difference, differences } from "../../support/reply-difference.ts";
import type { CaseGroup, DifferentialCase, Step } from "./case.ts";
import { KNOWN_DIFFERENCES, LEASE_FILE } from "./known-differences.ts";
import { bindings, send, startWorld, twoWires, type World } from "./two-worlds.ts";

/** How long silence is watched: the reference first, then ours, whose answer may be slower. */
const SILENCE_MS = 350;
const SLOW_MS = 5000;
const LEASE_FILE_MS = 3000;

/**
 * Declares the tests of `groups`: each starts both servers on the group's configuration, sends every case's messages to both in
 * step, and compares the replies packet by packet, and in the end the lease files.
 */
export function compareWithDhcpd(labName: string, groups: readonly CaseGroup[], afterGroup: AfterGroup = () => {}): void {
  const lab = new Lab(labName);
  const wires = twoWires(lab);
  afterAll(() => lab.close());

  describe.each(groups.map((group, index) => ({ title: group.name, group, index })))("$title", ({ group, index }) => {
    let worlds: World[] = [];
    beforeAll(async () => {
      worlds = await Promise.all(wires.map((wire) => startWorld(wire, group, index)));
    });
    afterAll(async () => {
      for (const { server, clients } of worlds) {
        clients.c0.close();
        clients.c1.close();
        await server.stop("SIGKILL");
      }
    });

    test.each(group.cases.map((one, number) => ({ title: one.name, one, number })))("$title", async ({ one, number }) => {
      const [reference, ours] = worlds as [World, World];
      const found = await runCase(one, (index << 16) | (number << 8), reference, ours);
      const known = KNOWN_DIFFERENCES.filter((row) => row.group === group.name && row.case === one.name);
      const unexplained = found.filter(({ step, field }) => !known.some((row) => row.step === step && row.field === field));
      expect(unexplained.length, `differences to dhcpd:\n${unexplained.map(line).join("\n")}`).toBe(0);
      const vanished = known.filter((row) => !found.some(({ step, field }) => row.step === step && row.field === field));
      expect(ISC_DHCPD === TANDEM_DHCPD ? [] : vanished, "listed differences that are not there").toEqual([]);
    });

    test("the lease files agree", async () => {
      const [reference, ours] = worlds as [World, World];
      // Records may reach the file a moment after the reply: what counts is that it comes to agree.
      const agrees = () => isDeepStrictEqual(bindings(ours.server), bindings(reference.server));
      const end = performance.now() + LEASE_FILE_MS;
      while (!agrees() && performance.now() < end) await sleep(50);
      if (ISC_DHCPD !== TANDEM_DHCPD && KNOWN_DIFFERENCES.some((row) => row.group === group.name && row.field === LEASE_FILE)) {
        expect(agrees(), "a listed difference of the lease files that is not there").toBe(false);
      } else expect(bindings(ours.server)).toEqual(bindings(reference.server));
      afterGroup(group, reference.server, ours.server);
    });
  });

  const line = ({ step, field, reference, ours }: Difference & { readonly step: number }): string =>
    `message ${step + 1}, ${field}: dhcpd ${reference ?? "-"}, here ${ours ?? "-"}`;
}

/** Further comparison of the two servers of a group, once its cases have run. */
export type AfterGroup = (group: CaseGroup, reference: DhcpServer, ours: DhcpServer) => void;

/** Runs a case on both servers in step and gives what differed. */
async function runCase(one: DifferentialCase, xidBase: number, reference: World, ours: World) {
  const replies: [(Reply | undefined)[], (Reply | undefined)[]] = [[], []];
  for (const [number, source] of one.steps.entries()) {
    const xid = xidBase + number + 1;
    if (one.wait?.[number]) await sleep(one.wait[number] * 1000);
    for (const [at, world] of [reference, ours].entries())
      send(world, typeof source === "function" ? source(replies[at] ?? []) : source, xid);
    const device = (step: Step) => step.device ?? "c0";
    const at = device(typeof source === "function" ? source(replies[0]) : source);
    const first = await reference.clients[at].reply(xid, one.expect[number] === "none" ? SILENCE_MS : SLOW_MS);
    replies[0].push(first);
    replies[1].push(await ours.clients[at].reply(xid, first ? SLOW_MS : SILENCE_MS));
  }
  const types = replies[0].map((reply) => (reply ? replyType(reply) : "none"));
  expect(types, "what dhcpd answers").toEqual(one.expect);
  return one.steps.flatMap((_, step) => differences(replies[0][step], replies[1][step]).map((difference) => ({ step, ...difference })));
}
