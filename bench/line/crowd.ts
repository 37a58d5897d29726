import { createJobs, createRandom, type Job, poisson } from "./load.ts";
import { type Outcome, simulate } from "./simulate.ts";

/**
 * Eight people who share some slots; `longer` is how much longer each one's answers are than
 * others'.
 */
export type Crowd = { capacity: number; longer: readonly number[] };

export const alike: readonly number[] = [1, 1, 1, 1, 1, 1, 1, 1];
/** From calls of tools to long reports. */
export const differing: readonly number[] = [0.3, 2, 0.5, 3, 1, 0.25, 1.5, 4];

/** Part of all requests that come from each: the first asks five times as often as the last. */
export const parts: readonly number[] = alike.map((_, user) => {
  return Math.sqrt((user + 1) / 8) - Math.sqrt(user / 8);
});

/** Requests a second: 95 % of what the slots can do. */
export function rateOf({ capacity, longer }: Crowd): number {
  const meanLonger = longer.reduce((sum, each, user) => sum + each * (parts[user] ?? 0), 0);
  return (0.95 * capacity) / (0.7 + 6.3 * meanLonger);
}

export function arrivalsOf(crowd: Crowd, hours: number): Job[] {
  const job = createJobs(3);
  const random = createRandom(4);
  return poisson(5, rateOf(crowd), hours * 3_600_000).map((at) => {
    const user = Math.floor(random() ** 2 * 8);
    return job(`user-${user}`, at, { longer: crowd.longer[user] ?? 1 });
  });
}

/** Twelve hours of them. */
export function crowded(crowd: Crowd, fifo: boolean): Promise<Outcome[]> {
  const { capacity } = crowd;
  const arrivals = arrivalsOf(crowd, 12);
  return simulate({ line: { capacity }, fifo, arrivals, untilMs: 24 * 3_600_000 });
}
