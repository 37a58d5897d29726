/** A wait and the range around it, in milliseconds. */
export type WaitRange = { readonly ms: number; readonly lowMs: number; readonly highMs: number };

/** The range as people are told it: whole seconds. */
export type EtaRange = { readonly lowSeconds: number; readonly highSeconds: number };

/** How true the latest ranges were. */
export type Coverage = {
  /** The part of the waits that ended within their first range; null: none has ended. */
  readonly part: number | null;
  readonly count: number;
  /** Of the first estimate, milliseconds. */
  readonly medianErrorMs: number | null;
};

type Promised = {
  readonly ms: number;
  /** Parts of the promised wait: how far below and above it the range goes. */
  readonly below: number;
  readonly above: number;
  /** The first range that was told. */
  readonly told: EtaRange;
};

/** The part of the waits that shall end within their first range. */
const goal = 0.8;
/** How much one wait widens or narrows the next ranges. */
const pace = 0.1;
/** The ranges of the futures are widened or narrowed by so much at most. */
const [leastWidth, mostWidth] = [0.1, 10];
/** Waits without futures (a pool, a long queue): how far their range goes at first. */
const usual = { below: 0.5, above: 0.8 };
/** A range is not narrower than this on each side, milliseconds. */
const leastMs = 250;
/** The coverage is that of so many waits. */
const mostRemembered = 200;

/**
 * The ranges of the waits. The futures of a wait say how far apart its ends are; one width for all
 * then makes four of five waits end within their range. Each wait that ends outside widens it, and
 * each that ends inside narrows it a little (adaptive conformal inference: I. Gibbs, E. Candès,
 * 2021), so that the goal holds whatever the lengths of the requests are.
 */
export class WaitRanges {
  readonly #promised = new Map<string, Promised>();
  #width = 1;
  readonly #hits: boolean[] = [];
  readonly #errors: number[] = [];

  /** Notes the first promise to a request, and says its range. */
  promise(id: string, { ms, lowMs, highMs }: WaitRange): EtaRange {
    const part = Math.max(1, ms);
    const below = Math.max(0, ms - lowMs) / part;
    const above = Math.max(0, highMs - ms) / part;
    const told = this.#around(ms, below, above);
    this.#promised.set(id, { ms, below, above, told });
    return told;
  }

  /** The same for a wait without futures. */
  promiseAlone(id: string, ms: number): EtaRange {
    return this.promise(id, { ms, lowMs: ms * (1 - usual.below), highMs: ms * (1 + usual.above) });
  }

  /** The range around a later promise to the same request; as wide for its length as the first. */
  of(id: string, ms: number): EtaRange {
    const { below, above } = this.#promised.get(id) ?? usual;
    return this.#around(ms, below, above);
  }

  /** The request has started. Says whether its wait was within the first range; null: none was told. */
  kept(id: string, waitedMs: number): boolean | null {
    const promised = this.#promised.get(id);
    this.#promised.delete(id);
    if (promised === undefined) return null;
    const { lowSeconds, highSeconds } = promised.told;
    const isHit = waitedMs >= lowSeconds * 1000 && waitedMs <= highSeconds * 1000;
    const width = this.#width * Math.exp(pace * (isHit ? goal - 1 : goal));
    this.#width = Math.min(mostWidth, Math.max(leastWidth, width));
    this.#hits.push(isHit);
    this.#errors.push(Math.abs(waitedMs - promised.ms));
    if (this.#hits.length > mostRemembered) {
      this.#hits.shift();
      this.#errors.shift();
    }
    return isHit;
  }

  /** The request has left without a start. */
  left(id: string): void {
    this.#promised.delete(id);
  }

  /** How many of the latest waits were within their first range: null of none. */
  coverage(): Coverage {
    const count = this.#hits.length;
    const hits = this.#hits.filter((isHit) => isHit).length;
    const medianErrorMs = this.#errors.toSorted((a, b) => a - b)[count >> 1] ?? null;
    return { part: count === 0 ? null : hits / count, count, medianErrorMs };
  }

  #around(ms: number, below: number, above: number): EtaRange {
    const down = Math.max(leastMs, ms * below * this.#width);
    const up = Math.max(leastMs, ms * above * this.#width);
    return {
      lowSeconds: Math.max(0, Math.floor((ms - down) / 1000)),
      highSeconds: Math.ceil((ms + up) / 1000),
    };
  }
}
