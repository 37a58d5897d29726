import type { FairQueue } from "../order/fair-queue.ts";
import type { Lane } from "../order/lane.ts";
import type { LineEntry, LineRequest } from "../order/line-entry.ts";
import type { LinePlace } from "../ticket.ts";
import { ArrivalHabits } from "./arrival-habits.ts";
import { aheadOf, timeUntilDone } from "./first-place.ts";
import { forecast, type Teller } from "./forecast.ts";
import { likelyRange } from "./likely-wait.ts";
import { Overtaking } from "./overtaking.ts";
import { prospectOf } from "./prospect.ts";
import { slotEnds } from "./slot-ends.ts";
import type { TimeEstimates } from "./time-estimates.ts";
import { type WaitRange, WaitRanges } from "./wait-ranges.ts";

type OutlookOptions = {
  queue: FairQueue;
  estimates: TimeEstimates;
  now: () => number;
  /** The number of slots now; 0 while no request may start. */
  slots: () => number;
};

/**
 * In a pool not every request may use every slot. With so many waiting, the first place still comes
 * from a forecast. With more, it is counted as if every slot were for all, until the next forecast.
 */
const exactUpTo = 200;

/** The Retry-After before there is data. */
const retryGuessSeconds = 5;

/** A first wait; without futures there is no range. */
type FirstWait = Pick<WaitRange, "ms"> & Partial<WaitRange>;

/** Foresees which request starts when. */
export class Outlook {
  readonly #options: OutlookOptions;
  readonly #overtaking = new Overtaking();
  readonly #habits = new ArrivalHabits();
  readonly ranges: WaitRanges = new WaitRanges();

  constructor(options: OutlookOptions) {
    this.#options = options;
  }

  /** The place of a request that has just joined, without a forecast of the whole line. */
  firstPlace(entry: LineEntry): LinePlace {
    const { queue, estimates, slots } = this.#options;
    const of = queue.waiting.size;
    const { lane } = entry;
    if (lane === null) return { position: of, of, etaSeconds: null };
    const { position, wait } = this.#first(entry, lane);
    if (wait === null || !estimates.tells(slots())) return { position, of, etaSeconds: null };
    const longer = this.#longerBy();
    const ms = wait.ms * longer;
    const { id } = entry.request;
    const { lowMs, highMs } = wait;
    const range =
      lowMs === undefined || highMs === undefined
        ? this.ranges.promiseAlone(id, ms)
        : this.ranges.promise(id, { ms, lowMs: lowMs * longer, highMs: highMs * longer });
    return { position, of, etaSeconds: Math.ceil(ms / 1000), range };
  }

  #first(entry: LineEntry, lane: Lane): { position: number; wait: FirstWait | null } {
    const { queue, estimates, now, slots } = this.#options;
    const ahead = aheadOf(entry, lane, queue.shares.all());
    const isBehindOwn = lane.share.waiting > 1;
    let position = ahead.count + 1;
    let alone: number | null = timeUntilDone(this.#remaining(), ahead.ms);
    if (isBehindOwn && estimates.settled) {
      const startedMs = queue.startedMs + ahead.ms;
      this.#overtaking.promise(entry.request.id, { ms: alone, startedMs });
    }
    const hasSessions = lane.share.lanes.some(({ session }) => session !== lane.session);
    if ((queue.isPool || hasSessions) && queue.waiting.size <= exactUpTo) {
      forecast(queue, slots(), estimates, now(), (id, place, startsInMs) => {
        if (id === entry.request.id) [position, alone] = [place, startsInMs];
      });
    } else if (ahead.count === ahead.entries.length) {
      const present = { queue, estimates, now: now(), slots: slots() };
      const others = this.#habits.others(entry.request.user, present.now);
      return { position, wait: likelyRange(prospectOf(present, ahead, others, entry.priority)) };
    }
    const factor = this.#overtaking.factor(isBehindOwn);
    return { position, wait: alone === null ? null : { ms: alone * factor } };
  }

  /** Tells the places of the first `most` requests. */
  places(tell: Teller, most: number): void {
    const { queue, estimates, now, slots } = this.#options;
    const tells = estimates.tells(slots());
    const longerBy = this.#longerBy();
    const seen = new Set<string>();
    forecast(
      queue,
      slots(),
      estimates,
      now(),
      (id, position, startsInMs) => {
        const user = queue.waiting.get(id)?.request.user ?? "";
        const factor = this.#overtaking.factor(seen.has(user));
        seen.add(user);
        tell(id, position, startsInMs === null || !tells ? null : startsInMs * factor * longerBy);
      },
      most,
    );
  }

  /** Call it when a request has joined. */
  joined(entry: LineEntry): void {
    this.#habits.arrived(entry, this.#options.now());
  }

  /** Call it when a request has started. */
  started({ request, chargedMs, joinedAt, startedAt }: LineEntry): void {
    const { queue, slots } = this.#options;
    this.ranges.kept(request.id, startedAt - joinedAt - (request.waitedMs ?? 0));
    this.#overtaking.kept(request.id, queue.startedMs - chargedMs, Math.max(1, slots()));
  }

  /** Call it when a request has left without a start. */
  left({ id, user }: LineRequest): void {
    this.#overtaking.left(id);
    this.ranges.left(id);
    this.#habits.left(user, null, this.#options.now());
  }

  /** Call it when a request has ended. `usedMs`: how long it held its slot. */
  ended({ request }: Pick<LineEntry, "request">, usedMs: number): void {
    this.#habits.left(request.user, usedMs, this.#options.now());
  }

  /** Seconds until a slot comes free; null if unknown. */
  nextFreeSeconds(): number | null {
    const { estimates, slots } = this.#options;
    const remaining = estimates.known && slots() > 0 ? this.#remaining() : [];
    return remaining.length > 0 ? Math.ceil(Math.min(...remaining) / 1000) : null;
  }

  /** Seconds until the line has probably moved: 1 to 60. */
  retryAfterSeconds(): number {
    return Math.min(60, Math.max(1, this.nextFreeSeconds() ?? retryGuessSeconds));
  }

  /**
   * The first requests to end are the short ones. Not so on a single slot: there each one must end
   * before the next.
   */
  #longerBy(): number {
    const { queue, estimates, now } = this.#options;
    if (estimates.settled) return 1;
    const elapsed = Array.from(queue.running.values(), ({ startedAt }) => now() - startedAt);
    const sum = elapsed.reduce((total, each) => total + each, 0);
    return estimates.longerBy(sum - Math.max(0, ...elapsed));
  }

  /**
   * For each slot, when it comes free. If a request waits in a pool, free slots are not for all,
   * and do not count.
   */
  #remaining(): number[] {
    const { queue, estimates, now, slots } = this.#options;
    const ends = slotEnds(queue, estimates, now()).map(({ inMs }) => inMs);
    // Above the capacity the first ends free no slot.
    const above = queue.isPool || slots() === 0 ? 0 : Math.max(0, ends.length - slots());
    const remaining = ends.slice(above);
    if (queue.isPool && queue.waiting.size > 0) return remaining;
    while (remaining.length < slots()) remaining.push(0);
    return remaining;
  }
}
