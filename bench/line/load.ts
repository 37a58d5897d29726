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

/** A GPU, and how long the prompts are that people send to it. */
export type Gpu = {
  /** Tokens a second that it reads. */
  readRate: number;
  /** Milliseconds for a token that it writes at the beginning of a context. */
  writeMs: number;
  /** Milliseconds more for each token that the context has already. */
  perContextMs: number;
  /** The median length of a prompt in tokens, and the spread of its logarithm. */
  prompt: { median: number; spread: number };
};

/** It writes at one pace, however long the context is. */
export const steadyGpu: Gpu = {
  readRate: 1200,
  writeMs: 1000 / 45,
  perContextMs: 0,
  prompt: { median: 600, spread: 0.8 },
};

/**
 * Its pace falls with the context: a token costs twice as much after 2000 tokens, and four times as
 * much after 6000, as on a llama-server with a small model. Conversations grow long there.
 */
export const fallingGpu: Gpu = {
  readRate: 3000,
  writeMs: 10,
  perContextMs: 0.005,
  prompt: { median: 1500, spread: 1 },
};

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

type JobOptions = { model?: string; longer?: number; gpu?: Gpu };
type JobSource = (user: string, arrivesAt: number, options?: JobOptions) => Job;

type Lengths = { input(gpu: Gpu): number; output(longer: number): number };

/** Lengths are log-normal. The median of an answer is 250 tokens. */
function lengths(random: () => number): Lengths {
  const normal = (): number =>
    Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return {
    input: ({ prompt }) => Math.ceil(prompt.median * Math.exp(prompt.spread * normal())),
    output: (longer) => Math.ceil(250 * longer * Math.exp(0.6 * normal())),
  };
}

/** The GPU's own pace varies by a tenth. */
function times(
  { readRate, writeMs, perContextMs }: Gpu,
  input: number,
  output: number,
  pace: number,
): { promptMs: number; outputMs: number } {
  const factor = 0.95 + 0.1 * pace;
  const tokenMs = writeMs + perContextMs * (input + output / 2);
  return { promptMs: (input / readRate) * 1000 * factor, outputMs: output * tokenMs * factor };
}

/**
 * Makes jobs as people make them, half of them with a bound on the answer; `longer` is how much
 * longer the answers are than others'.
 */
export function createJobs(seed: number): JobSource {
  const random = createRandom(seed);
  const draw = lengths(random);
  let serial = 0;
  return (user, arrivesAt, { model = "m", longer = 1, gpu = steadyGpu } = {}) => {
    const inputTokens = draw.input(gpu);
    const wanted = draw.output(longer);
    const bound = random() < 0.5 ? 512 * longer : null;
    const outputTokens = bound === null ? wanted : Math.min(wanted, bound);
    const { promptMs, outputMs } = times(gpu, inputTokens, outputTokens, random());
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
export function createGuess(
  seed: number,
  gpu: Gpu,
): (job: Job, longer: number, elapsedMs: number) => number {
  const random = createRandom(seed);
  const draw = lengths(random);
  return ({ inputTokens = 0, maxTokens = Number.POSITIVE_INFINITY }, longer, elapsedMs) => {
    for (let tries = 0; tries < 500; tries++) {
      const output = Math.min(draw.output(longer), maxTokens);
      const { promptMs, outputMs } = times(gpu, inputTokens, output, random());
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

/** Seconds that a job takes on the average, for users with these lengths of answers. */
export function meanSeconds(gpu: Gpu, longer: number): number {
  const job = createJobs(31);
  let sum = 0;
  for (let index = 0; index < 5000; index++) sum += job("", 0, { longer, gpu }).serviceMs;
  return sum / 5000 / 1000;
}
