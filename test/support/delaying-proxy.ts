import { createConnection, createServer, type Socket } from "node:net";

/*
 * A long way between two TCP peers, run as a process of its own in a namespace that stands between theirs, or in one of theirs:
 *   node delaying-proxy.ts MILLIS[+JITTER][/PIECE] (LISTEN-ADDRESS TARGET-ADDRESS FROM-ADDRESS PORT)...
 * Whoever connects to LISTEN-ADDRESS:PORT is connected with TARGET-ADDRESS:PORT from FROM-ADDRESS. Every byte, and the end of the
 * stream, arrives MILLIS later, in both directions; up to JITTER more, and in pieces of 1 to PIECE bytes, if told.
 */
interface Late {
  readonly at: number;
  /** Undefined: the end of the stream. */
  readonly bytes: Buffer | undefined;
}
interface Way {
  readonly millis: number;
  readonly jitter: number;
  readonly piece: number;
}

/** The same numbers in each run. */
let last = 1;
function chance(): number {
  last = (last * 48_271) % 2_147_483_647;
  return last / 2_147_483_647;
}

function* pieces(bytes: Buffer, largest: number): Iterable<Buffer> {
  if (largest === 0) yield bytes;
  else
    for (let at = 0, size = 0; at < bytes.length; at += size) {
      size = 1 + Math.floor(chance() * largest);
      yield bytes.subarray(at, at + size);
    }
}

/** Hands on what `from` says, later and in order. A broken connection takes the other one with it. */
function forward(from: Socket, to: Socket, { millis, jitter, piece }: Way): void {
  const waiting: Late[] = [];
  let planned = false;
  let latest = 0;
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
      else for (const each of pieces(first.bytes, piece)) to.write(each);
    }
    const next = waiting[0];
    if (next !== undefined) plan(Math.max(1, next.at - now));
  };
  const take = (bytes: Buffer | undefined): void => {
    const wait = millis + (jitter === 0 ? 0 : chance() * jitter);
    latest = Math.max(latest, performance.now() + wait);
    waiting.push({ at: latest, bytes });
    if (!planned) plan(wait);
  };
  from.on("data", take);
  from.on("end", () => take(undefined));
  from.on("error", () => to.destroy());
  from.on("close", () => setTimeout(() => to.destroy(), millis + jitter));
}

const [how = "0", ...ends] = process.argv.slice(2);
const [, millis = 0, jitter = 0, piece = 0] = (/^([\d.]+)(?:\+(\d+))?(?:\/(\d+))?$/.exec(how) ?? []).map((text) => Number(text ?? 0));
const way: Way = { millis, jitter, piece };
for (let index = 0; index + 3 < ends.length; index += 4) {
  const [listen, target, from, port] = ends.slice(index, index + 4) as [string, string, string, string];
  createServer({ noDelay: true, allowHalfOpen: true }, (near) => {
    const far = createConnection({ host: target, port: Number(port), localAddress: from, noDelay: true, allowHalfOpen: true });
    forward(near, far, way);
    forward(far, near, way);
  }).listen(Number(port), listen);
}
console.log("forwarding");
