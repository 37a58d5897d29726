/** The number of observations: few enough to follow a change, enough for a median. */
const usual = 100;

/** The mean of the values, and the mean of their squares. */
export type Moments = { mean: number; ofSquares: number };

/** The most recent observations of one quantity, sorted. */
export class Recent {
  readonly #size: number;
  readonly #values: number[] = [];
  #sorted: Float64Array = new Float64Array(0);
  #mean: number | null = null;
  #most: number | null = null;
  #upToMost: Moments = { mean: 0, ofSquares: 0 };
  #next = 0;
  /** The number of observations that are not in `#sorted` yet. */
  #unseen = 0;

  constructor(size: number = usual) {
    this.#size = size;
  }

  get count(): number {
    return this.#values.length;
  }

  add(value: number): void {
    this.#values[this.#next] = value;
    this.#next = (this.#next + 1) % this.#size;
    this.#unseen++;
  }

  /** Null before there is data. */
  median(): number | null {
    const sorted = this.#view();
    return sorted[sorted.length >> 1] ?? null;
  }

  /**
   * The mean without the outermost 4 % at either end; null before there is data. It is no median,
   * because waits add up: the sum of the medians of skewed times is far below the sum of the times.
   */
  mean(): number | null {
    this.#view();
    return this.#mean;
  }

  /** The moments of the values, each at most `most`; 0 before there is data. */
  upTo(most: number): Moments {
    const sorted = this.#view();
    // Clients send the same bound again and again.
    if (most !== this.#most) {
      this.#most = most;
      const values = sorted.map((value) => Math.min(value, most));
      const ofSquares = average(values.map((value) => value * value)) ?? 0;
      this.#upToMost = { mean: average(values) ?? 0, ofSquares };
    }
    return this.#upToMost;
  }

  /** The values above `least`, sorted. */
  beyond(least: number): Float64Array {
    const sorted = this.#view();
    let from = 0;
    while (from < sorted.length && (sorted[from] ?? 0) <= least) from++;
    return sorted.subarray(from);
  }

  /** Sorts again when a sixteenth has changed: often enough, and off the path of most requests. */
  #view(): Float64Array {
    if (this.#unseen * 16 > this.#sorted.length) {
      this.#sorted = Float64Array.from(this.#values).sort();
      const trim = Math.floor(this.#sorted.length / 25);
      this.#mean = average(this.#sorted.subarray(trim, this.#sorted.length - trim));
      this.#most = null;
      this.#unseen = 0;
    }
    return this.#sorted;
  }
}

function average(values: Float64Array): number | null {
  if (values.length === 0) return null;
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}
