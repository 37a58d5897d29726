import type { Entry } from "./entry.ts";
import type { Estimates } from "./estimate.ts";
import type { FairQueue } from "./fair-queue.ts";
import { aheadOf, timeUntilDone } from "./first-place.ts";
import { forecast, type Teller } from "./forecast.ts";
import type { Lane } from "./lane.ts";
import { likelyWait } from "./likely-wait.ts";
import { Overtaking } from "./overtaking.ts";
import { slotEnds } from "./slot-ends.ts";
import type { Place } from "./ticket.ts";

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

  constructor(options: OutlookOptions) {
    this.#options = options;
  }

  /** The place of one that has just come, without looking at all the others. */
  firstPlace(entry: Entry): Place {
    const { queue, estimates, slots } = this.#options;
    const of = queue.waiting.size;
    const { lane, ask } = entry;
    if (lane === null) return { position: of, of, etaSeconds: null };
    const { position, ms } = this.#first(entry, lane);
    if (ms === null || !estimates.known || slots() === 0) return { position, of, etaSeconds: null };
    const isBehindOwn = lane.share.waiting > 1;
    if (estimates.settled) this.#overtaking.promise(ask.id, { ms, position, isBehindOwn });
    const factor = this.#overtaking.factor(isBehindOwn, position);
    return { position, of, etaSeconds: Math.ceil((ms * factor) / 1000) };
  }

  #first(entry: Entry, lane: Lane): { position: number; ms: number | null } {
    const { queue, estimates, now, slots } = this.#options;
    if (queue.isPool && queue.waiting.size <= exactUpTo) {
      let first = { position: queue.waiting.size, ms: null as number | null };
      forecast(queue, slots(), estimates, now(), (id, position, ms) => {
        if (id === entry.ask.id) first = { position, ms };
      });
      return first;
    }
    const { count, ms, entries } = aheadOf(entry, lane, queue.shares.all());
    const position = count + 1;
    if (count > entries.length) return { position, ms: timeUntilDone(this.#remaining(), ms) };
    const running = Array.from(queue.running.values(), ({ ask, startedAt }) =>
      estimates.left(ask, now() - startedAt),
    );
    while (running.length < slots()) running.push(() => 0);
    const ahead = entries.map(({ ask }) => estimates.left(ask, 0));
    return { position, ms: likelyWait(running, ahead) };
  }

  /** The place of everybody. */
  places(tell: Teller): void {
    const { queue, estimates, now, slots } = this.#options;
    const seen = new Set<string>();
    forecast(queue, slots(), estimates, now(), (id, position, startsInMs) => {
      const user = queue.waiting.get(id)?.ask.user ?? "";
      const factor = this.#overtaking.factor(seen.has(user), position);
      seen.add(user);
      tell(id, position, startsInMs === null ? null : startsInMs * factor);
    });
  }

  /** Someone no longer waits; `waitedMs` is null for one who left. */
  ended(id: string, waitedMs: number | null): void {
    this.#overtaking.kept(id, waitedMs);
  }

  /** Milliseconds until a slot comes free; null where that cannot be known. */
  nextFreeMs(): number | null {
    const { estimates, slots } = this.#options;
    const remaining = estimates.known && slots() > 0 ? this.#remaining() : [];
    return remaining.length > 0 ? Math.min(...remaining) : null;
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
