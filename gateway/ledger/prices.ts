import type { Usage } from "../dialects/usage.ts";
import { costOf, type Price } from "./cost.ts";

/** A generation, as far as its cost depends on it. */
export type PricedGeneration = {
  /** The model's name in the request, and at the upstream. */
  readonly model: string | null;
  readonly upstreamModel: string | null;
  readonly usage: Usage;
  /** Milliseconds of a slot; null if it had none. */
  readonly upstreamMs: number | null;
};

/** What a generation cost, in US dollars; null if its price, or a number with a price, is unknown. */
export type CostOf = (generation: PricedGeneration) => number | null;

export type Prices = {
  /**
   * A price for the name in the request counts before a price for the upstream's name. Null if
   * nobody has set a price.
   */
  priceOf(model: string | null, upstreamModel: string | null): Price | null;
  costOf: CostOf;
};

export type PricesOptions = {
  /** US dollars a token, of a model without a price of its own; null if nobody has set it. */
  readonly pricePerPromptToken: number | null;
  readonly pricePerCompletionToken: number | null;
  /** The model's own price; null or undefined if it has none. */
  readonly priceOfModel: (model: string) => Price | null | undefined;
};

export function createPrices({ priceOfModel, ...options }: PricesOptions): Prices {
  const general = generalPrice(options);
  const priceOf: Prices["priceOf"] = (model, upstreamModel) =>
    priceOfModel(model ?? "") ?? priceOfModel(upstreamModel ?? "") ?? general;
  return {
    priceOf,
    costOf({ model, upstreamModel, usage, upstreamMs }) {
      const price = priceOf(model, upstreamModel);
      return price === null ? null : costOf(price, usage, upstreamMs);
    },
  };
}

/** Null if neither price is set: a made-up price would make the accounts wrong. */
function generalPrice(options: Omit<PricesOptions, "priceOfModel">): Price | null {
  const { pricePerPromptToken: input, pricePerCompletionToken: output } = options;
  if (input === null && output === null) return null;
  return { input: input ?? 0, cached: null, output: output ?? 0, second: 0 };
}
