import type { WorkDone } from "../../gateway/line/forecast/time-estimates.ts";

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
  work: WorkDone;
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

type JobOptions = { model?: string; longer?: number };
type JobSource = (user: string, arrivesAt: number, options?: JobOptions) => Job;

/** What lengths are: log-normal, with medians of 600 and 250 tokens. */
function lengths(random: () => number): { input(): number; output(longer: number): number } {
  const normal = (): number =>
    Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return {
    input: () => Math.ceil(600 * Math.exp(0.8 * normal())),
    output: (longer) => Math.ceil(250 * longer * Math.exp(0.6 * normal())),
  };
}

/** The GPU's own pace varies by a tenth. */
function times(
  input: number,
  output: number,
  pace: number,
): { promptMs: number; outputMs: number } {
  const factor = 950 + 100 * pace;
  return { promptMs: (input / promptRate) * factor, outputMs: (output / outputRate) * factor };
}

/**
 * Makes jobs as people make them, half of them with a bound on the answer; `longer` is how much
 * longer the answers are than others'.
 */
export function createJobs(seed: number): JobSource {
  const random = createRandom(seed);
  const draw = lengths(random);
  let serial = 0;
  return (user, arrivesAt, { model = "m", longer = 1 } = {}) => {
    const inputTokens = draw.input();
    const wanted = draw.output(longer);
    const bound = random() < 0.5 ? 512 * longer : null;
    const outputTokens = bound === null ? wanted : Math.min(wanted, bound);
    const { promptMs, outputMs } = times(inputTokens, outputTokens, random());
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

/**
 * How long a job may turn out to take, for one who knows its prompt, its bound and how lengths are
 * distributed, and that it has run for so long. Milliseconds.
 */
export function createGuess(seed: number): (job: Job, longer: number, elapsedMs: number) => number {
  const random = createRandom(seed);
  const draw = lengths(random);
  return ({ inputTokens = 0, maxTokens = Number.POSITIVE_INFINITY }, longer, elapsedMs) => {
    for (let tries = 0; tries < 500; tries++) {
      const output = Math.min(draw.output(longer), maxTokens);
      const { promptMs, outputMs } = times(inputTokens, output, random());
      if (promptMs + outputMs > elapsedMs) return promptMs + outputMs;
    }
    return elapsedMs * 1.05;
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
