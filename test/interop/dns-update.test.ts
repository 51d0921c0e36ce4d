import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Digest, interimText, standardDhcid, txtData } from "../../edge-agent/ddns/dhcid.ts";
import { currentQuery, type DnsTask, type DnsTransaction, type OwnerMark, onAnswer } from "../../edge-agent/ddns/transaction.ts";
import { type DnsZone, dnsClient } from "../../edge-agent/rim/dns-client.ts";
import { type Ipv4Address, parseIpv4 } from "../../edge-agent/values/ipv4.ts";

const PORT = 20_000 + (process.pid % 20_000);
const secret = Buffer.from("0123456789abcdef0123456789abcdef");
const folder = mkdtempSync(join(tmpdir(), "tandem-named-"));
let named: ChildProcess;

const servers = [{ address: "127.0.0.1", port: PORT }];
const key = { name: "tandem-key", algorithm: "hmac-sha256", secret };
const zones: readonly DnsZone[] = [
  { name: "example.org.", servers, key },
  { name: "0.10.in-addr.arpa.", servers, key },
  { name: "wrong.example.", servers, key: { ...key, secret: Buffer.from("not this one") } },
];
const send = dnsClient(() => zones);
const digest: Digest = (algorithm, data) => new Uint8Array(createHash(algorithm).update(data).digest());

beforeAll(async () => {
  chmodSync(folder, 0o777);
  const zone = (name: string) => {
    writeFileSync(
      join(folder, `${name}.zone`),
      `$TTL 60\n@ SOA ns.example.org. root.example.org. 1 60 60 60 60\n@ NS ns.example.org.\n${name === "example.org" ? "ns A 127.0.0.1\n" : ""}`,
    );
    chmodSync(join(folder, `${name}.zone`), 0o666);
    return `zone "${name}" { type master; file "${folder}/${name}.zone"; allow-update { key tandem-key; }; check-names ignore; };`;
  };
  writeFileSync(
    join(folder, "named.conf"),
    `options { directory "${folder}"; listen-on port ${PORT} { 127.0.0.1; }; listen-on-v6 { none; }; pid-file none; recursion no; dnssec-validation no; };
     controls { };
     key tandem-key { algorithm hmac-sha256; secret "${secret.toString("base64")}"; };
     ${["example.org", "0.10.in-addr.arpa", "wrong.example"].map(zone).join("\n")}`,
  );
  named = spawn("named", ["-g", "-c", join(folder, "named.conf"), "-n", "1"], { stdio: "ignore" });
  for (let attempt = 0; attempt < 100 && dig("example.org", "SOA") === ""; attempt += 1) await sleep(100);
}, 30_000);

afterAll(() => {
  named.kill();
});

function dig(name: string, type: string): string {
  try {
    return execFileSync("dig", ["@127.0.0.1", "-p", String(PORT), "+short", "+time=1", "+tries=1", name, type], { encoding: "utf8" })
      .split("\n")
      .filter((line) => !line.startsWith(";"))
      .join("\n")
      .trim();
  } catch {
    return "";
  }
}

const ip = (text: string): Ipv4Address => {
  const parsed = parseIpv4(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
};

async function run(address: string, ...tasks: DnsTask[]) {
  let transaction: DnsTransaction | undefined = { address: ip(address), tasks, stage: 1 };
  const variables = new Map<string, Uint8Array | undefined>();
  const logs: string[] = [];
  while (transaction !== undefined) {
    const query = currentQuery(transaction);
    if (query === undefined) break;
    const step = onAnswer(transaction, await send(query));
    for (const change of step.variables) variables.set(change.name, change.value);
    if (step.log !== undefined) logs.push(step.log.text);
    transaction = step.transaction;
  }
  return { variables, logs };
}

const client = (last: number) => ({ clientId: undefined, hardware: { htype: 1, bytes: Uint8Array.of(2, 0, 0, 0, 0, last) } });
function mark(style: "standard" | "interim", last: number, name: string): OwnerMark {
  if (style === "interim") return { style, data: txtData(interimText(client(last), digest) ?? "") };
  const dhcid = standardDhcid(client(last), name, digest);
  if (!dhcid.ok || dhcid.value === undefined) throw new Error("no identity");
  return { style, data: dhcid.value };
}
const forward = (name: string, owner: OwnerMark, conflictDetection = true): DnsTask => ({
  kind: "add-forward",
  name,
  ttl: 60,
  owner,
  conflictDetection,
});

test.each(["standard", "interim"] as const)(
  "%s style: a name is added with its mark, moved by its owner, refused to others, and removed",
  async (style) => {
    const name = `host-${style}.example.org`;
    const type = style === "standard" ? "DHCID" : "TXT";
    const owner = mark(style, 1, name);
    const reverse = { kind: "add-reverse", reverseName: "5.0.0.10.in-addr.arpa.", name, ttl: 60 } as const;
    const added = await run("10.0.0.5", forward(name, owner), reverse);
    expect(added.logs).toEqual([
      `Added new forward map from ${name} to 10.0.0.5`,
      `Added reverse map from 5.0.0.10.in-addr.arpa. to ${name}`,
    ]);
    expect([...added.variables.keys()]).toEqual(["ddns-fwd-name", style === "standard" ? "ddns-dhcid" : "ddns-txt", "ddns-rev-name"]);
    expect(dig(name, "A")).toBe("10.0.0.5");
    expect(dig("5.0.0.10.in-addr.arpa", "PTR")).toBe(`${name}.`);
    expect(dig(name, type)).not.toBe("");

    expect((await run("10.0.0.6", forward(name, owner))).logs).toEqual([`Added new forward map from ${name} to 10.0.0.6`]);
    expect(dig(name, "A")).toBe("10.0.0.6");

    const stranger = await run("10.0.0.7", forward(name, mark(style, 2, name)));
    expect(stranger.logs[0]).toContain("FAILED");
    expect(stranger.variables.size).toBe(0);
    expect(dig(name, "A")).toBe("10.0.0.6");

    const removed = await run(
      "10.0.0.6",
      { kind: "remove-forward", name, owner, conflictDetection: true },
      { kind: "remove-reverse", reverseName: reverse.reverseName, clientDidUpdate: false },
    );
    expect(removed.logs).toEqual([`Removed forward map from ${name} to 10.0.0.6`, "Removed reverse map on 5.0.0.10.in-addr.arpa."]);
    expect([dig(name, "A"), dig(name, type), dig("5.0.0.10.in-addr.arpa", "PTR")]).toEqual(["", "", ""]);
  },
);

test("without conflict detection the last client to ask gets the name", async () => {
  const name = "contested.example.org";
  await run("10.0.0.8", forward(name, mark("interim", 1, name)));
  expect((await run("10.0.0.9", forward(name, mark("interim", 2, name), false))).logs[0]).toContain("Added new forward map");
  expect(dig(name, "A")).toBe("10.0.0.9");
});

test("a wrong key, an unknown zone and an impossible name each say what is wrong", async () => {
  const owner = mark("interim", 1, "x");
  expect((await run("10.0.0.1", forward("a.wrong.example", owner))).logs[0]).toMatch(
    /Unable to add forward map .*: (bad signature|not authoritative)/,
  );
  expect((await run("10.0.0.1", forward("a..example.org", owner))).logs[0]).toContain("empty label");
});
