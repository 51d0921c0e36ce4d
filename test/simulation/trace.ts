import { EMPTY_STREAM, takeFrames } from "../../edge-agent/failover/wire/frame.ts";
import { decodeMessage } from "../../edge-agent/failover/wire/message.ts";
import { formatIpv4 } from "../../edge-agent/values/ipv4.ts";

/** What the messages in `bytes` say, a line each; CONTACTs are left out. */
export function wireLines(bytes: Uint8Array): readonly string[] {
  const lines: string[] = [];
  for (const frame of takeFrames(EMPTY_STREAM, bytes).frames) {
    const message = decodeMessage(frame);
    if (!message.ok) continue;
    const { type, xid, options } = message.value;
    if (type === "CONTACT") continue;
    const address = options.assignedIpAddress === undefined ? "" : ` ${formatIpv4(options.assignedIpAddress)}`;
    const details = [
      options.bindingStatus === undefined ? "" : ` status ${options.bindingStatus}`,
      options.leaseExpirationTime === undefined ? "" : ` ends ${options.leaseExpirationTime}`,
      options.potentialExpirationTime === undefined ? "" : ` potential ${options.potentialExpirationTime}`,
      options.rejectReason === undefined ? "" : ` reject ${options.rejectReason}`,
      options.serverState === undefined ? "" : ` state ${options.serverState} flags ${options.serverFlags ?? 0}`,
    ];
    lines.push(`-> ${type} #${xid}${address}${details.join("")}`);
  }
  return lines;
}

/** Virtual time as d+hh:mm:ss.mmm. */
export function clockText(millis: number): string {
  const total = Math.floor(millis / 1000);
  const two = (value: number) => String(value).padStart(2, "0");
  const days = Math.floor(total / 86_400);
  const rest = `${two(Math.floor(total / 3600) % 24)}:${two(Math.floor(total / 60) % 60)}:${two(total % 60)}`;
  return `${days}+${rest}.${String(Math.floor(millis % 1000)).padStart(3, "0")}`;
}
