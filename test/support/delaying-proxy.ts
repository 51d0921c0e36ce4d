import { createConnection, createServer, type Socket } from "node:net";

/*
 * A long way between two TCP peers, run as a process of its own within a namespace that stands between theirs:
 *   node delaying-proxy.ts MILLIS (LISTEN-ADDRESS TARGET-ADDRESS FROM-ADDRESS PORT)...
 * Whoever connects to LISTEN-ADDRESS:PORT is connected with TARGET-ADDRESS:PORT from FROM-ADDRESS. Every byte, and the end of the
 * stream, arrives MILLIS later, in both directions.
 */
interface Late {
  readonly at: number;
  /** Undefined: the end of the stream. */
  readonly bytes: Buffer | undefined;
}

/** Hands on what `from` says, `millis` later and in order. A broken connection takes the other one with it. */
function forward(from: Socket, to: Socket, millis: number): void {
  const waiting: Late[] = [];
  let planned = false;
  const plan = (wait: number): void => {
    planned = true;
    setTimeout(hand, wait);
  };
  const hand = (): void => {
    planned = false;
    const now = performance.now();
    for (let first = waiting[0]; first !== undefined && first.at <= now; first = waiting[0]) {
      waiting.shift();
      if (to.destroyed) continue;
      if (first.bytes === undefined) to.end();
      else to.write(first.bytes);
    }
    const next = waiting[0];
    if (next !== undefined) plan(Math.max(1, next.at - now));
  };
  const take = (bytes: Buffer | undefined): void => {
    waiting.push({ at: performance.now() + millis, bytes });
    if (!planned) plan(millis);
  };
  from.on("data", take);
  from.on("end", () => take(undefined));
  from.on("error", () => to.destroy());
  from.on("close", () => setTimeout(() => to.destroy(), millis));
}

const [millis = 0, ...ways] = process.argv.slice(2).map((word, index) => (index === 0 ? Number(word) : word)) as [number, ...string[]];
for (let index = 0; index + 3 < ways.length; index += 4) {
  const [listen, target, from, port] = ways.slice(index, index + 4) as [string, string, string, string];
  createServer({ noDelay: true, allowHalfOpen: true }, (near) => {
    const far = createConnection({ host: target, port: Number(port), localAddress: from, noDelay: true, allowHalfOpen: true });
    forward(near, far, millis);
    forward(far, near, millis);
  }).listen(Number(port), listen);
}
console.log("forwarding");
