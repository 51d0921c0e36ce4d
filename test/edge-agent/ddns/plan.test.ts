import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { type Digest, interimText, standardDhcid } from "../../../edge-agent/ddns/dhcid.ts";
import { type DdnsRequest, type DdnsSettings, planRemoval, planUpdates } from "../../../edge-agent/ddns/plan.ts";
import { neverUsed } from "../../../edge-agent/leases/lease.ts";
import { ipv4 } from "../../../edge-agent/values/ipv4.ts";

const digest: Digest = (algorithm, data) => new Uint8Array(createHash(algorithm).update(data).digest());
const settings: DdnsSettings = {
  style: "standard",
  hostname: "host",
  domainname: "example.org",
  reverseDomain: "in-addr.arpa.",
  ttl: undefined,
  clientUpdates: "allow",
  forwardUpdates: true,
  reverseUpdates: true,
  updateOptimization: true,
  updateStaticLeases: false,
  conflictDetection: true,
};
const request: DdnsRequest = {
  address: ipv4(0x0a000005),
  client: { clientId: undefined, hardware: { htype: 1, bytes: Uint8Array.of(1, 2, 3, 4, 5, 6) } },
  variables: new Map(),
  leaseSeconds: 600,
  isStatic: false,
  fqdn: undefined,
};
const kinds = (more: Partial<DdnsRequest> = {}, other: Partial<DdnsSettings> = {}) =>
  planUpdates({ ...request, ...more }, { ...settings, ...other }, digest).tasks.map((task) => task.kind);
const text = (value: string) => new TextEncoder().encode(value);

test("RFC 4701 §3.6: the examples' DHCID", () => {
  const duid = standardDhcid(
    {
      clientId: Buffer.from("ff0a0b0c0d00010006412df166010203040506", "hex"),
      hardware: undefined,
    },
    "chi6.example.com",
    digest,
  );
  expect(duid.ok && Buffer.from(duid.value ?? []).toString("base64")).toBe("AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA=");
  const clientId = standardDhcid({ clientId: Buffer.from("010708090a0b0c", "hex"), hardware: undefined }, "chi.example.com", digest);
  expect(clientId.ok && Buffer.from(clientId.value ?? []).toString("base64")).toBe("AAEBOSD+XR3Os/0LozeXVqcNc7FwCfQdWL3b/NaiUDlW2No=");
  const chaddr = standardDhcid(
    { clientId: undefined, hardware: { htype: 1, bytes: Buffer.from("010203040506", "hex") } },
    "client.example.com",
    digest,
  );
  expect(chaddr.ok && Buffer.from(chaddr.value ?? []).toString("base64")).toBe("AAABxLmlskllE0MVjd57zHcWmEH3pCQ6VytcKD//7es/deY=");
});

test("interim marks begin with 31 for a client identifier and 00 for a hardware address", () => {
  expect(interimText({ clientId: text("x"), hardware: undefined }, digest)).toBe(`31${createHash("md5").update("x").digest("hex")}`);
  expect(interimText(request.client, digest)?.slice(0, 2)).toBe("00");
  expect(interimText({ clientId: undefined, hardware: undefined }, digest)).toBeUndefined();
});

test("a grant adds forward, then reverse; the records live half the lease, an hour at most", () => {
  const plan = planUpdates(request, settings, digest);
  expect(plan.tasks).toMatchObject([
    { kind: "add-forward", name: "host.example.org", ttl: 300 },
    { kind: "add-reverse", reverseName: "5.0.0.10.in-addr.arpa.", name: "host.example.org", ttl: 300 },
  ]);
  expect(planUpdates({ ...request, leaseSeconds: 86_400 }, settings, digest).tasks[0]).toMatchObject({ ttl: 3600 });
  expect(planUpdates(request, { ...settings, ttl: 7 }, digest).tasks[0]).toMatchObject({ ttl: 7 });
});

test("nothing is done without a name, against the settings, or for a fixed address", () => {
  expect(kinds({}, { hostname: undefined })).toEqual([]);
  expect(kinds({}, { domainname: "" })).toEqual([]);
  expect(kinds({}, { forwardUpdates: false })).toEqual([]);
  expect(kinds({ isStatic: true })).toEqual([]);
  expect(kinds({ isStatic: true }, { updateStaticLeases: true })).toEqual(["add-forward", "add-reverse"]);
  expect(kinds({}, { reverseUpdates: false })).toEqual(["add-forward"]);
});

test("a renewal under the same name does nothing, unless update-optimization is off", () => {
  const variables = new Map([["ddns-fwd-name", text("host.example.org")]]);
  expect(kinds({ variables })).toEqual([]);
  expect(kinds({ variables }, { updateOptimization: false })).toEqual(["add-forward", "add-reverse"]);
});

test("another name takes the former records away first", () => {
  const variables = new Map([
    ["ddns-fwd-name", text("old.example.org")],
    ["ddns-dhcid", Uint8Array.of(0, 0, 1)],
    ["ddns-rev-name", text("5.0.0.10.in-addr.arpa.")],
  ]);
  expect(kinds({ variables })).toEqual(["remove-forward", "remove-reverse", "add-forward", "add-reverse"]);
});

test("RFC 4702: a client that updates its own A record gets only the PTR, and is told so", () => {
  const fqdn = { serverUpdates: false, name: "own.example.net" };
  const plan = planUpdates({ ...request, fqdn }, settings, digest);
  expect(plan.tasks.map((task) => task.kind)).toEqual(["add-reverse"]);
  expect(plan.answer).toEqual({ serverUpdates: false, name: "own.example.net" });
  expect(planUpdates({ ...request, fqdn: { ...fqdn, name: "own" } }, settings, digest).answer).toEqual({
    serverUpdates: true,
    name: "host.example.org",
  });
  expect(planUpdates({ ...request, fqdn }, { ...settings, clientUpdates: "deny" }, digest).answer).toEqual({
    serverUpdates: true,
    name: "host.example.org",
  });
  const ignored = planUpdates({ ...request, fqdn }, { ...settings, clientUpdates: "ignore" }, digest);
  expect(ignored.answer).toEqual({ serverUpdates: false, name: "own.example.net" });
  expect(ignored.tasks[0]).toMatchObject({ kind: "add-forward", name: "host.example.org" });
});

test("the end of a lease takes away what its variables say was added", () => {
  const variables = new Map([
    ["ddns-fwd-name", text("host.example.org")],
    ["ddns-txt", text("00ab")],
    ["ddns-rev-name", text("5.0.0.10.in-addr.arpa.")],
  ]);
  expect(planRemoval({ ...neverUsed(request.address), variables }, true)).toMatchObject([
    { kind: "remove-forward", name: "host.example.org", owner: { style: "interim", data: text("\u000400ab") } },
    { kind: "remove-reverse", reverseName: "5.0.0.10.in-addr.arpa.", clientDidUpdate: false },
  ]);
  expect(planRemoval(neverUsed(request.address), true)).toEqual([]);
});
