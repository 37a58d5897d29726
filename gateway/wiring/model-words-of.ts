import { mayUseModel } from "../auth/may-use-model.ts";
import { BoundedMap } from "../bounded-map.ts";
import type { Served } from "../generation/parts.ts";
import { costOf, type Price } from "../ledger/cost.ts";
import type { ModelSettings } from "../settings/read-models.ts";
import type { Settings } from "../settings/settings-table.ts";

/** What the settings say of models: what they cost, how many run at once. */
export type ModelWords = {
  /** What the first entry says whose name matches; null: none does. */
  of(model: string): ModelSettings | null;
  /**
   * What is said of the name that was asked for counts before what is said of the model behind it.
   */
  priceOf(model: string | null, upstreamModel: string | null): Price;
  /** In US dollars; null where usage is not known. */
  costOf(served: Served): number | null;
  /** Null where no model has a capacity of its own. */
  readonly modelCapacity: ((model: string) => number | null) | null;
};

/** Clients choose model names; of so many is remembered what is said of them. */
const mostRemembered = 1000;

export function modelWordsOf(settings: Settings): ModelWords {
  const { models } = settings;
  const general: Price = {
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

  const priceOf = (model: string | null, upstreamModel: string | null): Price =>
    of(model ?? "")?.price ?? of(upstreamModel ?? "")?.price ?? general;
  return {
    of,
    priceOf,
    costOf({ model, upstreamModel, usage, upstreamMs }) {
      return costOf(priceOf(model, upstreamModel), usage, upstreamMs);
    },
    modelCapacity: models.some(({ maxConcurrent }) => maxConcurrent !== null)
      ? (model) => of(model)?.maxConcurrent ?? null
      : null,
  };
}
