/** A user who may send a request while another one waits, and may start before it. */
export type Overtaker = {
  /** How many requests of the user run or wait. */
  here: number;
  /**
   * Arrivals a millisecond, by the number of the user's requests that are here. The last is for
   * that many or more.
   */
  perMs: readonly number[];
  /** How long their requests take: any of these. */
  usedMs: readonly number[];
  /** The earliest virtual time at which their next request starts. */
  turn: number;
  weight: number;
};

/** The most newcomers in one future. */
const mostNewcomers = 128;

const never = Number.POSITIVE_INFINITY;
const first = Number.NEGATIVE_INFINITY;

/** The newcomers while a request waits, in one future. Times are milliseconds from now. */
export class Newcomers {
  readonly #overtakers: readonly Overtaker[];
  readonly #random: () => number;
  readonly #tag: number;
  /** When the next request of each user comes. */
  readonly #next: Float64Array;
  readonly #here: Float64Array;
  readonly #turns: Float64Array;
  #left = mostNewcomers;

  /** @param tag - the virtual time at which the waiting request starts */
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
   * Index of the next user to come before `time` and to start before the waiting request; -1 if
   * there is none. `level`: the virtual time of the latest start.
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
      // A request of a higher class starts first whenever it comes.
      if (turn !== first) this.#turns[found] = Math.max(turn, level);
      this.#here[found] = (this.#here[found] ?? 0) + 1;
      if ((this.#turns[found] ?? 0) < this.#tag) return found;
      next[found] = never;
    }
  }

  /** How long the request that has come holds its slot. */
  lasts(index: number): number {
    const { usedMs = [], weight = 1 } = this.#overtakers[index] ?? {};
    const ms = usedMs[Math.floor(this.#random() * usedMs.length)] ?? 0;
    this.#turns[index] = (this.#turns[index] ?? 0) + ms / weight;
    this.#draw(index, this.#next[index] ?? never);
    return ms;
  }

  /** Call it when a request of this user has ended. */
  ended(index: number, time: number): void {
    this.#here[index] = Math.max(0, (this.#here[index] ?? 0) - 1);
    this.#draw(index, time);
  }

  /** Pauses have no memory, so the next arrival is drawn again whenever `here` changes. */
  #draw(index: number, time: number): void {
    const { perMs = [] } = this.#overtakers[index] ?? {};
    const rate = perMs[Math.min(perMs.length - 1, this.#here[index] ?? 0)] ?? 0;
    const comes = rate > 0 && (this.#turns[index] ?? never) < this.#tag;
    this.#next[index] = comes ? time - Math.log(1 - this.#random()) / rate : never;
  }
}
