import type { OpenRouterParts } from "../api/openrouter-parts.ts";
import { GatewayError } from "../errors.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Limits } from "../limits/limits.ts";
import type { Settings } from "../settings/settings-table.ts";
import { modelAt } from "../upstreams/destination.ts";
import type { ModelWords } from "./model-words-of.ts";
import type { ModelsOf } from "./models-of.ts";
import type { Pools } from "./open-pools.ts";

/** What OpenRouter's surface is answered from. */
export function openRouterPartsOf(given: {
  settings: Pick<Settings, "modelId" | "maxContextLength">;
  models: Pick<ModelsOf, "list">;
  words: ModelWords;
  pools: Pick<Pools, "route">;
  upstreams: readonly { readonly name: string }[];
  ledger: Pick<Ledger, "find" | "spent">;
  limits: Limits;
}): OpenRouterParts {
  const { settings, models, words, pools, upstreams, ledger, limits } = given;
  return {
    listing: () => models.list(null),
    said: words.of,
    priceOf: (model) => words.priceOf(model, modelBehind(pools, model)),
    modelId: settings.modelId,
    maxContextLength: settings.maxContextLength,
    providers: upstreams.map(({ name }) => name),
    find: ledger.find,
    spent: (user, since) => ledger.spent(user, since).cost,
    limits: (who) => limits.states(who, Date.now()),
    now: Date.now,
  };
}

/** What the upstream calls it that would serve it now: that name's price is charged. */
function modelBehind(pools: Pick<Pools, "route">, model: string): string {
  try {
    const destination = pools.route(model, null);
    return modelAt(destination, destination.first.upstream) ?? model;
  } catch (error) {
    // It was listed a moment ago and leads nowhere any more.
    if (error instanceof GatewayError) return model;
    throw error;
  }
}
