import type { Identity } from "../auth/identity.ts";
import type { GenerationRecord } from "../dialects/openrouter/openrouter-generation.ts";
import type { Listed, SaidOfModel } from "../dialects/openrouter/openrouter-model-facts.ts";
import type { TokenPrice } from "../dialects/openrouter/openrouter-price.ts";
import type { LimitState } from "../limits/limits-report.ts";

/** What OpenRouter's surface is made of. */
export type OpenRouterParts = {
  /** Every model there is, as `GET /v1/models` lists it for a key that may use them all. */
  listing(): Promise<readonly Listed[]>;
  /** What the settings say of a model; null: nothing. */
  said(model: string): SaidOfModel | null;
  priceOf(model: string): TokenPrice;
  /** MODEL_ID: the name of the one model there is. */
  readonly modelId: string | null;
  /** MAX_CONTEXT_LENGTH, in tokens, where nobody says more of a model. */
  readonly maxContextLength: number;
  /** Names of upstreams. */
  readonly providers: readonly string[];
  /** A generation of one user, by our id, the one its client was shown, or the upstream's. */
  find(user: string, id: string): GenerationRecord | null;
  /** US dollars that a user spent since then (epoch milliseconds; 0: ever). */
  spent(user: string, since: number): number;
  /** How one's own limits stand. */
  limits(who: Identity): readonly LimitState[];
  now(): number;
};

/** Who asks, and for what. */
export type OpenRouterAsked = Readonly<{
  identity: Identity;
  query: URLSearchParams;
  /** What stands in the path for a model: `author/slug`, or its name; `""` where nothing does. */
  name: string;
}>;
