import { HEADER_SIZE, MAXIMUM_MESSAGE } from "./message.ts";

const NOTHING = new Uint8Array(0);

/** What is left of a TCP stream after whole messages were taken; never more than one message. */
export type StreamRemainder = Uint8Array;
export const EMPTY_STREAM: StreamRemainder = NOTHING;

export interface Frames {
  /** Whole messages, each a view on the input. */
  readonly frames: readonly Uint8Array[];
  readonly rest: StreamRemainder;
  /** A length that no message may have: the stream can not be followed any further. */
  readonly fault: string | undefined;
}

/** Cuts a TCP stream into messages by their length field (failover-12 §6.1), 12 to 2048 bytes each. */
export function takeFrames(remainder: StreamRemainder, chunk: Uint8Array): Frames {
  const bytes = remainder.length === 0 ? chunk : joined(remainder, chunk);
  const frames: Uint8Array[] = [];
  let start = 0;
  while (bytes.length - start >= 2) {
    const length = ((bytes[start] ?? 0) << 8) | (bytes[start + 1] ?? 0);
    if (length < HEADER_SIZE || length > MAXIMUM_MESSAGE) return { frames, rest: NOTHING, fault: `message length ${length}` };
    if (start + length > bytes.length) break;
    frames.push(bytes.subarray(start, start + length));
    start += length;
  }
  return { frames, rest: new Uint8Array(bytes.subarray(start)), fault: undefined };
}

function joined(left: Uint8Array, right: Uint8Array): Uint8Array {
  const both = new Uint8Array(left.length + right.length);
  both.set(left);
  both.set(right, left.length);
  return both;
}
