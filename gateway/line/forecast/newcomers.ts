/** Somebody who may come while one waits, and goes first where their turn is before one's own. */
export type Overtaker = {
  /** How many of theirs run or wait. */
  here: number;
  /** How often one more comes, each millisecond, while so many are here (the last: or more). */
  perMs: readonly number[];
  /** How long their generations take: any of these. */
  usedMs: readonly number[];
  /** The virtual time at which their next one starts at the soonest. */
  turn: number;
  weight: number;
};

/** So many come while one waits, at most. */
const mostComings = 128;

const never = Number.POSITIVE_INFINITY;
const first = Number.NEGATIVE_INFINITY;

/** Who comes while one waits, in one future. Times are milliseconds from now. */
export class Newcomers {
  readonly #overtakers: readonly Overtaker[];
  readonly #random: () => number;
  readonly #tag: number;
  /** When the next one of each comes. */
  readonly #next: Float64Array;
  readonly #here: Float64Array;
  readonly #turns: Float64Array;
  #left = mostComings;

  /** @param tag - the virtual time at which oneself starts. */
  constructor(overtakers: readonly Overtaker[], tag: number, random: () => number) {
    this.#overtakers = overtakers;
    this.#random = random;
    this.#tag = tag;
    const count = overtakers.length;
    this.#next = new Float64Array(count);
    this.#here = new Float64Array(count);
    this.#turns = new Float64Array(count);
    for (let index = 0; index < count; index++) {
      this.#here[index] = overtakers[index]?.here ?? 0;
      this.#turns[index] = overtakers[index]?.turn ?? never;
      this.#draw(index, 0);
    }
  }

  /**
   * Who comes next, and before `time`; -1 for nobody. `level` is the virtual time of the latest
   * start.
   */
  before(time: number, level: number): number {
    const next = this.#next;
    for (;;) {
      let found = -1;
      let least = time;
      for (let index = 0; index < next.length; index++) {
        const at = next[index] ?? never;
        if (at < least) [found, least] = [index, at];
      }
      if (found < 0 || this.#left-- <= 0) return -1;
      const turn = this.#turns[found] ?? never;
      // A higher class goes first whenever it comes.
      if (turn !== first) this.#turns[found] = Math.max(turn, level);
      this.#here[found] = (this.#here[found] ?? 0) + 1;
      if ((this.#turns[found] ?? 0) < this.#tag) return found;
      next[found] = never;
    }
  }

  /** How long the one that has come holds its slot. */
  lasts(index: number): number {
    const { usedMs = [], weight = 1 } = this.#overtakers[index] ?? {};
    const ms = usedMs[Math.floor(this.#random() * usedMs.length)] ?? 0;
    this.#turns[index] = (this.#turns[index] ?? 0) + ms / weight;
    this.#draw(index, this.#next[index] ?? never);
    return ms;
  }

  /** One of theirs has ended. */
  ended(index: number, time: number): void {
    this.#here[index] = Math.max(0, (this.#here[index] ?? 0) - 1);
    this.#draw(index, time);
  }

  /** Pauses have no memory: whenever one more or one less is here, the next is drawn anew. */
  #draw(index: number, time: number): void {
    const { perMs = [] } = this.#overtakers[index] ?? {};
    const rate = perMs[Math.min(perMs.length - 1, this.#here[index] ?? 0)] ?? 0;
    const comes = rate > 0 && (this.#turns[index] ?? never) < this.#tag;
    this.#next[index] = comes ? time - Math.log(1 - this.#random()) / rate : never;
  }
}
