import type { Ask, Entry } from "../order/entry.ts";
import type { FairQueue } from "../order/fair-queue.ts";
import type { Lane } from "../order/lane.ts";
import type { Place } from "../ticket.ts";
import { Comings } from "./comings.ts";
import type { Estimates } from "./estimate.ts";
import { aheadOf, timeUntilDone } from "./first-place.ts";
import { forecast, type Teller } from "./forecast.ts";
import { likelyWait } from "./likely-wait.ts";
import { Overtaking } from "./overtaking.ts";
import { prospectOf } from "./prospect.ts";
import { slotEnds } from "./slot-ends.ts";

type OutlookOptions = {
  queue: FairQueue;
  estimates: Estimates;
  now: () => number;
  /** How many slots there are at present; 0 while nobody may start. */
  slots: () => number;
};

/**
 * In a pool not all slots are for all. Up to so many waiting, the first place is told by looking at
 * each; beyond, as if they were, until the next forecast.
 */
const exactUpTo = 200;

/** What the line expects of itself: who starts when. */
export class Outlook {
  readonly #options: OutlookOptions;
  readonly #overtaking = new Overtaking();
  readonly #comings = new Comings();

  constructor(options: OutlookOptions) {
    this.#options = options;
  }

  /** The place of one that has just come, without looking at all the others. */
  firstPlace(entry: Entry): Place {
    const { queue, estimates, slots } = this.#options;
    const of = queue.waiting.size;
    const { lane } = entry;
    if (lane === null) return { position: of, of, etaSeconds: null };
    const { position, ms } = this.#first(entry, lane);
    if (ms === null || !estimates.tells(slots())) return { position, of, etaSeconds: null };
    return { position, of, etaSeconds: Math.ceil((ms * this.#longerBy()) / 1000) };
  }

  #first(entry: Entry, lane: Lane): { position: number; ms: number | null } {
    const { queue, estimates, now, slots } = this.#options;
    const ahead = aheadOf(entry, lane, queue.shares.all());
    const isBehindOwn = lane.share.waiting > 1;
    let position = ahead.count + 1;
    let alone: number | null = timeUntilDone(this.#remaining(), ahead.ms);
    if (isBehindOwn && estimates.settled) {
      const startedMs = queue.startedMs + ahead.ms;
      this.#overtaking.promise(entry.ask.id, { ms: alone, position, startedMs });
    }
    if (queue.isPool && queue.waiting.size <= exactUpTo) {
      forecast(queue, slots(), estimates, now(), (id, place, startsInMs) => {
        if (id === entry.ask.id) [position, alone] = [place, startsInMs];
      });
    } else if (ahead.count === ahead.entries.length) {
      const present = { queue, estimates, now: now(), slots: slots() };
      const others = this.#comings.others(entry.ask.user, present.now);
      return { position, ms: likelyWait(prospectOf(present, ahead, others, entry.priority)) };
    }
    const factor = this.#overtaking.factor(isBehindOwn, position);
    return { position, ms: alone === null ? null : alone * factor };
  }

  /** The places of the first so many. */
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
        const user = queue.waiting.get(id)?.ask.user ?? "";
        const factor = this.#overtaking.factor(seen.has(user), position);
        seen.add(user);
        tell(id, position, startsInMs === null || !tells ? null : startsInMs * factor * longerBy);
      },
      most,
    );
  }

  /** One more has joined. */
  came(entry: Entry): void {
    this.#comings.came(entry, this.#options.now());
  }

  /** Someone has started. */
  started({ ask, chargedMs }: Entry): void {
    const { queue, slots } = this.#options;
    this.#overtaking.kept(ask.id, queue.startedMs - chargedMs, Math.max(1, slots()));
  }

  /** Someone has left the line without a start. */
  left({ id, user }: Ask): void {
    this.#overtaking.left(id);
    this.#comings.went(user, null, this.#options.now());
  }

  /** Someone has held a slot for so long. */
  ended({ ask }: Pick<Entry, "ask">, usedMs: number): void {
    this.#comings.went(ask.user, usedMs, this.#options.now());
  }

  /** Milliseconds until a slot comes free; null where that cannot be known. */
  nextFreeMs(): number | null {
    const { estimates, slots } = this.#options;
    const remaining = estimates.known && slots() > 0 ? this.#remaining() : [];
    return remaining.length > 0 ? Math.min(...remaining) : null;
  }

  /** At first those that ended are the short ones: but for a single slot, which ends them all. */
  #longerBy(): number {
    const { queue, estimates, now } = this.#options;
    if (estimates.settled) return 1;
    const elapsed = Array.from(queue.running.values(), ({ startedAt }) => now() - startedAt);
    const sum = elapsed.reduce((total, each) => total + each, 0);
    return estimates.longerBy(sum - Math.max(0, ...elapsed));
  }

  /**
   * For each slot, when it comes free. In a pool that has somebody waiting, free ones are not for
   * all.
   */
  #remaining(): number[] {
    const { queue, estimates, now, slots } = this.#options;
    const remaining = slotEnds(queue, estimates, now()).map(({ inMs }) => inMs);
    if (queue.isPool && queue.waiting.size > 0) return remaining;
    while (remaining.length < slots()) remaining.push(0);
    return remaining;
  }
}
