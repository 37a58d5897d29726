import { createJobs, createRandom, type Job, poisson } from "./load.ts";
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

type VisitOptions = { capacity?: number; everyMs?: number };

/** One user keeps 50 requests waiting; another comes now and then with a single one. */
export async function visited(fifo: boolean, options: VisitOptions = {}): Promise<Outcome[]> {
  const { capacity = 1, everyMs = 600_000 } = options;
  const job = createJobs(1);
  const arrivals = Array.from({ length: 50 + capacity }, () => job("agent", 0));
  for (let at = everyMs; at <= 400 * 60_000; at += everyMs) arrivals.push(job("visitor", at));
  return simulate({
    line: { capacity },
    fifo,
    arrivals,
    refill: (started, now) => (started.user === "agent" ? job("agent", now) : null),
    untilMs: 8 * hourMs,
  });
}

/** What became of the single ones. */
export async function visits(fifo: boolean): Promise<Outcome[]> {
  return (await visited(fifo)).filter(({ user }) => user === "visitor");
}

/** Each user keeps 20 waiting; the later ones ask for longer answers. */
export function backlogged(fifo: boolean, weights: number[], capacity = 4): Promise<Outcome[]> {
  const job = createJobs(2);
  const of = (index: number, at: number): Job => {
    const weight = weights[index] ?? 1;
    return { ...job(`${index}`, at, { longer: 1 + index / 2 }), weight };
  };
  return simulate({
    line: { capacity },
    fifo,
    arrivals: weights.flatMap((_, index) => Array.from({ length: 24 }, () => of(index, 0))),
    refill: ({ user }, now) => of(Number(user), now),
    untilMs: backlogMs,
  });
}

/** Milliseconds that each user with a backlog has had. */
export async function backlogs(fifo: boolean, weights: number[]): Promise<number[]> {
  const used = weights.map(() => 0);
  for (const { user, startedAt, endedAt } of await backlogged(fifo, weights)) {
    used[Number(user)] = (used[Number(user)] ?? 0) + Math.min(endedAt, backlogMs) - startedAt;
  }
  return used;
}

/**
 * |promised − waited| / waited, for each who was promised anything. Waits under a second are left
 * out: promises are seconds.
 */
export function errors(outcomes: Outcome[]): number[] {
  return outcomes
    .filter(({ etaMs, firstPlace }) => etaMs !== null && firstPlace > 0)
    .map(({ etaMs, joinedAt, startedAt }) => ({ eta: etaMs ?? 0, waited: startedAt - joinedAt }))
    .filter(({ waited }) => waited >= 1000)
    .map(({ eta, waited }) => Math.abs(eta - waited) / waited);
}

/**
 * Two models in one box that holds one of them: how often it loads one, and would in arrival order.
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
