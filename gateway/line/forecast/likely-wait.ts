import type { TimeLeft } from "./generation-history.ts";
import { Newcomers, type Overtaker } from "./newcomers.ts";
import type { WaitRange } from "./wait-ranges.ts";

/**
 * The number of futures: enough for a median within a few per cent. With many slots or many
 * requests ahead fewer are enough, because their times balance out.
 */
const [mostFutures, leastFutures] = [64, 8];
/**
 * Looks at a slot, in all futures together. Newcomers cost more, because each is one more start.
 */
const [mostLooks, mostLooksWithComers] = [40_000, 5_000];
/** The cost of a start beside the looks, if newcomers are possible. */
const looksAtStart = 3;

/** A request that runs or is ahead. */
export type SlotUse = {
  left: TimeLeft;
  /** Index of its user in `overtakers`, or -1. */
  overtaker: number;
  /** The virtual time at which it starts. Absent if it runs. */
  tag?: number;
};

/** What is known of the requests ahead and of those to come. */
export type Prospect = {
  running: readonly SlotUse[];
  /** In the order of their starts. */
  ahead: readonly SlotUse[];
  overtakers?: readonly Overtaker[];
  /** The virtual time at which the waiting request starts. */
  tag?: number;
};

/**
 * How long a request waits for a slot, in milliseconds. The requests in `ahead` take the slots of
 * `running` as they come free. It is the median over random futures: in each, every request takes
 * the time of a similar one, and newcomers arrive as they usually do. Means would not do, because
 * the first of several uncertain ends comes before any of their means. The random numbers are the
 * same each time, so the same line makes the same promise. O((slots + overtakers) × ahead).
 */
export function likelyWait(prospect: Prospect): number {
  return likelyRange(prospect).ms;
}

/** The same, with the range in which four of five of the futures end. */
export function likelyRange(prospect: Prospect): WaitRange {
  const { running, ahead, overtakers = [] } = prospect;
  const random = createRandom();
  const mayCome = overtakers.length > 0;
  const most = mayCome ? mostLooksWithComers : mostLooks;
  const others = mayCome ? overtakers.length + looksAtStart : 0;
  const looks = (running.length + others) * (ahead.length + 1);
  const futures = Math.max(leastFutures, Math.min(mostFutures, Math.floor(most / looks)));
  const waits = new Float64Array(futures);
  for (let future = 0; future < futures; future++) waits[future] = draw(prospect, random);
  waits.sort();
  const at = (part: number): number => waits[Math.floor(part * (futures - 1))] ?? 0;
  return { ms: waits[futures >> 1] ?? 0, lowMs: at(0.1), highMs: at(0.9) };
}

/** The wait in one random future. */
function draw(
  { running, ahead, overtakers = [], tag = 0 }: Prospect,
  random: () => number,
): number {
  const frees = new Float64Array(running.length);
  const owners = new Int16Array(running.length);
  for (let slot = 0; slot < running.length; slot++) {
    frees[slot] = running[slot]?.left(random()) ?? 0;
    owners[slot] = running[slot]?.overtaker ?? -1;
  }
  const newcomers = new Newcomers(overtakers, tag, random);
  const came: number[] = [];
  let level = Number.NEGATIVE_INFINITY;
  for (let next = 0; ; ) {
    const slot = soonest(frees);
    const time = frees[slot] ?? 0;
    for (let overtaker = newcomers.before(time, level); overtaker >= 0; ) {
      came.push(overtaker, newcomers.lasts(overtaker));
      overtaker = newcomers.before(time, level);
    }
    const owner = owners[slot] ?? -1;
    if (owner >= 0) newcomers.ended(owner, time);
    const [overtaker, ms] = came;
    const turn = ahead[next];
    if (overtaker !== undefined && ms !== undefined) {
      came.splice(0, 2);
      owners[slot] = overtaker;
      frees[slot] = time + ms;
    } else if (turn !== undefined) {
      next++;
      level = turn.tag ?? level;
      owners[slot] = turn.overtaker;
      frees[slot] = time + turn.left(random());
    } else return time;
  }
}

function soonest(frees: Float64Array): number {
  let found = 0;
  for (let slot = 1; slot < frees.length; slot++) {
    if ((frees[slot] ?? 0) < (frees[found] ?? 0)) found = slot;
  }
  return found;
}

/** Numbers in [0, 1), the same in each call (Marsaglia's xorshift, 32 bits). */
function createRandom(): () => number {
  let state = 0x9e3779b9;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 4294967296;
  };
}
