import { createHash, createHmac } from "node:crypto";
import type { AgentEffect } from "../agent/effect.ts";
import type { AgentEvent } from "../agent/event.ts";
import type { AgentConfig } from "../config/agent-config.ts";
import { bytesIn, numberIn } from "../config/settings.ts";
import type { ControlReply } from "../control/protocol.ts";
import type { Digest } from "../ddns/dhcid.ts";
import type { RecordedDeclaration } from "../leases/lease-file/types.ts";
import type { Hmac } from "../omapi/authenticate.ts";
import { type ControlSocket, openControlSocket } from "../rim/control-socket.ts";
import { type DnsZone, dnsClient } from "../rim/dns-client.ts";
import { OmapiTcp } from "../rim/omapi-tcp.ts";
import { formatIpv4, ipv4FromBytes } from "../values/ipv4.ts";
import type { Instant } from "../values/time.ts";

export const digest: Digest = (algorithm, data) => new Uint8Array(createHash(algorithm).update(data).digest());
export const hmac: Hmac = (algorithm, secret, data) => new Uint8Array(createHmac(algorithm, secret).update(data).digest());

export type ServiceEffect = Extract<
  AgentEffect,
  { readonly kind: "dns-query" | "control-reply" | "control-reload" | "omapi-send" | "omapi-close" | "declared" | "shut-down" }
>;

export interface ServiceOptions {
  /** The configuration in force. */
  readonly config: () => AgentConfig;
  /** Where the control socket is made. */
  readonly controlSocket: string;
  readonly instant: () => Instant;
  readonly emit: (event: AgentEvent) => void;
  /** Reads the configuration again; gives what to say about it. */
  readonly reload: () => Promise<{ readonly ok: boolean; readonly message: string }>;
  /** A declaration made at run time is stored. */
  readonly declared: (declaration: RecordedDeclaration) => void;
  readonly shutDown: () => void;
  readonly warn: (text: string) => void;
  /** What `tandem status` says beside what the core knows. */
  readonly about: Readonly<Record<string, unknown>>;
}

const CONTROL_MILLIS = 20_000;
const DNS_PORT = 53;

/** What surrounds serving: the control socket, OMAPI and DNS updates. */
export class Services {
  readonly #options: ServiceOptions;
  readonly #dns: ReturnType<typeof dnsClient>;
  readonly #waiting = new Map<number, (reply: string) => void>();
  #control: ControlSocket | undefined;
  #omapi: OmapiTcp | undefined;
  #next = 1;

  constructor(options: ServiceOptions) {
    this.#options = options;
    this.#dns = dnsClient(() => zonesOf(options.config()));
  }

  /** Opens what listens. A control socket that cannot be made is told, and the agent serves all the same. */
  async open(): Promise<void> {
    const { controlSocket, warn } = this.#options;
    try {
      this.#control = await openControlSocket(controlSocket, (line) => this.#ask(line));
    } catch (error) {
      warn(`control socket ${controlSocket}: ${error instanceof Error ? error.message : String(error)}`);
    }
    this.#openOmapi();
  }

  async close(): Promise<void> {
    this.#omapi?.close();
    await this.#control?.close();
  }

  perform(effect: ServiceEffect): void {
    switch (effect.kind) {
      case "dns-query":
        void this.#query(effect);
        return;
      case "control-reply":
        this.#answer(effect.id, effect.verb === "status" ? this.#withAbout(effect.reply) : effect.reply);
        return;
      case "control-reload":
        void this.#reload(effect.id);
        return;
      case "omapi-send":
        this.#omapi?.send(effect.connection, effect.bytes);
        return;
      case "omapi-close":
        this.#options.warn(`OMAPI: ${effect.reason}`);
        this.#omapi?.closeConnection(effect.connection);
        return;
      case "declared":
        this.#options.declared(effect.declaration);
        return;
      case "shut-down":
        this.#options.shutDown();
        return;
    }
  }

  async #query(effect: Extract<ServiceEffect, { readonly kind: "dns-query" }>): Promise<void> {
    const outcome = await this.#dns(effect.query);
    this.#options.emit({ kind: "dns-answer", id: effect.id, outcome, at: this.#options.instant() });
  }

  #ask(line: string): Promise<string> {
    const id = this.#next;
    this.#next += 1;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#answer(id, failed("TIMEOUT", "the agent is too busy to answer")), CONTROL_MILLIS);
      this.#waiting.set(id, (reply) => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        resolve(reply);
      });
      this.#options.emit({ kind: "control-request", id, line, at: this.#options.instant() });
    });
  }

  #answer(id: number, reply: ControlReply): void {
    this.#waiting.get(id)?.(JSON.stringify(reply));
  }

  #withAbout(reply: ControlReply): ControlReply {
    return reply.ok ? { ok: true, result: { ...this.#options.about, ...(reply.result as object) } } : reply;
  }

  async #reload(id: number): Promise<void> {
    const { ok, message } = await this.#options.reload();
    this.#answer(id, ok ? { ok: true, result: { message } } : failed("BAD_CONFIGURATION", message));
  }

  /** Without a key OMAPI is for this machine only; with one it listens where dhcpd does. */
  #openOmapi(): void {
    const { config, emit, instant, warn } = this.#options;
    const port = numberIn(config().global, "omapi-port")?.value;
    if (port === undefined || port < 1 || port > 65_535) return;
    const local = bytesIn(config().global, "local-address")?.value;
    const hasKey = bytesIn(config().global, "omapi-key") !== undefined;
    const address = hasKey ? (local === undefined ? "0.0.0.0" : formatIpv4(ipv4FromBytes(local))) : "127.0.0.1";
    if (!hasKey) warn(`omapi-port ${port}: without omapi-key it is open to this machine only`);
    this.#omapi = new OmapiTcp({
      port,
      address,
      onOpened: (connection) => emit({ kind: "omapi-opened", connection, at: instant() }),
      onBytes: (connection, bytes) => emit({ kind: "omapi-bytes", connection, bytes, at: instant() }),
      onClosed: (connection) => emit({ kind: "omapi-closed", connection, at: instant() }),
      warn,
    });
  }
}

const failed = (code: string, message: string): ControlReply => ({ ok: false, error: { code, message } });

function zonesOf(config: AgentConfig): readonly DnsZone[] {
  return config.zones.map(({ name, primaries, key }) => ({
    name,
    servers: primaries.map((address) => ({ address, port: DNS_PORT })),
    key: config.keys.find((each) => each.name === key),
  }));
}
