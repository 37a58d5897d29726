import type { DialectHeaders } from "../dialects/dialect.ts";
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
 * The headers that tell how limits stand, under the names of the client's dialect. Of several
 * limits of one metric the one with the least room is shown.
 * @param wallNow epoch ms, as the client's own clock has it
 */
export function ratelimitHeaders(
  standings: readonly LimitStanding[],
  names: Pick<DialectHeaders, "rateLimit">,
  wallNow: number,
): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const metric of ["requests", "tokens", "upstream", "cost"] as const) {
    const shown = tightest(standings, metric);
    if (shown === null) continue;
    const name = names.rateLimit(metric === "upstream" ? "upstream-seconds" : metric);
    const unit = metric === "upstream" ? 1_000 : 1;
    const max = String(shown.max / unit);
    // Dollars keep their decimals.
    const part = metric === "cost" ? 1e6 : 1;
    const left = Math.floor((shown.remaining / unit) * part) / part;
    const remaining = String(Math.max(0, left));
    headers[name.limit] = max;
    headers[name.remaining] = remaining;
    headers[name.reset] =
      name.resetAs === "duration"
        ? shortDuration(shown.resetMs)
        : `${new Date(wallNow + shown.resetMs).toISOString().slice(0, 19)}Z`;
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
