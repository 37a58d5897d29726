import type { Limit } from "./limit.ts";
import { units } from "./refusal.ts";
import type { SlidingWindow } from "./sliding-window.ts";

/**
 * How one limit stands, as GET /limits shows it. Upstream time is in seconds, cost in US dollars.
 */
export type LimitState = {
  metric: string;
  window_seconds: number;
  mode: Limit["mode"];
  limit: number;
  used: number;
  /** Reserved for running requests. */
  reserved: number;
  remaining: number;
  /** The time when the whole limit is free again if nothing more is used. */
  resets_at: string;
  resets_in_seconds: number;
};

export function stateOf(
  limit: Limit,
  window: SlidingWindow,
  now: number,
  wallNow: number,
): LimitState {
  const { field, size, decimals } = units[limit.metric];
  const shown = (amount: number): number => Number((amount / size).toFixed(Math.max(3, decimals)));
  const used = window.used(now);
  const resetMs = window.resetsIn(now);
  return {
    metric: field,
    window_seconds: limit.windowMs / 1_000,
    mode: limit.mode,
    limit: shown(limit.max),
    used: shown(used),
    reserved: shown(window.held),
    remaining: shown(Math.max(0, limit.max - used - window.held)),
    resets_at: new Date(wallNow + resetMs).toISOString(),
    resets_in_seconds: Math.ceil(resetMs / 1_000),
  };
}
