import { GatewayError } from "../errors.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Prices } from "../ledger/prices.ts";
import type { Limits } from "../limits/limits.ts";
import { modelAt } from "../upstreams/destination.ts";
import type { KnownModels } from "../upstreams/known-models.ts";
import type { Pools } from "../upstreams/open-pools.ts";
import { shownUpstream } from "../upstreams/shown-upstream.ts";
import type { OpenRouterParts } from "./openrouter-parts.ts";

export type OpenRouterOptions = Pick<OpenRouterParts, "said" | "modelId" | "maxContextLength"> & {
  readonly models: Pick<KnownModels, "list">;
  readonly prices: Pick<Prices, "priceOf">;
  readonly pools: Pick<Pools, "route">;
  readonly upstreams: readonly { readonly name: string }[];
  readonly ledger: Pick<Ledger, "find" | "spent">;
  readonly limits: Pick<Limits, "states">;
};

/** Shown for a model without a price, as the Python original does. Nothing is charged by it. */
const originalPrice = { input: 0.000008, cached: null, output: 0.000008 };

/** What OpenRouter's questions are answered from. */
export function openOpenRouter(options: OpenRouterOptions): OpenRouterParts {
  const { models, prices, pools, upstreams, ledger, limits } = options;
  const { said, modelId, maxContextLength } = options;
  return {
    listing: () => models.list(null),
    said,
    priceOf: (model) => prices.priceOf(model, upstreamModelOf(pools, model)) ?? originalPrice,
    modelId,
    maxContextLength,
    providers: upstreams.map(({ name }) => shownUpstream(name)),
    find: ledger.find,
    spent: async (user, since) => (await ledger.spent(user, since)).cost,
    limits: (who) => limits.states(who, Date.now()),
    now: Date.now,
  };
}

/** The model's name at the upstream that would serve it now: that name's price is charged. */
function upstreamModelOf(pools: Pick<Pools, "route">, model: string): string {
  try {
    const destination = pools.route(model, null);
    return modelAt(destination, destination.first.upstream) ?? model;
  } catch (error) {
    // The model was listed a moment ago, and nothing serves it any more.
    if (error instanceof GatewayError) return model;
    throw error;
  }
}
