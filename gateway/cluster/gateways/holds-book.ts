import type { Holds } from "./ports.ts";

/** So long a use is remembered before the written number falls. Milliseconds. */
const rememberedMs = 2_000;

type Uses = { now: number; most: number; mostAt: number };

/**
 * How many slots one gateway holds at each upstream, and how many it may by what the database says of
 * it. A new keeper reads that number if the gateway is silent.
 */
export class HoldsBook {
  readonly #now: () => number;
  readonly #uses = new Map<string, Uses>();
  #written: Record<string, number>;
  /** A write has begun, and nobody knows yet whether it came to its end. */
  #isOpen = false;

  constructor(now: () => number, written: Holds) {
    this.#now = now;
    this.#written = { ...written };
  }

  /** What is written was in use a moment ago, as far as anybody knows. */
  remember(): void {
    for (const [upstream, count] of Object.entries(this.#written)) {
      const uses = this.#of(upstream);
      [uses.most, uses.mostAt] = [Math.max(uses.most, count), this.#now()];
    }
  }

  use(upstream: string, change: 1 | -1): void {
    const uses = this.#of(upstream);
    uses.now += change;
    if (uses.now >= uses.most) [uses.most, uses.mostAt] = [uses.now, this.#now()];
  }

  /** Whether all slots that are held there are within what is written. */
  isCovered(upstream: string): boolean {
    return (this.#uses.get(upstream)?.now ?? 0) <= (this.#written[upstream] ?? 0);
  }

  /** What should be written: the most that was held lately. */
  wished(): Holds {
    const wish: Record<string, number> = {};
    const at = this.#now();
    for (const [upstream, uses] of this.#uses) {
      if (at - uses.mostAt > rememberedMs) [uses.most, uses.mostAt] = [uses.now, at];
      if (uses.most > 0) wish[upstream] = uses.most;
    }
    return wish;
  }

  isWritten(wish: Holds): boolean {
    if (this.#isOpen) return false;
    const names = new Set([...Object.keys(wish), ...Object.keys(this.#written)]);
    return [...names].every((name) => (wish[name] ?? 0) === (this.#written[name] ?? 0));
  }

  /** The database may hold the old numbers or the new ones from now on: the lower ones count. */
  writing(wish: Holds): void {
    this.#isOpen = true;
    for (const [name, count] of Object.entries(this.#written)) {
      this.#written[name] = Math.min(count, wish[name] ?? 0);
    }
  }

  written(wish: Holds): void {
    this.#isOpen = false;
    this.#written = { ...wish };
  }

  #of(upstream: string): Uses {
    const known = this.#uses.get(upstream);
    if (known !== undefined) return known;
    const fresh = { now: 0, most: 0, mostAt: this.#now() };
    this.#uses.set(upstream, fresh);
    return fresh;
  }
}
