import { createHmac, randomInt, timingSafeEqual } from "node:crypto";
import { createSocket } from "node:dgram";
import { promises as dns } from "node:dns";
import { connect } from "node:net";
import type { DnsOutcome, DnsQuery } from "../ddns/transaction.ts";
import { isUnder } from "../ddns/wire/name.ts";
import { coveredByMac, FUDGE_SECONDS, readResponseTsig, withTsig } from "../ddns/wire/tsig.ts";
import { encodeUpdate, readResponse } from "../ddns/wire/update.ts";

export interface DnsKey {
  readonly name: string;
  readonly algorithm: string;
  readonly secret: Uint8Array;
}

/** A zone that updates may go to: its name, its primary servers, and the key they want. */
export interface DnsZone {
  readonly name: string;
  readonly servers: readonly { readonly address: string; readonly port: number }[];
  readonly key: DnsKey | undefined;
}

const ATTEMPT_MILLIS = 2500;
const ATTEMPTS_A_SERVER = 2;
/** Queries under way at once; the rest wait in line, and beyond that limit fail at once, so that a dead DNS holds nothing up. */
const CONCURRENT = 32;
const WAITING_LIMIT = 10_000;

/**
 * Sends DNS updates to the primary of the zone that holds a name (RFC 2136 §4), signed where the zone has a key. A zone not
 * in `zones` is found by its SOA record. Never throws: what went wrong is the outcome.
 */
export function dnsClient(zones: () => readonly DnsZone[]): (query: DnsQuery) => Promise<DnsOutcome> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (query) => {
    if (running >= CONCURRENT) {
      if (waiting.length >= WAITING_LIMIT) return { kind: "failed", reason: "too many DNS updates are waiting" };
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
    running += 1;
    try {
      const zone = longestMatch(zones(), query.name) ?? (await discoverZone(query.name));
      return zone === undefined ? { kind: "failed", reason: `no zone is known for ${query.name}` } : await sendToZone(zone, query);
    } catch (error) {
      return { kind: "failed", reason: error instanceof Error ? error.message : String(error) };
    } finally {
      running -= 1;
      waiting.shift()?.();
    }
  };
}

function longestMatch(zones: readonly DnsZone[], name: string): DnsZone | undefined {
  return zones.filter((zone) => isUnder(name, zone.name)).sort((left, right) => right.name.length - left.name.length)[0];
}

/** Walks up from `name` until a SOA record answers; updates go to its MNAME. */
async function discoverZone(name: string): Promise<DnsZone | undefined> {
  const labels = name.replace(/\.$/, "").split(".");
  for (let depth = 0; depth < labels.length; depth += 1) {
    const zone = labels.slice(depth).join(".");
    const soa = await dns.resolveSoa(zone).catch(() => undefined);
    if (soa === undefined) continue;
    const addresses = await dns.resolve4(soa.nsname).catch(() => []);
    return { name: zone, servers: addresses.map((address) => ({ address, port: 53 })), key: undefined };
  }
  return undefined;
}

async function sendToZone(zone: DnsZone, query: DnsQuery): Promise<DnsOutcome> {
  let outcome: DnsOutcome = { kind: "failed", reason: `zone ${zone.name} has no server` };
  for (const server of zone.servers) {
    for (let attempt = 0; attempt < ATTEMPTS_A_SERVER; attempt += 1) {
      outcome = await attemptOnce(zone, server, query);
      if (outcome.kind === "rcode") return outcome;
    }
  }
  return outcome;
}

