import type { AddressInfo } from "node:net";
import { afterAll, expect, test } from "vitest";
import { listenForScrapes, Metrics } from "../../../edge-agent/rim/metrics-http.ts";

const metrics = new Metrics();
const health = { good: true };
const server = await listenForScrapes(metrics, { address: "127.0.0.1", port: 0 }, () => health.good);
const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
afterAll(() => void server.close());

test("counts add up by label, whether the labels are the same object or equal ones", async () => {
  const granted = { cause: "granted" } as const;
  for (let count = 0; count < 5; count += 1) metrics.count("lease_changes", granted);
  metrics.count("lease_changes", { cause: "granted" }, 2);
  metrics.count("lease_changes", { cause: "expired" });
  metrics.count("restarts");
  metrics.gauge("queued_events", "Events waiting.", () => 7);
  const text = await (await fetch(`${base}/metrics`)).text();
  expect(text).toContain('tandem_lease_changes_total{cause="granted"} 7\n');
  expect(text).toContain('tandem_lease_changes_total{cause="expired"} 1\n');
  expect(text).toContain("tandem_restarts_total 1\n");
  expect(text).toContain("tandem_queued_events 7\n");
  metrics.count("lease_changes", granted);
  expect(await metrics.render()).toContain('tandem_lease_changes_total{cause="granted"} 8\n');
});

test("labels made anew each time do not pile up", async () => {
  for (let count = 0; count < 5000; count += 1) metrics.count("datagrams_refused", { reason: count % 2 === 0 ? "checksum" : "truncated" });
  const text = await metrics.render();
  expect(text).toContain('tandem_datagrams_refused_total{reason="checksum"} 2500\n');
  expect(text).toContain('tandem_datagrams_refused_total{reason="truncated"} 2500\n');
});

test("healthz says whether leases can be stored; nothing else is served", async () => {
  expect((await fetch(`${base}/healthz`)).status).toBe(200);
  health.good = false;
  expect((await fetch(`${base}/healthz`)).status).toBe(503);
  expect((await fetch(`${base}/`)).status).toBe(404);
  expect((await fetch(`${base}/metrics`, { method: "POST" })).status).toBe(405);
});

test("a port in use is an error of the start", async () => {
  const { port } = server.address() as AddressInfo;
  await expect(listenForScrapes(metrics, { address: "127.0.0.1", port }, () => true)).rejects.toThrow("EADDRINUSE");
});
