import type { Identity } from "../auth/identity.ts";
import type { Listed, SaidOfModel } from "../dialects/openrouter-model-facts.ts";
import type { TokenPrice } from "../dialects/openrouter-price.ts";
import type { Ledger } from "../ledger/ledger.ts";
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
  readonly ledger: Pick<Ledger, "find" | "spent">;
  /** How one's own limits stand. */
  limits(who: Identity): readonly LimitState[];
  /** Milliseconds since the epoch. */
  now(): number;
};

/** Who asks, and for what. */
export type OpenRouterAsked = Readonly<{
  identity: Identity;
  query: URLSearchParams;
  /** The model that the path names: `author/slug`, or its own name; `""` where it names none. */
  name: string;
}>;
