import { mayUseModel } from "../auth/may-use-model.ts";
import { BoundedMap } from "../bounded-map.ts";
import { createPrices, type Prices } from "../ledger/prices.ts";
import type { ModelSettings } from "../settings/read-models.ts";
import type { Settings } from "../settings/settings-table.ts";

/** What the settings say of models: what they cost, how many run at once. */
export type ModelWords = Prices & {
  /** What the first entry says whose name matches; null: none does. */
  of(model: string): ModelSettings | null;
  /** Null where no model has a capacity of its own. */
  readonly modelCapacity: ((model: string) => number | null) | null;
};

/** Clients choose model names; of so many is remembered what is said of them. */
const mostRemembered = 1000;

export function modelWordsOf(settings: Settings): ModelWords {
  const { models } = settings;
  const general = {
    input: settings.pricePerPromptToken,
    cached: null,
    output: settings.pricePerCompletionToken,
    second: 0,
  };
  const remembered = new BoundedMap<ModelSettings | null>(mostRemembered);

  function of(model: string): ModelSettings | null {
    if (models.length === 0) return null;
    let found = remembered.get(model);
    if (found === undefined) {
      found = models.find((one) => mayUseModel([one.model], model)) ?? null;
      remembered.set(model, found);
    }
    return found;
  }

  return {
    of,
    ...createPrices({ general, priceOfModel: (model) => of(model)?.price }),
    modelCapacity: models.some(({ maxConcurrent }) => maxConcurrent !== null)
      ? (model) => of(model)?.maxConcurrent ?? null
      : null,
  };
}
