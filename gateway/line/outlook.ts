import type { Entry } from "./entry.ts";
import type { Estimates } from "./estimate.ts";
import type { FairQueue } from "./fair-queue.ts";
import { aheadOf, timeUntilDone } from "./first-place.ts";
import { forecast, type Teller } from "./forecast.ts";
import { slotEnds } from "./slot-ends.ts";
import type { Place } from "./ticket.ts";

type OutlookOptions = {
  queue: FairQueue;
  estimates: Estimates;
  now: () => number;
  /** How many slots there are at present; 0 while nobody may start. */
  slots: () => number;
};

/** What the line expects of itself: who starts when. */
export class Outlook {
  readonly #options: OutlookOptions;

  constructor(options: OutlookOptions) {
    this.#options = options;
  }

  /** The place of one that has just come, without looking at all the others. */
  firstPlace(entry: Entry): Place {
    const { queue, estimates, slots } = this.#options;
    const of = queue.waiting.size;
    if (entry.lane === null) return { position: of, of, etaSeconds: null };
    const ahead = aheadOf(entry, entry.lane, queue.shares.all());
    const canTell = estimates.known && slots() > 0;
    const startsInMs = canTell ? timeUntilDone(this.#remaining(), ahead.ms) : 0;
    const etaSeconds = canTell ? Math.ceil(startsInMs / 1000) : null;
    return { position: ahead.count + 1, of, etaSeconds };
  }

  /** The place of everybody. */
  places(tell: Teller): void {
    const { queue, estimates, now, slots } = this.#options;
    forecast(queue, slots(), estimates, now(), tell);
  }

  /** Milliseconds until a slot comes free; null where that cannot be known. */
  nextFreeMs(): number | null {
    const { estimates, slots } = this.#options;
    return estimates.known && slots() > 0 ? Math.min(...this.#remaining()) : null;
  }

  /** For each slot, when it comes free. */
  #remaining(): number[] {
    const { queue, estimates, now, slots } = this.#options;
    const remaining = slotEnds(queue, estimates, now()).map(({ inMs }) => inMs);
    while (remaining.length < slots()) remaining.push(0);
    return remaining;
  }
}
