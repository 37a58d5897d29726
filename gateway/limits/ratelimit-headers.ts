import type { Dialect } from "../exchange.ts";
import { shortDuration } from "./duration.ts";
import type { Limit } from "./limit.ts";

/** The state of one limit. */
export type LimitStanding = {
  readonly limit: Limit;
  /** Used and reserved. */
  readonly taken: number;
  /** Time until the whole limit is free again. Milliseconds. */
  readonly resetMs: number;
};

type Shown = { max: number; remaining: number; resetMs: number };

/**
 * The headers that tell how limits stand: OpenAI's (platform.openai.com/docs/guides/rate-limits,
 * times as `6m0s`), or Anthropic's on Messages (docs.claude.com/en/api/rate-limits, times as RFC
 * 3339). Of several limits of one metric the one with the least room is shown. What has no name
 * there (seconds, cost) follows OpenAI's form.
 * @param wallNow epoch ms, as the client's own clock has it
 */
export function ratelimitHeaders(
  standings: readonly LimitStanding[],
  dialect: Dialect,
  wallNow: number,
): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const metric of ["requests", "tokens", "upstream", "cost"] as const) {
    const shown = tightest(standings, metric);
    if (shown === null) continue;
    const isAnthropic = dialect === "messages" && (metric === "requests" || metric === "tokens");
    const name = metric === "upstream" ? "upstream-seconds" : metric;
    const unit = metric === "upstream" ? 1_000 : 1;
    const max = String(shown.max / unit);
    // Dollars keep their decimals.
    const part = metric === "cost" ? 1e6 : 1;
    const left = Math.floor((shown.remaining / unit) * part) / part;
    const remaining = String(Math.max(0, left));
    if (isAnthropic) {
      const reset = `${new Date(wallNow + shown.resetMs).toISOString().slice(0, 19)}Z`;
      headers[`anthropic-ratelimit-${name}-limit`] = max;
      headers[`anthropic-ratelimit-${name}-remaining`] = remaining;
      headers[`anthropic-ratelimit-${name}-reset`] = reset;
    } else {
      headers[`x-ratelimit-limit-${name}`] = max;
      headers[`x-ratelimit-remaining-${name}`] = remaining;
      headers[`x-ratelimit-reset-${name}`] = shortDuration(shown.resetMs);
    }
  }
  return headers;
}

function tightest(standings: readonly LimitStanding[], metric: Limit["metric"]): Shown | null {
  let found: Shown | null = null;
  for (const { limit, taken, resetMs } of standings) {
    if (limit.metric !== metric) continue;
    const remaining = limit.max - taken;
    if (found === null || remaining < found.remaining) {
      found = { max: limit.max, remaining, resetMs };
    }
  }
  return found;
}
