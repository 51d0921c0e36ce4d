import type { AgentConfig, Scope } from "../agent-config.ts";
import { type Evaluation, type EvaluationInput, NO_CLIENT, type ScopeChain } from "../evaluation.ts";
import type { LeaseEvent } from "../expression.ts";
import { RELAYED } from "./decided.ts";
import { LeaseEvaluation, SettledEvaluation, sharedPart } from "./settled-evaluation.ts";
import { createEnvironment, run } from "./statements.ts";

/** Chains of one configuration whose results are kept; beyond it they are forgotten and made again. */
const CHAIN_LIMIT = 100_000;

/** Where a chain of scopes that look at nothing leads: by the next scope's id, and what running so far gave. */
interface ChainNode {
  readonly next: Map<number, ChainNode>;
  settled: SettledEvaluation | undefined;
}
interface ChainCache {
  root: ChainNode;
  size: number;
}

const caches = new WeakMap<AgentConfig, ChainCache>();

/**
 * Runs the statements of `chain`, outermost scope first, so that inner scopes override. What the scopes give that are the
 * same for every packet is computed once for each configuration.
 */
export function evaluateScopes(chain: ScopeChain, input: EvaluationInput): Evaluation {
  const cache = cacheOf(input.config);
  let node = cache.root;
  let index = 0;
  for (; index < chain.length && chain[index]!.isStatic; index += 1) node = follow(cache, node, chain[index]!.id);
  const prefix = index === 0 ? undefined : settle(node, chain.slice(0, index), input);
  if (index === chain.length && prefix !== undefined) {
    const variables = input.lease?.variables;
    return variables === undefined || variables.size === 0 ? prefix : new LeaseEvaluation(prefix, variables);
  }
  return runChain(chain.slice(index), input, prefix);
}

/** What the bodies for `event` give, run over the options of `evaluation` (`on commit`, `on release`, `on expiry`). */
export function evaluateHandlers(evaluation: Evaluation, event: LeaseEvent, input: EvaluationInput): Evaluation {
  const env = createEnvironment(input, sharedPart(evaluation)?.environment.options);
  env.vendorOptionSpace = evaluation.vendorOptionSpace;
  env.siteOptionSpace = evaluation.siteOptionSpace;
  if (event === "commit") env.decided = RELAYED;
  for (const [name, value] of evaluation.variables) env.root.set(name, value);
  env.variablesChanged = true;
  for (const handler of evaluation.handlers) if (handler.events.includes(event)) run(handler.body, env);
  return new SettledEvaluation(env);
}

function cacheOf(config: AgentConfig): ChainCache {
  let cache = caches.get(config);
  if (cache === undefined) {
    cache = { root: { next: new Map(), settled: undefined }, size: 0 };
    caches.set(config, cache);
  }
  return cache;
}

function follow(cache: ChainCache, node: ChainNode, id: number): ChainNode {
  let next = node.next.get(id);
  if (next === undefined) {
    if (cache.size >= CHAIN_LIMIT) {
      cache.root.next.clear();
      cache.size = 0;
    }
    next = { next: new Map(), settled: undefined };
    node.next.set(id, next);
    cache.size += 1;
  }
  return next;
}

/** Runs a static prefix without packet, lease or host, so that nothing of this packet can stay in the cache. */
function settle(node: ChainNode, chain: readonly Scope[], input: EvaluationInput): SettledEvaluation {
  node.settled ??= runChain(chain, { ...input, ...NO_CLIENT }, undefined, true);
  return node.settled;
}

function runChain(
  chain: readonly Scope[],
  input: EvaluationInput,
  prefix: SettledEvaluation | undefined,
  reusable = false,
): SettledEvaluation {
  const before = prefix?.environment;
  const env = createEnvironment(input, before?.options);
  if (before !== undefined) {
    env.vendorOptionSpace = before.vendorOptionSpace;
    env.siteOptionSpace = before.siteOptionSpace;
    env.logs.push(...before.logs);
    env.executions.push(...before.executions);
    env.addedClasses.push(...before.addedClasses);
    for (const [event, body] of before.handlers) env.handlers.set(event, body);
  }
  if (!reusable) env.decided = RELAYED;
  for (const scope of chain) run(scope.statements, env);
  return new SettledEvaluation(env, reusable);
}
