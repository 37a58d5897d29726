import type { Work } from "../../gateway/line/estimate.ts";

/** A generation to be simulated. */
export type Job = {
  id: string;
  user: string;
  model: string;
  weight?: number;
  arrivesAt: number;
  serviceMs: number;
  inputTokens?: number;
  maxTokens?: number;
  work: Work;
};

/** One GPU: tokens a second, read and written. */
const promptRate = 1200;
const outputRate = 45;

/** Pseudo-random numbers in [0, 1) that are the same in every run (mulberry32). */
export function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

type JobSource = (
  user: string,
  arrivesAt: number,
  options?: { model?: string; longer?: number },
) => Job;

/**
 * Makes jobs as people make them: prompts and answers of log-normal lengths (medians 600 and 250
 * tokens), half of them with a bound on the answer, on a GPU whose pace varies by a tenth.
 */
export function createJobs(seed: number): JobSource {
  const random = createRandom(seed);
  const normal = (): number =>
    Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  let serial = 0;
  return (user, arrivesAt, { model = "m", longer = 1 } = {}) => {
    const inputTokens = Math.ceil(600 * Math.exp(0.8 * normal()));
    const wanted = Math.ceil(250 * longer * Math.exp(0.6 * normal()));
    const bound = random() < 0.5 ? 512 * longer : null;
    const outputTokens = bound === null ? wanted : Math.min(wanted, bound);
    const pace = 0.95 + 0.1 * random();
    const promptMs = (inputTokens / promptRate) * 1000 * pace;
    const outputMs = (outputTokens / outputRate) * 1000 * pace;
    return {
      id: `${user}-${serial++}`,
      user,
      model,
      arrivesAt,
      serviceMs: promptMs + outputMs,
      inputTokens,
      ...(bound === null ? {} : { maxTokens: bound }),
      work: { inputTokens, outputTokens, promptMs, outputMs },
    };
  };
}

/** Arrival times at random, so many a second on the average. */
export function poisson(seed: number, perSecond: number, untilMs: number): number[] {
  const random = createRandom(seed);
  const times: number[] = [];
  for (let at = 0; at < untilMs; ) {
    at += (-Math.log(1 - random()) / perSecond) * 1000;
    if (at < untilMs) times.push(at);
  }
  return times;
}
