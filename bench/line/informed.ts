import { Outlook } from "../../gateway/line/forecast/outlook.ts";
import { TimeEstimates } from "../../gateway/line/forecast/time-estimates.ts";
import { FairQueue } from "../../gateway/line/order/fair-queue.ts";
import { createEntry } from "../../gateway/line/order/line-entry.ts";
import { arrivalsOf, type Crowd } from "./crowd.ts";
import { bestPromise, createFutures, type Knows } from "./futures.ts";
import type { Job } from "./load.ts";

/** A wait, and what the line and better informed forecasters promised of it. Milliseconds. */
export type Told = { waitedMs: number; line: number; promised: number[] };

const futures = 100;

/**
 * What each of `forecasters` would have promised, beside the line, at every `every`th wait of a
 * crowd: who knows all the distributions, draws futures, and promises what is least wrong over
 * them. Nobody who does not know the future can do better.
 */
export function informed(crowd: Crowd, forecasters: Knows[], every: number, hours = 12): Told[] {
  const { capacity } = crowd;
  const arrivals = arrivalsOf(crowd, hours);
  const jobs = new Map(arrivals.map((job) => [job.id, job]));
  const queue = new FairQueue({});
  const estimates = new TimeEstimates();
  const future = createFutures(crowd);
  let now = 0;
  const outlook = new Outlook({ queue, estimates, now: () => now, slots: () => capacity });
  const told = new Map<string, Told>();
  const done: Told[] = [];
  const ends: { job: Job; at: number }[] = [];
  let waits = 0;

  function startAll(): void {
    while (queue.running.size < capacity) {
      const entry = queue.next(now);
      if (entry === null) return;
      queue.start(entry, now, estimates.chargeMs(entry.request));
      const { id } = entry.request;
      const job = jobs.get(id);
      if (job !== undefined) ends.push({ job, at: now + job.serviceMs });
      ends.sort((a, b) => b.at - a.at);
      const waitedMs = now - entry.joinedAt;
      outlook.started(entry);
      const wait = told.get(id);
      if (wait !== undefined && waitedMs >= 1000) done.push({ ...wait, waitedMs });
    }
  }

  function join(job: Job, coming: readonly Job[]): void {
    const entry = createEntry(job, estimates.chargeMs(job));
    outlook.joined(entry);
    queue.add(entry, now);
    startAll();
    if (entry.state !== "waiting") return;
    const { etaSeconds } = outlook.firstPlace(entry);
    if (etaSeconds === null || waits++ % every !== 0) return;
    const present = { queue, estimates, now, coming, job: (id: string) => jobs.get(id) ?? job };
    const promised = forecasters.map((knows) => {
      const times = knows.lengths && knows.arrivals ? 1 : futures;
      return bestPromise(Array.from({ length: times }, () => future(present, job.id, knows)));
    });
    told.set(job.id, { waitedMs: 0, line: etaSeconds * 1000, promised });
  }

  for (let next = 0; next < arrivals.length || ends.length > 0; ) {
    const job = arrivals[next];
    const end = ends.at(-1);
    if (job !== undefined && job.arrivesAt < (end?.at ?? Number.POSITIVE_INFINITY)) {
      now = job.arrivesAt;
      join(job, arrivals.slice(++next, next + 2000));
    } else if (end !== undefined) {
      ends.pop();
      now = end.at;
      outlook.ended({ request: end.job }, end.job.serviceMs);
      queue.end(end.job.id, now);
      estimates.observe(end.job, end.job.serviceMs, end.job.work);
      startAll();
    }
  }
  return done;
}
