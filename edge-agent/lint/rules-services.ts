import type { AgentConfig } from "../config/agent-config.ts";
import { bytesIn, flagIn, numberIn } from "../config/settings.ts";
import { networkOf, textOf } from "./facts.ts";
import type { Finding, LintRule } from "./finding.ts";

/** IANA's port for failover between DHCP servers, and dhcpd's default. */
const FAILOVER_PORT = 647;
/** Fewer bytes than this make a key that can be guessed (RFC 8945 §8 asks for the hash's length). */
const SHORT_SECRET = 16;

function* samePeers(config: AgentConfig): Iterable<Finding> {
  for (const peer of config.failoverPeers) {
    if (peer.address !== peer.peerAddress || peer.port !== peer.peerPort) continue;
    yield {
      location: peer.location,
      message: `failover peer "${peer.name}" is its own partner: address and peer address are both ${peer.peerAddress}`,
      mend: 'put the other server\'s address into "peer address"',
    };
  }
}

function* oddPorts(config: AgentConfig): Iterable<Finding> {
  for (const peer of config.failoverPeers) {
    if (peer.port === peer.peerPort) continue;
    yield {
      location: peer.location,
      message: `failover peer "${peer.name}" listens on port ${peer.port} and calls port ${peer.peerPort}`,
      mend: `the partner's file must say the reverse; port ${FAILOVER_PORT} on both sides is simpler`,
    };
  }
}

function* oneSidedBalance(config: AgentConfig): Iterable<Finding> {
  for (const peer of config.failoverPeers) {
    if (peer.hba === undefined) continue;
    const buckets = peer.hba.reduce((sum, byte) => sum + byte.toString(2).replaceAll("0", "").length, 0);
    if (buckets > 0 && buckets < 256) continue;
    yield {
      location: peer.location,
      message: `failover peer "${peer.name}": the ${buckets === 0 ? "secondary" : "primary"} answers all new clients, yet each server owns half the free addresses`,
      mend: "split 128 uses both servers and both halves alike",
    };
  }
}

function* noLoadBalanceLimit(config: AgentConfig): Iterable<Finding> {
  for (const peer of config.failoverPeers) {
    if (peer.role !== "primary" || peer.loadBalanceMaxSeconds > 0) continue;
    yield {
      location: peer.location,
      message: `failover peer "${peer.name}": without "load balance max seconds" load balancing is off, both servers answer everybody`,
      mend: 'say "load balance max seconds 3;" on both servers',
    };
  }
}

function* automaticPartnerDown(config: AgentConfig): Iterable<Finding> {
  for (const peer of config.failoverPeers) {
    if (peer.autoPartnerDown === 0) continue;
    yield {
      location: peer.location,
      message: `failover peer "${peer.name}": auto-partner-down ${peer.autoPartnerDown} takes the partner's addresses whenever the link is cut that long, even if it lives`,
      mend: "let the ledger's witness or an operator decide, or be sure that the link cannot fail alone",
    };
  }
}

function* tightDelays(config: AgentConfig): Iterable<Finding> {
  for (const peer of config.failoverPeers) {
    if (peer.maxResponseDelay < 10) {
      yield {
        location: peer.location,
        message: `failover peer "${peer.name}": max-response-delay ${peer.maxResponseDelay} s breaks the link at each short pause`,
        mend: "30 to 60 s is usual; below 3 s a dhcpd partner floods the link",
      };
    }
    if (peer.maxUnackedUpdates < 10) {
      yield {
        location: peer.location,
        message: `failover peer "${peer.name}": max-unacked-updates ${peer.maxUnackedUpdates} slows every exchange with the partner`,
        mend: "10 or more, and the same on both servers",
      };
    }
  }
}

function* unusedPeers(config: AgentConfig): Iterable<Finding> {
  for (const peer of config.failoverPeers) {
    if (config.pools.some((pool) => pool.failoverPeer === peer.name)) continue;
    yield {
      location: peer.location,
      message: `failover peer "${peer.name}" is used by no pool`,
      mend: `add failover peer "${peer.name}"; to the pools that the two servers share`,
    };
  }
}

function* sharedBootp(config: AgentConfig): Iterable<Finding> {
  for (const pool of config.pools) {
    if (pool.failoverPeer === undefined) continue;
    const range = pool.ranges.find(({ dynamicBootp }) => dynamicBootp);
    if (range === undefined && !pool.permit.some(({ kind }) => kind === "dynamic-bootp-clients")) continue;
    yield {
      location: range?.location ?? pool.scope.location,
      message: "dynamic BOOTP in a failover pool: BOOTP clients hold addresses for ever, which partners cannot agree on",
      mend: "give BOOTP clients a pool without failover",
    };
  }
}

