import { createJobs, createRandom, type Gpu, type Job, meanSeconds, poisson } from "./load.ts";
import { type Outcome, simulate } from "./simulate.ts";

/** Eight people who share some slots. `longer`: by how much the answers of each are longer. */
export type Crowd = { gpu: Gpu; capacity: number; longer: readonly number[] };

export const alike: readonly number[] = [1, 1, 1, 1, 1, 1, 1, 1];
/** From calls of tools to long reports. */
export const differing: readonly number[] = [0.3, 2, 0.5, 3, 1, 0.25, 1.5, 4];

/** The part of all requests that each sends: the first sends five times as many as the last. */
export const parts: readonly number[] = alike.map((_, user) => {
  return Math.sqrt((user + 1) / 8) - Math.sqrt(user / 8);
});

/** Requests a second: 95 % of what the slots can serve. */
export function rateOf({ gpu, capacity, longer }: Crowd): number {
  const seconds = longer.map((each, user) => meanSeconds(gpu, each) * (parts[user] ?? 0));
  return (0.95 * capacity) / seconds.reduce((sum, each) => sum + each, 0);
}

export function arrivalsOf(crowd: Crowd, hours: number): Job[] {
  const job = createJobs(3);
  const random = createRandom(4);
  return poisson(5, rateOf(crowd), hours * 3_600_000).map((at) => {
    const user = Math.floor(random() ** 2 * 8);
    return job(`user-${user}`, at, { longer: crowd.longer[user] ?? 1, gpu: crowd.gpu });
  });
}

/** Twelve hours of their requests. `sizes`: whether the line knows the sizes of requests. */
export function crowded(crowd: Crowd, fifo: boolean, sizes = true): Promise<Outcome[]> {
  const { capacity } = crowd;
  const arrivals = arrivalsOf(crowd, 12);
  return simulate({ line: { capacity }, fifo, sizes, arrivals, untilMs: 24 * 3_600_000 });
}
