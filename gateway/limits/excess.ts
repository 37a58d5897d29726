import type { Amounts, Limit } from "./limit.ts";
import type { SlidingWindow } from "./sliding-window.ts";

/** A limit without room for a request. */
export type Excess = {
  readonly limit: Limit;
  readonly used: number;
  readonly held: number;
  readonly need: number;
  /** Milliseconds until there is room; null if there will never be. */
  readonly waitMs: number | null;
};

/** The assumed time until a running request ends. Milliseconds. */
const underWayMs = 5_000;

/**
 * The limit that blocks a request the longest, with refusing limits before slowing ones. Null if
 * all limits have room. A request larger than the limit itself is let in only when nothing of the
 * limit is used: else a client that always asks for very many tokens would never be served.
 * @param windows in the order of `limits`
 */
export function excessOf(
  limits: readonly Limit[],
  windows: readonly SlidingWindow[],
  needs: Amounts,
  now: number,
): Excess | null {
  let worst: Excess | null = null;
  for (const [index, limit] of limits.entries()) {
    const window = windows[index];
    if (window === undefined) continue;
    const need = needs[limit.metric];
    const used = window.used(now);
    const { held } = window;
    const room = limit.max - Math.min(need, limit.max);
    if (limit.max > 0 && used + held <= room) continue;
    const excess = { limit, used, held, need, waitMs: waitOf(limit, window, room, now) };
    if (worst === null || isWorse(excess, worst)) worst = excess;
  }
  return worst;
}

function waitOf({ max }: Limit, window: SlidingWindow, room: number, now: number): number | null {
  if (max <= 0) return null;
  const { held } = window;
  const without = window.waitUntil(room, now);
  if (held === 0 || without === null) return without;
  const whileHeld = window.waitUntil(room - held, now) ?? underWayMs;
  return Math.max(without, Math.min(whileHeld, underWayMs));
}

/** Whether a request waits for the first one rather than for the other. */
export function isWorse(one: Excess, other: Excess): boolean {
  if (one.limit.mode !== other.limit.mode) return one.limit.mode === "refuse";
  const never = Number.POSITIVE_INFINITY;
  return (one.waitMs ?? never) > (other.waitMs ?? never);
}
