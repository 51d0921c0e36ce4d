import { hostname } from "node:os";
import { afterAll, describe, expect, test } from "vitest";
import { evaluateScopes } from "../../edge-agent/config/evaluate/scopes.ts";
import { loadConfig } from "../../edge-agent/config/load.ts";
import { scopesForAddress } from "../../edge-agent/config/scope-chain.ts";
import { decodeMessage } from "../../edge-agent/dhcp/wire/decode.ts";
import { bootFields, buildReply } from "../../edge-agent/server/response-options.ts";
import { ipv4, ipv4ToBytes, parseIpv4 } from "../../edge-agent/values/ipv4.ts";
import { epochSeconds, monotonicMillis } from "../../edge-agent/values/time.ts";
import { DhcpClient } from "../support/dhcp-client.ts";
import { decodeReply, encodeFrame, encodePacket, type Packet, type Reply } from "../support/dhcp-packet.ts";
import { DhcpServer, ISC_DHCPD } from "../support/dhcp-server.ts";
import { Lab } from "../support/netns.ts";
import { DATA_CASES, OPERATOR_CASES, TRUTH_CASES, VARIABLE_CASES } from "./cases/expression-cases.ts";
import type { ExpressionCase } from "./cases/expression-request.ts";
import { SIZE_CASES, SPACE_CASES } from "./cases/option-expression-cases.ts";

const lab = new Lab("expressions");
const server = lab.namespace("s");
const client = lab.namespace("c");
lab.cable(
  { namespace: server, device: "s0", mac: "02:00:0a:4d:00:01", addresses: ["10.77.0.1/24"] },
  { namespace: client, device: "c0", mac: "02:00:0a:4d:00:09" },
);
afterAll(() => lab.close());
let serial = 0;

/** An agent of these statements, with a subnet to serve. */
const whole = (conf: string): string =>
  `default-lease-time 600; max-lease-time 7200; ping-check off;\n${conf}\nsubnet 10.77.0.0 netmask 255.255.255.0 { range 10.77.0.100 10.77.0.150; }\n`;

describe.each([
  ["data", DATA_CASES],
  ["truth", TRUTH_CASES],
  ["variables", VARIABLE_CASES],
  ["operators", OPERATOR_CASES],
  ["option spaces", SPACE_CASES],
  ["order and size", SIZE_CASES],
] as const)("%s as dhcpd", (_, cases) => {
  test.each(cases.map((one) => ({ title: one.name, one })))("$title", async ({ one }) => {
    const theirs = await answersOfDhcpd(one);
    const ours = answersOfOurs(one, theirs);
    expect(ours).toEqual(theirs.map(told));
  });
});

async function answersOfDhcpd(one: ExpressionCase): Promise<Reply[]> {
  serial += 1;
  const dhcpd = new DhcpServer({
    namespace: server,
    program: ISC_DHCPD,
    conf: whole(one.conf),
    interfaces: ["s0"],
    label: `case${serial}`,
  });
  await dhcpd.start();
  const socket = new DhcpClient(client, "c0");
  try {
    const replies: Reply[] = [];
    for (const [number, request] of one.requests.entries()) {
      const reply = await socket.exchange({ ...request, xid: serial * 256 + number });
      if (reply === undefined) throw new Error(`dhcpd is silent:\n${dhcpd.log().slice(-2000)}`);
      replies.push(reply);
    }
    return replies;
  } finally {
    socket.close();
    await dhcpd.stop("SIGKILL");
  }
}

/** What a client sees of the configuration. */
const told = ({ length, siaddr, file, sname, options }: Reply) => ({
  length,
  siaddr,
  file,
  sname,
  options: options.map(({ code, hex, region }) => `${code}@${region}=${hex}`),
});

function answersOfOurs(one: ExpressionCase, theirs: readonly Reply[]) {
  const loaded = loadConfig({
    path: "dhcpd.conf",
    text: whole(one.conf),
    readFile: () => ({ ok: false, error: "none" }),
    resolveHost: () => undefined,
  });
  const { config } = loaded;
  if (config === undefined) throw new Error(loaded.diagnostics.map(({ message }) => message).join("\n"));
  const [subnet] = config.subnets;
  return one.requests.map((request, number) => {
    const packet: Packet = { ...request, xid: serial * 256 + number };
    const decoded = decodeMessage(encodePacket(packet));
    if (!decoded.ok) throw new Error(decoded.error);
    const message = decoded.value;
    const address = parseIpv4(theirs[number]!.yiaddr);
    const yiaddr = address.ok ? address.value : ipv4(0);
    const evaluation = evaluateScopes(scopesForAddress(subnet!, config.pools[0]), {
      config,
      message,
      lease: undefined,
      leasedAddress: yiaddr,
      leaseSeconds: 120, // what dhcpd offers for the time of an offer
      host: undefined,
      known: false,
      classNames: [],
      hostName: hostname(),
      at: { now: epochSeconds(1), monotonic: monotonicMillis(0), wallOffset: 0 },
    });
    const bytes = buildReply({
      request: message,
      ciaddr: message.ciaddr,
      yiaddr,
      giaddr: message.giaddr,
      flags: message.flags,
      ...bootFields(evaluation),
      forced: [
        { code: 53, value: Uint8Array.of(2) },
        { code: 54, value: ipv4ToBytes(ipv4(0x0a4d0001)) },
        { code: 51, value: Uint8Array.of(0, 0, 2, 0x58) },
      ],
      fallback: [{ code: 1, value: ipv4ToBytes(subnet!.network.mask) }],
      agentOptions: message.options.get(82),
      evaluation,
      config,
    });
    const envelope = {
      macFrom: "02:00:00:00:00:01",
      macTo: "02:00:00:00:00:02",
      ipFrom: "1.1.1.1",
      ipTo: "1.1.1.2",
      portFrom: 67,
      portTo: 68,
    };
    return told(decodeReply(encodeFrame(envelope, bytes))!);
  });
}
