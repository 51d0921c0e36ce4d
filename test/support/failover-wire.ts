import { EMPTY_STREAM, takeFrames } from "../../edge-agent/failover/wire/frame.ts";
import { decodeMessage } from "../../edge-agent/failover/wire/message.ts";
import type { Said } from "./failover-harm.ts";
import { runMeanwhile } from "./netns.ts";

/** The messages on port 647 of a capture, in the order in which they were sent; throws at one that does not read. */
export async function conversation(capture: string): Promise<Said[]> {
  const fields = ["frame.time_epoch", "ip.src", "tcp.stream", "tcp.payload"].flatMap((name) => ["-e", name]);
  const filter = "tcp.port == 647 && tcp.len > 0 && !tcp.analysis.retransmission && !tcp.analysis.spurious_retransmission";
  const lines = await runMeanwhile(["tshark", "-r", capture, "--disable-protocol", "dhcpfo", "-Y", filter, "-T", "fields", ...fields]);
  const rests = new Map<string, Uint8Array>();
  const said: Said[] = [];
  for (const line of lines.split("\n").filter(Boolean)) {
    const [at = "0", from = "", stream = "0", payload = ""] = line.split("\t");
    const key = `${from} ${stream}`;
    const taken = takeFrames(rests.get(key) ?? EMPTY_STREAM, Uint8Array.from(Buffer.from(payload.replaceAll(":", ""), "hex")));
    rests.set(key, taken.rest);
    for (const frame of taken.frames) {
      const message = decodeMessage(frame);
      if (!message.ok) throw new Error(`${from} at ${at}: ${JSON.stringify(message.error)}`);
      said.push({ at: Number(at), from, stream: Number(stream), bytes: new Uint8Array(frame), message: message.value });
    }
  }
  return said;
}
