import type { Ledger } from "../ledger/ledger.ts";
import { createLimits, type Limits } from "../limits/limits.ts";
import type { Settings } from "../settings/settings.ts";

/**
 * The limits of everybody, of a role and of a user, over what the ledger remembers.
 * @param listed the options of the middleware `rate_limit`, which turns them on; null: not listed
 */
export function openLimits(
  settings: Settings,
  listed: Readonly<Record<string, unknown>> | null,
  { ledger, onTrouble }: { ledger: Ledger; onTrouble: (message: string) => void },
): Limits {
  return createLimits({
    defaults: {
      ...(settings.enableRateLimiting || listed !== null ? general(settings) : {}),
      ...written(settings),
      ...listed,
    },
    roles: settings.limits.roles,
    windowMs: settings.rateLimitWindowMs,
    history: (user, since) => ledger.windowCounts(user, since, Date.now()),
    onTrouble,
  });
}

function general(settings: Settings): Record<string, unknown> {
  return {
    requests: settings.maxRequests,
    tokens: settings.maxTokens,
    tokens_per_day: settings.maxTokensPerDay,
    tokens_per_month: settings.maxTokensPerMonth,
    upstream_seconds: settings.maxUpstreamSeconds,
  };
}

const written = ({ limits, rateLimitMode: mode }: Settings): Record<string, unknown> => ({
  mode,
  ...limits.defaults,
});
