import type { Amounts, Limit } from "./limit.ts";
import type { SlidingWindow } from "./sliding-window.ts";

/** A limit that has no room for a request, and when it will have. */
export type Excess = {
  readonly limit: Limit;
  readonly used: number;
  readonly held: number;
  readonly need: number;
  /** Milliseconds; null where it never will. */
  readonly waitMs: number | null;
};

/** What is under way will end, nobody knows when; soon, mostly. Milliseconds. */
const underWayMs = 5_000;

/**
 * The limit that is in the way the longest, and one that refuses before one that slows; null where
 * there is room in all. Who asks for more than a whole limit needs the whole of it: clients that
 * always ask for a great many tokens would never get any.
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

function isWorse(one: Excess, other: Excess): boolean {
  if (one.limit.mode !== other.limit.mode) return one.limit.mode === "refuse";
  const never = Number.POSITIVE_INFINITY;
  return (one.waitMs ?? never) > (other.waitMs ?? never);
}
