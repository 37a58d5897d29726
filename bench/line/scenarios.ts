import { createJobs, createRandom, type Gpu, type Job, poisson, steadyGpu } from "./load.ts";
import { type Outcome, simulate } from "./simulate.ts";

const hourMs = 3_600_000;
const backlogMs = 6 * hourMs;

export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}

/** 1 where all have the same, 1/n where one has everything (Jain, Chiu, Hawe 1984). */
export function jainIndex(shares: number[]): number {
  const sum = shares.reduce((total, share) => total + share, 0);
  const squares = shares.reduce((total, share) => total + share * share, 0);
  return (sum * sum) / (shares.length * squares);
}

/** The GPU, its slots, and whether the line knows the sizes of requests. */
type Setup = { gpu?: Gpu; capacity?: number; sizes?: boolean };
type VisitOptions = Setup & { everyMs?: number };

/** One user keeps 50 requests waiting. Another sends a single one now and then. */
export async function visited(fifo: boolean, options: VisitOptions = {}): Promise<Outcome[]> {
  const { gpu = steadyGpu, capacity = 1, everyMs = 600_000, sizes = true } = options;
  const create = createJobs(1);
  const job = (user: string, at: number): Job => create(user, at, { gpu });
  const arrivals = Array.from({ length: 50 + capacity }, () => job("agent", 0));
  for (let at = everyMs; at <= 400 * 60_000; at += everyMs) arrivals.push(job("visitor", at));
  return simulate({
    line: { capacity },
    fifo,
    sizes,
    arrivals,
    refill: (started, now) => (started.user === "agent" ? job("agent", now) : null),
    untilMs: 8 * hourMs,
  });
}

/** The outcomes of the single requests. */
export async function visits(fifo: boolean): Promise<Outcome[]> {
  return (await visited(fifo)).filter(({ user }) => user === "visitor");
}

/** Each user keeps 20 waiting. Each asks for longer answers than the user before. */
export function backlogged(
  fifo: boolean,
  weights: number[],
  { capacity = 4, gpu = steadyGpu, sizes = true }: Setup = {},
): Promise<Outcome[]> {
  const job = createJobs(2);
  const of = (index: number, at: number): Job => {
    const weight = weights[index] ?? 1;
    return { ...job(`${index}`, at, { longer: 1 + index / 2, gpu }), weight };
  };
  return simulate({
    line: { capacity },
    fifo,
    sizes,
    arrivals: weights.flatMap((_, index) => Array.from({ length: 24 }, () => of(index, 0))),
    refill: ({ user }, now) => of(Number(user), now),
    untilMs: backlogMs,
  });
}

/** Milliseconds of slots that each user with a backlog got. */
export async function backlogs(fifo: boolean, weights: number[]): Promise<number[]> {
  const used = weights.map(() => 0);
  for (const { user, startedAt, endedAt } of await backlogged(fifo, weights)) {
    used[Number(user)] = (used[Number(user)] ?? 0) + Math.min(endedAt, backlogMs) - startedAt;
  }
  return used;
}

/**
 * |promised − waited| / waited of each first promise. Waits under a second are left out, because
 * promises are whole seconds.
 */
export function errors(outcomes: Outcome[]): number[] {
  return outcomes
    .filter(({ firstPlace }) => firstPlace > 0)
    .flatMap(({ etaMs, joinedAt, startedAt }) =>
      etaMs === null ? [] : errorOf(etaMs, startedAt - joinedAt),
    );
}

/** The same of the promises that were made later, while a request waited. */
export function laterErrors(outcomes: Outcome[]): number[] {
  return outcomes.flatMap(({ later, joinedAt, startedAt }) =>
    later
      .filter(({ at }) => at > joinedAt)
      .flatMap(({ at, etaMs }) => errorOf(etaMs, startedAt - at)),
  );
}

function errorOf(promisedMs: number, waitedMs: number): number[] {
  return waitedMs < 1000 ? [] : [Math.abs(promisedMs - waitedMs) / waitedMs];
}

/**
 * Two models in one box that holds one of them: how often the line loads a model, and how often it
 * would in the order of arrival.
 */
export async function loads(): Promise<{ fair: number; fifo: number }> {
  const job = createJobs(6);
  const random = createRandom(7);
  const arrivals = poisson(8, 0.14, 4 * hourMs).map((at, index) =>
    job(`user-${index % 6}`, at, { model: random() < 0.5 ? "small" : "large" }),
  );
  const line = { capacity: 1, exclusiveModels: true };
  const started = await simulate({ line, fifo: false, arrivals, untilMs: 24 * hourMs });
  const changes = (jobs: Job[]): number =>
    jobs.filter(({ model }, index) => model !== jobs[index - 1]?.model).length;
  return { fair: changes(started), fifo: changes(arrivals) };
}

/** The part of the first ranges in which the wait ended; of those that waited at all. */
export function covered(outcomes: Outcome[]): number {
  const told = outcomes.flatMap(({ range, joinedAt, startedAt, firstPlace }) => {
    if (range === null || firstPlace === 0) return [];
    const waited = (startedAt - joinedAt) / 1000;
    return [waited >= range.lowSeconds && waited <= range.highSeconds];
  });
  return told.filter((isHit) => isHit).length / told.length;
}
