import type { Clock } from "./ports.ts";

/** A moment by both clocks of a machine: one stands still while the machine sleeps. */
export type Moment = { readonly now: number; readonly boot: number };

export const momentOf = (clock: Clock): Moment => ({ now: clock.now(), boot: clock.boot() });

/** A right that ends by itself. It counts from before the question that gave it. */
export class Lease {
  readonly #clock: Clock;
  readonly #forMs: number;
  #from: Moment | null = null;

  constructor(clock: Clock, forMs: number) {
    this.#clock = clock;
    this.#forMs = forMs;
  }

  /** @param from - when the question left that was answered */
  extend(from: Moment): void {
    if (this.#from === null || from.now > this.#from.now) this.#from = from;
  }

  end(): void {
    this.#from = null;
  }

  get holds(): boolean {
    return this.#isWithin(this.#forMs);
  }

  /** Whether it was given so recently, and still holds. Milliseconds. */
  isWithin(ms: number): boolean {
    return this.#isWithin(Math.min(ms, this.#forMs));
  }

  #isWithin(ms: number): boolean {
    const from = this.#from;
    if (from === null) return false;
    // The second clock is asked only where the first says yes: it costs a file.
    return this.#clock.now() - from.now < ms && this.#clock.boot() - from.boot < ms;
  }
}
