import type { Usage } from "../dialects/usage.ts";

/** What a model costs, in US dollars. */
export type Price = {
  /** Per token of the prompt. */
  readonly input: number;
  /** Per token of the prompt that came from the upstream's cache; null: as `input`. */
  readonly cached: number | null;
  /** Per token of the answer. */
  readonly output: number;
  /** Per second of an upstream's time. */
  readonly second: number;
};

/**
 * What a generation cost, in US dollars; null where a number that has a price is unknown.
 * @param upstreamMs milliseconds of a slot; null for one that had none
 */
export function costOf(price: Price, usage: Usage, upstreamMs: number | null): number | null {
  const { input: perInput, output: perOutput } = price;
  const perCached = price.cached ?? perInput;
  let cost = ((upstreamMs ?? 0) / 1_000) * price.second;
  if (perInput !== 0 || perCached !== 0) {
    if (usage.input === null) return null;
    const cached = Math.min(usage.cached ?? 0, usage.input);
    cost += (usage.input - cached) * perInput + cached * perCached;
  }
  if (perOutput !== 0) {
    if (usage.output === null) return null;
    cost += usage.output * perOutput;
  }
  return cost;
}
