import type { EtaRange } from "../../gateway/line/forecast/wait-ranges.ts";
import {
  createLine,
  type LineOptions,
  type LinePlace,
  type Slot,
} from "../../gateway/line/line.ts";
import type { Job } from "./load.ts";

/** What became of a job. Milliseconds of simulated time. */
export type Outcome = Job & {
  joinedAt: number;
  startedAt: number;
  endedAt: number;
  firstPlace: number;
  /** What the first place promised; null where nothing was known yet. */
  etaMs: number | null;
  /** The range of that promise, seconds. */
  range: EtaRange | null;
  /** What it was told while it waited, at some of the later arrivals. */
  later: { at: number; etaMs: number }[];
  /** How many others started after it joined and before it started. */
  startsBefore: number;
};

type Promised = [etaMs: number | null, range: EtaRange | null];

export type Plan = {
  line: Omit<LineOptions, "maxQueue" | "now">;
  /** First come, first served: every request is then of the same user. */
  fifo: boolean;
  /** False: the line learns neither lengths nor paces, only how long slots were held. */
  sizes?: boolean;
  arrivals: Job[];
  /** A job that joins when another starts: so a client keeps the same number waiting. */
  refill?: (started: Job, now: number) => Job | null;
  untilMs: number;
};

/** At every so many-th arrival the places of all that wait are looked at. */
const lookEvery = 7;

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Runs the real line on simulated time, event by event. Returns what started, in that order. */
export async function simulate(plan: Plan): Promise<Outcome[]> {
  let now = 0;
  // Its timers run on real time and would tell places that nobody reads.
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
    [etaMs, range]: Promised,
    seen: number,
    slot: Slot,
  ): void => {
    const { firstPlace } = slot;
    const times = {
      joinedAt,
      startedAt: now,
      endedAt: now + job.serviceMs,
      firstPlace,
      etaMs,
      range,
    };
    const later = told.get(job.id) ?? [];
    told.delete(job.id);
    outcomes.push({ ...job, ...times, later, startsBefore: outcomes.length - seen });
    at(now + job.serviceMs, () => slot.release(plan.sizes === false ? {} : job.work));
    const next = plan.refill?.(job, now) ?? null;
    if (next !== null) at(now, () => join(next));
  };
  const told = new Map<string, Outcome["later"]>();
  const look = (): void => {
    for (const { id, state, etaSeconds } of line.list()) {
      if (state !== "waiting" || etaSeconds === null) continue;
      const later = told.get(id) ?? [];
      later.push({ at: now, etaMs: etaSeconds * 1000 });
      told.set(id, later);
    }
  };
  let joins = 0;
  const join = (job: Job): void => {
    if (joins++ % lookEvery === 0) look();
    const { signal } = new AbortController();
    const [joinedAt, seen] = [now, outcomes.length];
    let promised: Promised = [null, null];
    const onPlace = ({ etaSeconds, range }: LinePlace): void => {
      if (promised[0] === null && etaSeconds !== null)
        promised = [etaSeconds * 1000, range ?? null];
    };
    const user = plan.fifo ? "everybody" : job.user;
    const { id, model, weight, inputTokens, maxTokens } = job;
    const sizes = plan.sizes === false ? {} : { inputTokens, maxTokens };
    line
      .join({ id, user, model, weight, ...sizes, signal, onPlace })
      .then((slot) => start(job, joinedAt, promised, seen, slot));
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
