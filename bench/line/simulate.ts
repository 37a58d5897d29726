import { createLine, type LineOptions, type Slot } from "../../gateway/line/line.ts";
import type { Job } from "./load.ts";

/** What became of a job. Milliseconds of simulated time. */
export type Outcome = Job & {
  joinedAt: number;
  startedAt: number;
  endedAt: number;
  firstPlace: number;
  /** What the first place promised; null where nothing was known yet. */
  etaMs: number | null;
  /** How many others started after it had come and before it did. */
  startsBefore: number;
};

export type Plan = {
  line: Omit<LineOptions, "maxQueue" | "now">;
  /** First come, first served: to the fair line everybody is then the same user. */
  fifo: boolean;
  arrivals: Job[];
  /** What comes in when a job starts: how a client keeps so many waiting. */
  refill?: (started: Job, now: number) => Job | null;
  untilMs: number;
};

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Runs the real line on simulated time, event by event. Returns what started, in that order. */
export async function simulate(plan: Plan): Promise<Outcome[]> {
  let now = 0;
  // Its timers run on real time and would tell places nobody reads.
  const line = createLine({ ...plan.line, maxQueue: null, now: () => now, placesEveryMs: 1e9 });
  const events: { at: number; run: () => void }[] = [];
  const outcomes: Outcome[] = [];
  const at = (time: number, run: () => void): void => {
    const index = events.findLastIndex((event) => event.at <= time);
    events.splice(index + 1, 0, { at: time, run });
  };
  const start = (
    job: Job,
    joinedAt: number,
    etaMs: number | null,
    seen: number,
    slot: Slot,
  ): void => {
    const { firstPlace } = slot;
    const times = { joinedAt, startedAt: now, endedAt: now + job.serviceMs, firstPlace, etaMs };
    outcomes.push({ ...job, ...times, startsBefore: outcomes.length - seen });
    at(now + job.serviceMs, () => slot.release(job.work));
    const next = plan.refill?.(job, now) ?? null;
    if (next !== null) at(now, () => join(next));
  };
  const join = (job: Job): void => {
    const { signal } = new AbortController();
    const [joinedAt, seen] = [now, outcomes.length];
    let etaMs: number | null = null;
    const onPlace = ({ etaSeconds }: { etaSeconds: number | null }): void => {
      etaMs ??= etaSeconds === null ? null : etaSeconds * 1000;
    };
    const user = plan.fifo ? "everybody" : job.user;
    line
      .join({ ...job, user, signal, onPlace })
      .then((slot) => start(job, joinedAt, etaMs, seen, slot));
  };
  for (const job of plan.arrivals) at(job.arrivesAt, () => join(job));
  for (let event = events.shift(); event !== undefined; event = events.shift()) {
    if (event.at > plan.untilMs) break;
    now = event.at;
    event.run();
    await settled();
  }
  return outcomes;
}
