import type { Ledger } from "../ledger/ledger.ts";
import type { Limits } from "../limits/limits.ts";
import type { OpenRouterParts } from "../road/openrouter-parts.ts";
import type { Settings } from "../settings/settings.ts";
import type { ModelWords } from "./model-words-of.ts";
import type { ModelsOf } from "./models-of.ts";

/** What OpenRouter's surface is answered from. */
export function openRouterPartsOf(given: {
  settings: Pick<Settings, "modelId" | "maxContextLength">;
  models: Pick<ModelsOf, "list">;
  words: ModelWords;
  upstreams: readonly { readonly name: string }[];
  ledger: Pick<Ledger, "find" | "spent">;
  limits: Limits;
}): OpenRouterParts {
  const { settings, models, words, upstreams, ledger, limits } = given;
  return {
    listing: () => models.list(null),
    said: words.of,
    priceOf: words.priceOf,
    modelId: settings.modelId,
    maxContextLength: settings.maxContextLength,
    providers: upstreams.map(({ name }) => name),
    find: ledger.find,
    spent: (user, since) => ledger.spent(user, since).cost,
    limits: (who) => limits.states(who, Date.now()),
    now: Date.now,
  };
}
