/** Charges close to each other, which are kept as one. */
type Bucket = { readonly from: number; last: number; amount: number };

/** Many charges share buckets, one for each hour of a month, or 5 s of an hour. */
const mostBuckets = 720;

/** So few are kept each by itself. */
const fewBuckets = 100;

/**
 * Counts what was used in the last `windowMs`. A charge counts until exactly `windowMs` have
 * passed. If there are many charges, those within 1/720 of the window count as long as the latest
 * of them. So the window never forgets too soon, and its memory is bounded. Times never go back.
 */
export class SlidingWindow {
  readonly windowMs: number;
  /** Reserved by running requests. It does not age. */
  held = 0;
  readonly #grain: number;
  #buckets: Bucket[] = [];
  /** Where the oldest that counts stands. */
  #first = 0;
  #sum = 0;

  constructor(windowMs: number) {
    this.windowMs = windowMs;
    this.#grain = windowMs / mostBuckets;
  }

  /** Times of charges follow each other; one that has already left the window is nothing. */
  add(amount: number, at: number): void {
    if (amount === 0) return;
    const newest = this.#buckets.at(-1);
    const isFew = this.#buckets.length - this.#first < fewBuckets;
    if (newest !== undefined && at - newest.from < (isFew ? 1 : this.#grain)) {
      newest.last = Math.max(newest.last, at);
      newest.amount += amount;
    } else this.#buckets.push({ from: at, last: at, amount });
    this.#sum += amount;
  }

  /** Puts charges before all that are here: what was not known when the window began. */
  precede(charges: readonly { readonly amount: number; readonly at: number }[]): void {
    const later = this.#buckets.slice(this.#first);
    this.#buckets = [];
    this.#first = 0;
    for (const { amount, at } of charges) this.add(amount, at);
    this.#buckets.push(...later);
    this.#sum = this.#buckets.reduce((sum, { amount }) => sum + amount, 0);
  }

  used(now: number): number {
    const buckets = this.#buckets;
    for (let oldest = buckets[this.#first]; oldest !== undefined; oldest = buckets[this.#first]) {
      if (oldest.last + this.windowMs > now) break;
      this.#sum -= oldest.amount;
      this.#first += 1;
    }
    if (this.#first === buckets.length) {
      // Also removes the rounding error of floating point.
      this.#sum = 0;
      this.#buckets = [];
      this.#first = 0;
    } else if (this.#first > mostBuckets) {
      this.#buckets = buckets.slice(this.#first);
      this.#first = 0;
    }
    return this.#sum;
  }

  /** Milliseconds until at most `amount` is used, if nothing is added; null if never. */
  waitUntil(amount: number, now: number): number | null {
    let left = this.used(now);
    if (left <= amount) return 0;
    for (const bucket of this.#buckets.slice(this.#first)) {
      left -= bucket.amount;
      if (left <= amount) return bucket.last + this.windowMs - now;
    }
    return amount >= 0 ? this.resetsIn(now) : null;
  }

  /** Milliseconds until nothing is used, if nothing is added. */
  resetsIn(now: number): number {
    if (this.held > 0) return this.windowMs;
    const newest = this.#buckets.at(-1);
    return newest === undefined ? 0 : Math.max(0, newest.last + this.windowMs - now);
  }
}
