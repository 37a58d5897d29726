import { layersForAll } from "./layers-for-all.ts";
import type { Mode } from "./limit.ts";
import type { LimitFields } from "./limit-fields.ts";
import { createLimits, type Limits, type LimitsOptions } from "./limits.ts";

export type OpenLimitsOptions = Pick<LimitsOptions, "history" | "historyOfKey" | "onTrouble"> & {
  /** Turns on the five limits for everybody that follow. */
  readonly enableRateLimiting: boolean;
  readonly maxRequests: number | null;
  readonly maxTokens: number | null;
  readonly maxTokensPerDay: number | null;
  readonly maxTokensPerMonth: number | null;
  readonly maxUpstreamSeconds: number | null;
  readonly rateLimitMode: Mode;
  readonly rateLimitWindowMs: number;
  /** The section `limits` of the config file. */
  readonly limits: {
    readonly defaults: LimitFields;
    readonly roles: Readonly<Record<string, LimitFields>>;
  };
  /** The options of the middleware `rate_limit`, null: not listed. */
  readonly rateLimit: LimitFields | null;
};

/** The limits of everybody, of a role and of a user, over what the ledger remembers. */
export function openLimits(options: OpenLimitsOptions): Limits {
  const { limits, history, historyOfKey, onTrouble } = options;
  return createLimits({
    forAll: layersForAll({
      areOn: options.enableRateLimiting,
      requests: options.maxRequests,
      tokens: options.maxTokens,
      tokensPerDay: options.maxTokensPerDay,
      tokensPerMonth: options.maxTokensPerMonth,
      upstreamSeconds: options.maxUpstreamSeconds,
      mode: options.rateLimitMode,
      defaults: limits.defaults,
      listed: options.rateLimit,
    }),
    roles: limits.roles,
    windowMs: options.rateLimitWindowMs,
    history,
    historyOfKey,
    onTrouble,
  });
}
