/** What is counted. Amounts are requests, tokens, milliseconds of an upstream, US dollars. */
export type Metric = "requests" | "tokens" | "upstream" | "cost";

/** What happens at the limit: a 429, or a place behind everyone who is inside their limits. */
export type Mode = "refuse" | "slow";

/** The most of a metric that one user may have in any stretch of `windowMs`. */
export type Limit = {
  readonly metric: Metric;
  /** Milliseconds. */
  readonly windowMs: number;
  readonly max: number;
  readonly mode: Mode;
};

/** Whose limits are asked for; whichever way in named them. */
export type Limited = {
  readonly user: string;
  readonly role: string;
  /** The `limits` object of their entry in users.json, as written. */
  readonly limits: Readonly<Record<string, unknown>> | null;
};

/** What has been, or will have been, used. */
export type Amounts = Readonly<Record<Metric, number>>;

export const metrics: readonly Metric[] = ["requests", "tokens", "upstream", "cost"];

export const nothing: Amounts = Object.freeze({ requests: 0, tokens: 0, upstream: 0, cost: 0 });
