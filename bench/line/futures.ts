import type { TimeEstimates } from "../../gateway/line/forecast/time-estimates.ts";
import type { FairQueue } from "../../gateway/line/order/fair-queue.ts";
import { createEntry } from "../../gateway/line/order/line-entry.ts";
import { type Crowd, parts, rateOf } from "./crowd.ts";
import { createGuess, createJobs, createRandom, type Job } from "./load.ts";

/**
 * What somebody knows beyond the line itself, its rules, and how lengths and arrivals are
 * distributed.
 */
export type Knows = { lengths: boolean; arrivals: boolean };

/** The present of a simulated line. */
export type Present = {
  queue: FairQueue;
  estimates: TimeEstimates;
  now: number;
  job: (id: string) => Job;
  /** Who will really come next. */
  coming: readonly Job[];
};

const sumUpTo = (user: number): number =>
  parts.slice(0, user + 1).reduce((sum, part) => sum + part, 1e-9);

type Future = (present: Present, id: string, knows: Knows) => number;

/**
 * Draws futures: how long `id` waits in one that may come, for all that one knows. Milliseconds.
 */
export function createFutures(crowd: Crowd): Future {
  const { capacity, longer, gpu } = crowd;
  const random = createRandom(21);
  const newcomer = createJobs(22);
  const guess = createGuess(23, gpu);
  const perMs = rateOf(crowd) / 1000;
  const longerOf = ({ user }: Job): number => longer[Number(user.slice(5))] ?? 1;
  const pause = (): number => -Math.log(1 - random()) / perMs;

  function someone(at: number): Job {
    const part = random();
    const user = parts.findIndex((_, index) => part < sumUpTo(index));
    return newcomer(`user-${user}`, at, { longer: longer[user] ?? 1, gpu });
  }

  return ({ queue, estimates, now, job, coming }, id, knows) => {
    const ahead = queue.copy();
    const drawn = new Map<string, Job>();
    const ends: { id: string; at: number }[] = [];
    const jobOf = (each: string): Job => drawn.get(each) ?? job(each);
    const lasts = (each: Job, elapsedMs: number): number =>
      knows.lengths && !drawn.has(each.id)
        ? each.serviceMs
        : guess(each, longerOf(each), elapsedMs);
    for (const { request, startedAt } of queue.running.values()) {
      ends.push({ id: request.id, at: startedAt + lasts(job(request.id), now - startedAt) });
    }
    let arrived = 0;
    let next = knows.arrivals ? coming[0] : someone(now + pause());
    for (let time = now; ; ) {
      while (ahead.running.size < capacity) {
        const entry = ahead.next(time);
        if (entry === null) break;
        if (entry.request.id === id) return time - now;
        ahead.start(entry, time, estimates.chargeMs(entry.request));
        ends.push({ id: entry.request.id, at: time + lasts(jobOf(entry.request.id), 0) });
      }
      ends.sort((a, b) => b.at - a.at);
      const end = ends.at(-1);
      if (next !== undefined && next.arrivesAt < (end?.at ?? Number.POSITIVE_INFINITY)) {
        time = next.arrivesAt;
        if (!knows.arrivals) drawn.set(next.id, next);
        ahead.add(createEntry(next, estimates.chargeMs(next)), time);
        next = knows.arrivals ? coming[++arrived] : someone(time + pause());
      } else if (end !== undefined) {
        ends.pop();
        time = end.at;
        ahead.end(end.id, time);
      }
    }
  };
}

/**
 * The promise that is least wrong, by the median of |promised − waited| / waited: in the middle of
 * the half of all futures that lies closest together. Waits under a second do not count there
 * either.
 */
export function bestPromise(waits: number[]): number {
  const counted = waits.filter((wait) => wait >= 1000).sort((a, b) => a - b);
  const half = Math.ceil(counted.length / 2);
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let from = 0; from + half <= counted.length; from++) {
    const [low = 0, high = 0] = [counted[from], counted[from + half - 1]];
    if (high / low < least) [best, least] = [2 / (1 / low + 1 / high), high / low];
  }
  return best;
}
