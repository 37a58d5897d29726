import { Heap } from "../../../line/order/heap.ts";

type SimEvent = { readonly time: number; readonly sequence: number; index: number; act(): void };

const realImmediate = setImmediate;

/**
 * The virtual time of a simulation, in milliseconds, and what is to happen in it. Events happen by
 * their time, then in the order in which they were planned. All promises that an event settles are
 * followed to their end before the next event.
 */
export class SimScheduler {
  readonly #events = new Heap<"index", SimEvent>("index", (a, b) => {
    return a.time === b.time ? a.sequence < b.sequence : a.time < b.time;
  });
  readonly #immediates: (() => void)[] = [];
  #now = 0;
  #sequence = 0;

  /** The true time. No machine knows it. */
  get now(): number {
    return this.#now;
  }

  /** How many events have happened. */
  count = 0;

  /** Plans an event, now at the earliest. The result cancels it. */
  at(time: number, act: () => void): () => void {
    const event = { time: Math.max(time, this.#now), sequence: this.#sequence, index: -1, act };
    this.#sequence += 1;
    this.#events.add(event);
    return () => this.#events.remove(event);
  }

  after(ms: number, act: () => void): () => void {
    return this.at(this.#now + ms, act);
  }

  /** Lets all happen that happens until then. `setImmediate` is that of the simulation meanwhile. */
  async run(until: number): Promise<void> {
    const immediate = (act: (...given: unknown[]) => void, ...given: unknown[]): void => {
      this.#immediates.push(() => act(...given));
    };
    Object.assign(globalThis, { setImmediate: immediate });
    try {
      await this.#settle();
      for (let next = this.#events.first; next !== undefined; next = this.#events.first) {
        if (next.time > until) break;
        this.#events.remove(next);
        this.#now = next.time;
        this.count += 1;
        next.act();
        await this.#settle();
      }
      this.#now = Math.max(this.#now, until);
    } finally {
      Object.assign(globalThis, { setImmediate: realImmediate });
    }
  }

  /** Follows all promises to their end, then runs what was put off to the next turn. */
  async #settle(): Promise<void> {
    for (;;) {
      // A true turn of the event loop comes only when no promise has anything to do any more.
      await new Promise<void>((resolve) => void realImmediate(resolve));
      const due = this.#immediates.splice(0);
      if (due.length === 0) return;
      for (const act of due) act();
    }
  }
}
