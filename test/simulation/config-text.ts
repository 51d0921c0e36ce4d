import type { AgentConfig } from "../../edge-agent/config/agent-config.ts";
import { configOf } from "../support/load-config.ts";
import type { Swarm } from "./swarm.ts";

/** Addresses of the two servers on the clients' network and on the link between them. */
export const SERVER_ADDRESSES = ["10.20.0.2", "10.20.0.3"] as const;
export const RELAY_ADDRESS = "10.21.0.1";
export const PEER_NAME = "lab";

/** dhcpd.conf of one server of the simulated site; `edition` is what a reload changes. */
export function siteConfig(swarm: Swarm, index: 0 | 1, edition: number): AgentConfig {
  const pool = (net: number, size: number) =>
    `pool { ${swarm.pair ? `failover peer "${PEER_NAME}";` : ""} range 10.${net}.0.100 10.${net}.0.${99 + size}; }`;
  return configOf(`
    ${swarm.pair ? failover(swarm, index, edition) : ""}
    authoritative;
    default-lease-time ${swarm.leaseTime};
    max-lease-time ${swarm.maximumLeaseTime + (edition % 2) * 60};
    min-lease-time 30;
    ping-check ${swarm.pingCheck ? "on" : "off"};
    subnet 10.20.0.0 netmask 255.255.255.0 { option routers 10.20.0.1; ${pool(20, Math.min(150, swarm.poolSize))} }
    subnet 10.21.0.0 netmask 255.255.255.0 { option routers 10.21.0.1; ${pool(21, Math.min(150, swarm.poolSize))} }
  `);
}

function failover(swarm: Swarm, index: 0 | 1, edition: number): string {
  const mclt = swarm.more.changesMclt && edition % 2 === 1 ? Math.ceil(swarm.mclt / 4) : swarm.mclt;
  const common = `address ${SERVER_ADDRESSES[index]}; port 647; peer address ${SERVER_ADDRESSES[1 - index]}; peer port 647;
    max-response-delay ${swarm.responseDelay}; max-unacked-updates ${swarm.maxUnacked}; load balance max seconds ${swarm.loadBalanceSeconds};`;
  const role = index === 0 ? `primary; mclt ${mclt}; split 128;` : "secondary;";
  return `failover peer "${PEER_NAME}" { ${role} ${common} }`;
}
