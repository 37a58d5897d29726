import type { Identity } from "../auth/identity.ts";
import type { GenerationRecord } from "../dialects/openrouter/openrouter-generation.ts";
import type { Listed, SaidOfModel } from "../dialects/openrouter/openrouter-model-facts.ts";
import type { TokenPrice } from "../dialects/openrouter/openrouter-price.ts";
import type { LimitState } from "../limits/limits-report.ts";

/** What OpenRouter's questions are answered from. */
export type OpenRouterParts = {
  /** Every model, as `GET /v1/models` lists it for a key without limits on models. */
  listing(): Promise<readonly Listed[]>;
  /** What the settings say of a model; null: nothing. */
  said(model: string): SaidOfModel | null;
  priceOf(model: string): TokenPrice;
  /** MODEL_ID: the name of the only model. */
  readonly modelId: string | null;
  /** MAX_CONTEXT_LENGTH, in tokens, for models of which nothing else is known. */
  readonly maxContextLength: number;
  /** Names of upstreams. */
  readonly providers: readonly string[];
  /** A generation of one user, by our id, the request id, or the upstream's id. */
  find(user: string, id: string): Promise<GenerationRecord | null>;
  /** US dollars that a user spent since then (epoch milliseconds; 0: ever). */
  spent(user: string, since: number): Promise<number>;
  /** The state of a user's limits. */
  limits(who: Identity): Promise<readonly LimitState[]>;
  now(): number;
};

/** A question, and the user who asks it. */
export type OpenRouterQuestion = Readonly<{
  identity: Identity;
  query: URLSearchParams;
  /** The model in the path: `author/slug`, or its name; `""` if there is none. */
  name: string;
}>;
