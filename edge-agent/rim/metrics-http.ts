import type { Server } from "node:http";
import { Counter, collectDefaultMetrics, Gauge, Registry } from "prom-client";

// Imported, node:http brings its WebSocket along, and with it all of undici: 80 ms of processor time at every start.
const { createServer } = process.getBuiltinModule("node:http");

const NO_LABELS = {};
const MAXIMUM_WAITING = 1024;

/** Where counts go; `render` gives them in Prometheus' text format. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #counters = new Map<string, Counter>();
  /** Counted and not yet in a counter, by the very object of labels: callers in a hurry use one object over and over. */
  readonly #waiting = new Map<Readonly<Record<string, string>>, { readonly metric: string; count: number }>();

  /** Adds `by` to a counter that is made at its first use: "dhcp_messages" becomes tandem_dhcp_messages_total. */
  count(metric: string, labels: Readonly<Record<string, string>> = NO_LABELS, by = 1): void {
    const waiting = this.#waiting.get(labels);
    if (waiting !== undefined && waiting.metric === metric) {
      waiting.count += by;
      return;
    }
    if (waiting !== undefined || this.#waiting.size >= MAXIMUM_WAITING) this.#add();
    this.#waiting.set(labels, { metric, count: by });
  }

  /** Puts what was counted since the last time into the counters, whose handling of labels is slow. */
  #add(): void {
    for (const [labels, { metric, count }] of this.#waiting) this.#counter(metric, labels).inc({ ...labels }, count);
    this.#waiting.clear();
  }

  #counter(metric: string, labels: Readonly<Record<string, string>>): Counter {
    let counter = this.#counters.get(metric);
    if (counter === undefined) {
      const name = `tandem_${metric.replaceAll(/[^a-zA-Z0-9_]/g, "_").replace(/_total$/, "")}_total`;
      const help = `Number of ${metric.replaceAll("_", " ")} since the start.`;
      counter = new Counter({ name, help, labelNames: Object.keys(labels), registers: [this.#registry] });
      this.#counters.set(metric, counter);
    }
    return counter;
  }

  /** A value asked for at each scrape. */
  gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name: `tandem_${name}`,
      help,
      registers: [this.#registry],
      collect() {
        this.set(read());
      },
    });
  }

  /** Process figures: memory, processor time, event loop. Costs a little, so only with a listener. */
  processFigures(): void {
    collectDefaultMetrics({ register: this.#registry, prefix: "tandem_" });
  }

  render(): Promise<string> {
    this.#add();
    return this.#registry.metrics();
  }
}

/** GET /metrics and /healthz (200 while `healthy`, else 503), nothing else. */
export function listenForScrapes(metrics: Metrics, at: { address: string; port: number }, healthy: () => boolean): Promise<Server> {
  const server = createServer((request, response) => {
    if (request.method !== "GET") response.writeHead(405).end();
    else if (request.url === "/healthz")
      response.writeHead(healthy() ? 200 : 503, TEXT).end(healthy() ? "ok\n" : "leases cannot be stored\n");
    else if (request.url === "/metrics")
      metrics.render().then(
        (text) => response.writeHead(200, { "content-type": "text/plain; version=0.0.4" }).end(text),
        () => response.writeHead(500).end(),
      );
    else response.writeHead(404).end();
  });
  server.maxConnections = 32;
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(at.port, at.address, () => resolve(server));
  });
}

const TEXT = { "content-type": "text/plain" };