async function attemptOnce(zone: DnsZone, server: DnsZone["servers"][number], query: DnsQuery): Promise<DnsOutcome> {
  const id = randomInt(65_536);
  const plain = encodeUpdate(id, zone.name, query);
  if (!plain.ok) return { kind: "failed", reason: plain.error };
  const signed = zone.key === undefined ? { bytes: plain.value, mac: undefined } : sign(plain.value, zone.key);
  if (typeof signed === "string") return { kind: "failed", reason: signed };
  const exchange = signed.bytes.length > 512 ? overTcp : overUdp;
  let answer = await exchange(signed.bytes, server);
  if (answer !== undefined && ((answer[2] ?? 0) & 2) !== 0) answer = await overTcp(signed.bytes, server);
  if (answer === undefined) return { kind: "failed", reason: "timed out" };
  const rcode = readResponse(answer, id);
  if (!rcode.ok) return { kind: "failed", reason: rcode.error };
  if (zone.key === undefined || signed.mac === undefined) return { kind: "rcode", rcode: rcode.value };
  return checkAnswer(answer, rcode.value, zone.key, signed.mac);
}

function sign(message: Uint8Array, key: DnsKey): { readonly bytes: Uint8Array; readonly mac: Uint8Array } | string {
  const signedAt = Math.floor(Date.now() / 1000);
  const covered = coveredByMac(message, key, signedAt);
  if (!covered.ok) return covered.error;
  const mac = macOf(key, covered.value);
  const bytes = withTsig(message, key, signedAt, mac);
  return bytes.ok ? { bytes: bytes.value, mac } : bytes.error;
}

/** An unsigned refusal (BADKEY, BADSIG, BADTIME) is taken at its word; anything else must bear the right signature. */
function checkAnswer(answer: Uint8Array, rcode: number, key: DnsKey, requestMac: Uint8Array): DnsOutcome {
  const tsig = readResponseTsig(answer);
  if (!tsig.ok) return rcode === 0 ? { kind: "failed", reason: tsig.error } : { kind: "rcode", rcode };
  if (tsig.value.error !== 0) return { kind: "rcode", rcode: tsig.value.error };
  const covered = coveredByMac(tsig.value.unsigned, key, tsig.value.signedAt, requestMac);
  if (!covered.ok) return { kind: "failed", reason: covered.error };
  const mac = macOf(key, covered.value);
  const genuine = mac.length === tsig.value.mac.length && timingSafeEqual(mac, tsig.value.mac);
  if (!genuine) return { kind: "failed", reason: "the answer's signature is wrong" };
  const fresh = Math.abs(Date.now() / 1000 - tsig.value.signedAt) <= FUDGE_SECONDS;
  return fresh ? { kind: "rcode", rcode } : { kind: "failed", reason: "the answer's signature is too old" };
}

function macOf(key: DnsKey, data: Uint8Array): Uint8Array {
  const hash = /^hmac-(md5|sha1|sha224|sha256|sha384|sha512)/i.exec(key.algorithm)?.[1]?.toLowerCase() ?? "md5";
  return createHmac(hash, key.secret).update(data).digest();
}

function overUdp(message: Uint8Array, server: DnsZone["servers"][number]): Promise<Uint8Array | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket(server.address.includes(":") ? "udp6" : "udp4");
    const finish = (answer: Uint8Array | undefined) => {
      clearTimeout(timer);
      socket.close();
      resolve(answer);
    };
    const timer = setTimeout(finish, ATTEMPT_MILLIS, undefined);
    socket.on("error", () => finish(undefined));
    socket.on("message", (answer, from) => {
      if (from.port === server.port && answer[0] === message[0] && answer[1] === message[1]) finish(answer);
    });
    socket.connect(server.port, server.address, () => socket.send(message));
  });
}

function overTcp(message: Uint8Array, server: DnsZone["servers"][number]): Promise<Uint8Array | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: server.address, port: server.port });
    let received = Buffer.alloc(0);
    const finish = (answer: Uint8Array | undefined) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(ATTEMPT_MILLIS, () => finish(undefined));
    socket.on("error", () => finish(undefined));
    socket.on("close", () => finish(undefined));
    socket.on("connect", () => socket.write(Buffer.concat([Uint8Array.of(message.length >> 8, message.length & 255), message])));
    socket.on("data", (chunk) => {
      received = Buffer.concat([received, chunk]);
      if (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0))
        finish(received.subarray(2, 2 + received.readUInt16BE(0)));
    });
  });
}
