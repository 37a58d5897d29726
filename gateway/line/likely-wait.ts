import type { Left } from "./history.ts";

/**
 * So many futures are drawn: enough for a median within a few per cent, and of many slots fewer do.
 */
const [mostFutures, leastFutures] = [64, 16];
/** Looks at a slot, in all futures together. */
const mostLooks = 40_000;

/**
 * How long one must wait for a slot behind `ahead`, who take the slots in `running` as they come
 * free: the median over futures in which each takes a time at random of those like it. Means alone
 * would not do: the soonest of several uncertain ends is sooner than any by itself. The same
 * numbers are drawn each time, so the same line makes the same promise. Milliseconds; O(slots ×
 * ahead).
 */
export function likelyWait(running: readonly Left[], ahead: readonly Left[]): number {
  const random = createRandom();
  const looks = running.length * (ahead.length + 1);
  const futures = Math.max(leastFutures, Math.min(mostFutures, Math.floor(mostLooks / looks)));
  const waits = new Float64Array(futures);
  const frees = new Float64Array(running.length);
  for (let future = 0; future < futures; future++) {
    for (const [slot, left] of running.entries()) frees[slot] = left(random());
    for (const left of ahead) {
      const slot = soonest(frees);
      frees[slot] = (frees[slot] ?? 0) + left(random());
    }
    waits[future] = frees[soonest(frees)] ?? 0;
  }
  return waits.sort()[futures >> 1] ?? 0;
}

function soonest(frees: Float64Array): number {
  let first = 0;
  for (let slot = 1; slot < frees.length; slot++) {
    if ((frees[slot] ?? 0) < (frees[first] ?? 0)) first = slot;
  }
  return first;
}

/** Numbers in [0, 1), always the same (Marsaglia's xorshift, 32 bits). */
function createRandom(): () => number {
  let state = 0x9e3779b9;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 4294967296;
  };
}
