import { waitedMclt } from "../failover/endpoint/state.ts";
import type { Relationship } from "../failover/relationship.ts";
import { peerLeaseMillis } from "../ledger/lengths.ts";
import { renewedByPeer } from "../ledger/serving-lease.ts";
import { mayGivePeerLease, peerLeaseGiven } from "../ledger/witness.ts";
import { epochOf, type SiteAgent } from "./ledger.ts";

/**
 * This server has been alone, has recovered with its partner and given the partner's share back, and the ledger has not heard of it yet,
 * perhaps for want of a cloud. The partner may serve on our word meanwhile: we claim nothing more, give nothing out for having claimed it,
 * and do not go back to being alone before the ledger has been told.
 */
export const isClearPending = (site: SiteAgent, { endpoint }: Relationship): boolean =>
  site.core.standing.mode === "SOLE" &&
  site.entered === site.core.standing.epoch &&
  endpoint.communicating &&
  endpoint.state === "NORMAL" &&
  endpoint.partner === "NORMAL";

/** Before an event: what the partner turned out to be, and whether its asking CONTACTs may be answered, which lets it serve. */
export function promiseOverLink(site: SiteAgent, relationship: Relationship): SiteAgent {
  const { link, endpoint } = relationship;
  const { config, evidence, standing } = site.core;
  const partnerIsForeign = site.setting.foreign || (link.partnerVendorClass !== undefined && !endpoint.partnerIsTandem);
  const mcltMillis = waitedMclt(endpoint) * 1000;
  link.answers = partnerIsForeign || mayGivePeerLease(evidence, standing.mode, undefined) || isClearPending(site, relationship);
  link.ownEpoch = epochOf(site);
  link.askEvery = partnerIsForeign ? undefined : Math.max(1000, Math.floor(peerLeaseMillis(config.leaseMillis) / 3));
  if (partnerIsForeign === config.partnerIsForeign && mcltMillis === config.mcltMillis) return site;
  return { ...site, core: { ...site.core, config: { ...config, partnerIsForeign, mcltMillis } } };
}

/** After an event: the partner's answers extend our right to serve, ours extend its. */
export function heardFromLink(site: SiteAgent, relationship: Relationship | undefined): SiteAgent {
  const link = relationship?.link;
  if (link === undefined || site.core.config.partnerIsForeign) return site;
  const { core } = site;
  const told = link.partnersEpoch > site.partnersEpoch ? { ...site, partnersEpoch: link.partnersEpoch } : site;
  const length = peerLeaseMillis(core.config.leaseMillis);
  const lease = link.answeredAt === undefined ? core.lease : renewedByPeer(core.lease, link.answeredAt, length);
  const given = link.gaveAnswerAt !== undefined && link.gaveAnswerAt > core.evidence.peerLeaseGivenAt ? link.gaveAnswerAt : undefined;
  if (lease.peerUntil === core.lease.peerUntil && given === undefined) return told;
  const evidence = given === undefined ? core.evidence : peerLeaseGiven(core.evidence, given);
  return { ...told, core: { ...core, lease, evidence } };
}
