/** The counted units: requests, tokens, milliseconds of an upstream, US dollars. */
export type Metric = "requests" | "tokens" | "upstream" | "cost";

/** What happens at the limit: a 429, or a place behind all users within their limits. */
export type Mode = "refuse" | "slow";

/** The most of a metric that one user may have in any stretch of `windowMs`. */
export type Limit = {
  readonly metric: Metric;
  /** Milliseconds. */
  readonly windowMs: number;
  readonly max: number;
  readonly mode: Mode;
};

/** The user of a request, as far as limits depend on them. */
export type Limited = {
  readonly user: string;
  readonly role: string;
  /** The `limits` object of their entry in users.json, as written. */
  readonly limits: Readonly<Record<string, unknown>> | null;
  /** The key that speaks for them: its own limits bound all of its people together. */
  readonly behind?: {
    readonly keyId: string;
    readonly limits: Readonly<Record<string, unknown>> | null;
  };
};

/** Used or reserved amounts. */
export type Amounts = Readonly<Record<Metric, number>>;

export const metrics: readonly Metric[] = ["requests", "tokens", "upstream", "cost"];

export const nothing: Amounts = Object.freeze({ requests: 0, tokens: 0, upstream: 0, cost: 0 });
