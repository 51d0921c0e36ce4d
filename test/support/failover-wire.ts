import { EMPTY_STREAM, takeFrames } from "../../edge-agent/failover/wire/frame.ts";
import { decodeMessage } from "../../edge-agent/failover/wire/message.ts";
import type { Said } from "./failover-harm.ts";
import { type OneWay, tcpStreams } from "./tcp-streams.ts";

export const FAILOVER_PORT = 647;

/**
 * The messages on the failover port of a capture, in the order in which they were sent; throws at one that does not read. Of a connection
 * of which the capture lacks bytes (tcpdump may not keep up), those before the hole.
 */
export async function conversation(capture: string): Promise<Said[]> {
  const streams = await tcpStreams(capture, FAILOVER_PORT);
  const lostAt = new Map<number, number>();
  for (const { stream, lostAt: at } of streams)
    if (at !== undefined) lostAt.set(stream, Math.min(at, lostAt.get(stream) ?? Number.POSITIVE_INFINITY));
  return streams
    .flatMap((each) => [...messagesOf(each)])
    .filter(({ stream, at }) => at < (lostAt.get(stream) ?? Number.POSITIVE_INFINITY))
    .sort((left, right) => left.at - right.at);
}

function* messagesOf({ from, stream, pieces }: OneWay): Iterable<Said> {
  let rest = EMPTY_STREAM;
  let at = 0;
  for (const { at: seen, bytes } of pieces) {
    // nobody could read it before all that precedes it was there
    at = Math.max(at, seen);
    const taken = takeFrames(rest, Uint8Array.from(bytes));
    if (taken.fault !== undefined) throw new Error(`${from} at ${at}: ${taken.fault}`);
    ({ rest } = taken);
    for (const frame of taken.frames) {
      const message = decodeMessage(frame);
      if (!message.ok) throw new Error(`${from} at ${at}: ${JSON.stringify(message.error)}`);
      yield { at, from, stream, bytes: new Uint8Array(frame), message: message.value };
    }
  }
}
