import { expect, test } from "vitest";
import { Bench, text } from "../../support/agent-bench.ts";

const POOL = "ping-check off; subnet 10.0.0.0 netmask 255.255.255.0 { range 10.0.0.10 10.0.0.19; }";

test("a class with match if and match counts where both hold", () => {
  const bench = new Bench(`
    class "both" { match if not exists host-name; match option vendor-class-identifier; option domain-name "both"; }
    subclass "both" "one"; ${POOL}`);
  const domainOf = (vendor: string, hostname?: string): Uint8Array | undefined =>
    bench.send({ type: 1, options: { 60: text(vendor) }, ...(hostname === undefined ? {} : { hostname }) })?.option(15);
  expect(domainOf("one")).toEqual(text("both"));
  expect(domainOf("other")).toBeUndefined();
  expect(domainOf("one", "named")).toBeUndefined();
});

test("an offer that says something new of a lease in use is not answered from the old lease", () => {
  const bench = new Bench(`authoritative; default-lease-time 600; ${POOL}`);
  const yiaddr = bench.lease({ mac: 1, hostname: "first" });
  bench.said();
  bench.send({ type: 1, mac: 1, hostname: "second" });
  bench.send({ type: 3, mac: 1, requested: yiaddr, serverId: "10.0.0.1", hostname: "second" });
  const said = bench.said();
  expect(said.some((line) => line.startsWith("reuse_lease"))).toBe(false);
  expect(said.some((line) => line.startsWith(`DHCPREQUEST for ${yiaddr} (10.0.0.1) from`) && line.includes("(second)"))).toBe(true);
  bench.send({ type: 3, mac: 1, ciaddr: yiaddr, source: yiaddr, target: "10.0.0.1", hostname: "second" });
  expect(bench.said().some((line) => line.startsWith("reuse_lease"))).toBe(true);
});

test("on expiry runs for a declined lease, and keeps what it sets", () => {
  const bench = new Bench(`authoritative; on commit { set who = "client"; } on expiry { log(info, "over"); set gone = "yes"; } ${POOL}`);
  const yiaddr = bench.lease({ mac: 1 });
  bench.said();
  bench.send({ type: 4, mac: 1, requested: yiaddr, serverId: "10.0.0.1" });
  expect(bench.said()).toContain("over");
});

test("statements log with a DHCPNAK: the network's, and for each class those around it and its own", () => {
  const bench = new Bench(`
    authoritative; log(info, "all");
    class "asking" { match if option dhcp-message-type = 3; log(info, "asking"); } ${POOL}`);
  expect(bench.send({ type: 3, mac: 1, requested: "192.0.2.1" })?.type).toBe(6);
  expect(bench.said().filter((line) => line === "all" || line === "asking")).toEqual(["all", "all", "asking"]);
});

test("the site option space of an answer is warned of once", () => {
  const bench = new Bench(`option space site; option site.low code 208 = text; site-option-space "site"; option site.low "x"; ${POOL}`);
  bench.send({ type: 1, mac: 1 });
  bench.send({ type: 1, mac: 2 });
  expect(bench.said().filter((line) => line.includes("site local space site that number as low as 208"))).toHaveLength(1);
});
