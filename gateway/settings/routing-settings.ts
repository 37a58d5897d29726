/** What kind of server an upstream is; `auto` is learnt from its answers. */
export type UpstreamType =
  | "auto"
  | "openai"
  | "anthropic"
  | "google"
  | "ollama"
  | "llamacpp"
  | "vllm";

/** One server that answers, as configured. */
export type UpstreamSettings = {
  readonly name: string;
  /** Origin and path prefix, without `/v1`, `/v1beta` or a final slash. */
  readonly url: string;
  readonly type: UpstreamType;
  /** The gateway's own key; null where it needs none. */
  readonly key: string | null;
  /** The client's own Authorization goes to it unchanged. */
  readonly passthrough: boolean;
  readonly maxConcurrent: number | "auto";
  /** Its part of what several upstreams of one route take; above 0. */
  readonly weight: number;
  /** Takes nothing new. */
  readonly drain: boolean;
  readonly exclusiveModels: boolean;
  /** Upstreams with the same box share one machine; null: alone. */
  readonly box: string | null;
  /** Paths of PEM files; null: the usual authorities, no certificate of our own. */
  readonly ca: string | null;
  readonly certificate: string | null;
  readonly certificateKey: string | null;
};

/**
 * Where a route leads: an upstream, and what the model is called there (null: as it was asked for).
 */
export type RouteTarget = { readonly upstream: string; readonly model: string | null };

/** A rule from model names to upstreams; the first that matches wins. */
export type RouteSettings = {
  /** A name, or a glob with `*`. */
  readonly model: string;
  /** They share the work. */
  readonly upstreams: readonly RouteTarget[];
  /** Taken in order, where none of those before can serve. */
  readonly fallbacks: readonly RouteTarget[];
};

/** US dollars. */
export type PriceSettings = {
  /** Per token. `cached`: null is as `input`. */
  readonly input: number;
  readonly cached: number | null;
  readonly output: number;
  /** Per second of an upstream's time. */
  readonly second: number;
};

/** What is said of the models whose name matches. */
export type ModelSettings = {
  /** A name, or a glob with `*`. */
  readonly model: string;
  readonly name: string | null;
  readonly description: string | null;
  /** Tokens. */
  readonly contextLength: number | null;
  readonly maxOutput: number | null;
  /**
   * How many generations of it fill its box, or its upstream, alone; null: as many as there are
   * slots.
   */
  readonly maxConcurrent: number | null;
  readonly price: PriceSettings | null;
};

/** Something config.yaml adds to the road. */
export type MiddlewareSettings = {
  /** `auth`, `rate_limit`, `trace`, or the path of a file of one's own. */
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
};

/** Every model behind one address. */
export type RoutingSettings = {
  readonly upstreams: readonly UpstreamSettings[];
  readonly routes: readonly RouteSettings[];
  readonly models: readonly ModelSettings[];
  readonly middlewares: readonly MiddlewareSettings[];
  /**
   * MODEL_ID: the name under which the one model is shown on OpenRouter's surface; null: as the
   * upstream says.
   */
  readonly modelId: string | null;
  /** MAX_CONTEXT_LENGTH, tokens. */
  readonly maxContextLength: number;
  /**
   * PRICE_PER_PROMPT_TOKEN and PRICE_PER_COMPLETION_TOKEN, for models that `models` says nothing
   * of.
   */
  readonly pricePerPromptToken: number;
  readonly pricePerCompletionToken: number;
  /** A conversion that would drop something is refused. */
  readonly strictConversion: boolean;
  /** max_tokens for Anthropic upstreams, where the client's dialect lets it unsaid. */
  readonly defaultMaxTokens: number;
};
