import { type ListeningMode, type ListeningSockets, openListeningSockets } from "../rim/datagram-port.ts";
import type { NetworkInterface } from "../rim/interfaces.ts";
import { SystemCallFailed } from "../rim/linux-sockets.ts";
import { err, ok, type Result } from "../values/result.ts";

export interface OpenedSockets {
  readonly sockets: ListeningSockets;
  readonly warning: string | undefined;
}

const FIX =
  "Start as root, or give the capabilities: in a systemd unit AmbientCapabilities=CAP_NET_RAW CAP_NET_BIND_SERVICE; " +
  "in a container --cap-add NET_RAW --cap-add NET_BIND_SERVICE; else setcap cap_net_raw,cap_net_bind_service+ep on the node binary.";

/** Packet sockets if we may; on an unprivileged port a plain UDP socket otherwise, which serves relays and configured clients. */
export function openSockets(port: number, interfaces: readonly NetworkInterface[]): Result<OpenedSockets, string> {
  const first = attempt("packet", port, interfaces);
  if (first.ok) return ok({ sockets: first.value, warning: undefined });
  const { call, code } = first.error;
  if (code !== "EPERM" && code !== "EACCES") return err(explain(first.error));
  if (port < 1024) {
    const missing = call === "bind" ? "CAP_NET_BIND_SERVICE" : "CAP_NET_RAW";
    return err(`Open a socket for LPF: Operation not permitted: ${missing} is missing. ${FIX}`);
  }
  const second = attempt("udp", port, interfaces);
  if (!second.ok) return err(explain(second.error));
  const warning = "Without CAP_NET_RAW only relays, and clients that have an address or take broadcasts, can be served.";
  return ok({ sockets: second.value, warning });
}

function attempt(mode: ListeningMode, port: number, interfaces: readonly NetworkInterface[]): Result<ListeningSockets, SystemCallFailed> {
  try {
    return ok(openListeningSockets(mode, port, interfaces));
  } catch (error) {
    if (error instanceof SystemCallFailed) return err(error);
    throw error;
  }
}

function explain({ call, code }: SystemCallFailed): string {
  if (code === "EADDRINUSE")
    return "Can't bind to dhcp address: Address already in use\nPlease make sure there is no other dhcp server running.";
  if (code === "ENODEV") return "Can't open a socket: an interface went away.";
  return `Can't open a socket: ${call}: ${code}`;
}
