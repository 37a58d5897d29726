import type { Ledger } from "../ledger/ledger.ts";
import { layersForAll } from "../limits/layers-for-all.ts";
import type { LimitFields } from "../limits/limit-fields.ts";
import { createLimits, type Limits } from "../limits/limits.ts";
import type { Settings } from "../settings/settings-table.ts";

/**
 * The limits of everybody, of a role and of a user, over what the ledger remembers.
 * @param listed the options of the middleware `rate_limit`, which turns them on; null: not listed
 */
export function openLimits(
  settings: Settings,
  listed: LimitFields | null,
  { ledger, onTrouble }: { ledger: Ledger; onTrouble: (message: string) => void },
): Limits {
  return createLimits({
    forAll: layersForAll({
      areOn: settings.enableRateLimiting,
      requests: settings.maxRequests,
      tokens: settings.maxTokens,
      tokensPerDay: settings.maxTokensPerDay,
      tokensPerMonth: settings.maxTokensPerMonth,
      upstreamSeconds: settings.maxUpstreamSeconds,
      mode: settings.rateLimitMode,
      defaults: settings.limits.defaults,
      listed,
    }),
    roles: settings.limits.roles,
    windowMs: settings.rateLimitWindowMs,
    history: (user, since) => ledger.windowCounts(user, since, Date.now()),
    onTrouble,
  });
}