function* unsignedZones(config: AgentConfig): Iterable<Finding> {
  const none = config.zones.find((zone) => zone.key === undefined);
  if (none === undefined) return;
  yield {
    location: config.global.location,
    message: `zone ${none.name} is updated without a key: the name server must trust this address`,
    mend: "add a key to the zone declaration",
  };
}

function* weakKeys(config: AgentConfig): Iterable<Finding> {
  for (const key of config.keys) {
    if (key.secret.length >= SHORT_SECRET) continue;
    yield {
      location: config.global.location,
      message: `key ${key.name} has a secret of ${key.secret.length} bytes`,
      mend: `at least ${SHORT_SECRET} random bytes: openssl rand -base64 32`,
    };
  }
}

function* openOmapi(config: AgentConfig): Iterable<Finding> {
  const port = numberIn(config.global, "omapi-port");
  if (port === undefined || bytesIn(config.global, "omapi-key") !== undefined) return;
  yield {
    location: port.statement.location,
    message: `omapi-port ${port.value} without omapi-key: whoever reaches the port changes leases and failover states`,
    mend: "declare a key and name it in omapi-key",
  };
}

function* ddnsWithoutDomain(config: AgentConfig): Iterable<Finding> {
  const style = config.global.statements.find((statement) => statement.kind === "parameter" && statement.name === "ddns-update-style");
  const isOff = style === undefined || (style.kind === "parameter" && style.value.kind === "number" && style.value.value === 0);
  if (!isOff || config.zones.length === 0) return;
  yield {
    location: style?.location ?? config.global.location,
    message: `zones are declared, but ddns-update-style is "none": nothing is updated`,
    mend: 'say "ddns-update-style standard;" or take the zones out',
  };
}

function* disabledPing(config: AgentConfig): Iterable<Finding> {
  const told = new Set<string>();
  for (const pool of config.pools) {
    const ping = flagIn(pool.scope, "ping-check");
    const network = networkOf(config, pool);
    if (ping?.value !== false || network === undefined) continue;
    const { file, line } = ping.statement.location;
    if (told.has(`${file}:${line}`)) continue;
    told.add(`${file}:${line}`);
    yield {
      location: ping.statement.location,
      message: "ping-check is off: an address that somebody uses without a lease is given out all the same",
      mend: "leave it on outside of load tests",
    };
  }
}

function* longDomains(config: AgentConfig): Iterable<Finding> {
  const name = bytesIn(config.global, "ddns-domainname");
  if (name === undefined || textOf(name.value).length <= 200) return;
  yield {
    location: name.statement.location,
    message: "ddns-domainname is so long that host names do not fit before it",
    mend: "253 characters in all",
  };
}

export const SERVICE_RULES: readonly LintRule[] = [
  { name: "own-partner", severity: "warning", about: "a failover peer that names itself as partner", check: samePeers },
  { name: "unequal-ports", severity: "info", about: "different failover ports on the two sides", check: oddPorts },
  { name: "one-sided-balance", severity: "info", about: "split 0 or 256", check: oneSidedBalance },
  { name: "load-balance-off", severity: "info", about: "failover without load balance max seconds", check: noLoadBalanceLimit },
  { name: "auto-partner-down", severity: "warning", about: "a partner is declared down without proof", check: automaticPartnerDown },
  { name: "tight-failover-limits", severity: "warning", about: "max-response-delay or max-unacked-updates too small", check: tightDelays },
  { name: "unused-peer", severity: "warning", about: "a failover peer that no pool uses", check: unusedPeers },
  { name: "bootp-in-failover", severity: "warning", about: "dynamic BOOTP in a failover pool", check: sharedBootp },
  { name: "unsigned-zone", severity: "warning", about: "DNS updates without a key", check: unsignedZones },
  { name: "weak-key", severity: "warning", about: "a key that can be guessed", check: weakKeys },
  { name: "open-omapi", severity: "warning", about: "OMAPI without a key", check: openOmapi },
  { name: "ddns-off", severity: "info", about: "zones, but no DNS updates", check: ddnsWithoutDomain },
  { name: "ping-check-off", severity: "info", about: "addresses are given out without a look", check: disabledPing },
  { name: "long-ddns-domain", severity: "warning", about: "no room for host names before ddns-domainname", check: longDomains },
];
