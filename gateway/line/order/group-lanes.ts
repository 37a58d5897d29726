import type { Group } from "../gate/group.ts";
import { Heap } from "./heap.ts";
import { isBefore, type Lane } from "./lane.ts";

type Level = {
  byTurn: Heap<"turnIndex", Lane>;
  byRise: Heap<"riseIndex", Lane>;
  /** The number of lanes with this priority of their own, in any class. */
  own: number;
};

/**
 * The lanes of one group that may start something, by class, then by virtual time.
 *
 * Waiting raises the head of a lane by one class each `agingMs`, but never above `top`, the highest
 * class in which a request waits by its own priority. So a low class starts in the end, and yet
 * nobody overtakes users of the same class by filling the line early.
 */
export class GroupLanes {
  readonly #agingMs: number;
  /** By class. None is deleted: there are as many as distinct priorities. */
  readonly #levels = new Map<number, Level>();
  #lanes = 0;
  group: Group = null;

  constructor(agingMs: number) {
    this.#agingMs = agingMs;
  }

  /** The highest priority of all lanes here; -Infinity if there are none. */
  get top(): number {
    let top = Number.NEGATIVE_INFINITY;
    for (const [level, { own }] of this.#levels) if (own > 0 && level > top) top = level;
    return top;
  }

  get isEmpty(): boolean {
    return this.#lanes === 0;
  }

  add(lane: Lane): void {
    this.#lanes++;
    this.#level(lane.priority).own++;
    this.#enter(lane, lane.priority);
  }

  remove(lane: Lane): void {
    this.#lanes--;
    this.#level(lane.priority).own--;
    this.#exit(lane);
  }

  /** Call it when the lane has another head. Its wait counts from its own arrival. */
  headChanged(lane: Lane): void {
    this.#exit(lane);
    this.#enter(lane, lane.priority);
  }

  /** Call it before the virtual time of the user changes, and `putBack` afterwards. */
  lift(lane: Lane): void {
    this.#level(lane.level).byTurn.remove(lane);
  }

  putBack(lane: Lane): void {
    this.#level(lane.level).byTurn.add(lane);
  }

  /**
   * The next lane at `now`. `top`: the highest class in which a request waits by its own priority.
   */
  first(top: number, now: number): Lane | null {
    for (const level of this.#levels.keys()) if (level < top) this.#raise(level, top, now);
    let first: Lane | null = null;
    for (const [level, { byTurn }] of this.#levels) {
      const lane = level < top ? undefined : byTurn.first;
      if (lane !== undefined && (first === null || isBefore(lane, first))) first = lane;
    }
    return first;
  }

  #raise(from: number, top: number, now: number): void {
    const { byRise } = this.#level(from);
    for (let lane = byRise.first; lane !== undefined && lane.riseAt <= now; lane = byRise.first) {
      const waited = now - (lane.head?.joinedAt ?? now);
      this.#exit(lane);
      // At least one class: if rounding left it where it is, this loop would never end.
      const risen = Math.max(from + 1, lane.priority + Math.floor(waited / this.#agingMs));
      this.#enter(lane, Math.min(top, risen));
    }
  }

  #enter(lane: Lane, level: number): void {
    const { byTurn, byRise } = this.#level(level);
    lane.level = level;
    lane.riseAt = (lane.head?.joinedAt ?? 0) + (level + 1 - lane.priority) * this.#agingMs;
    byTurn.add(lane);
    byRise.add(lane);
  }

  #exit(lane: Lane): void {
    const { byTurn, byRise } = this.#level(lane.level);
    byTurn.remove(lane);
    byRise.remove(lane);
  }

  #level(level: number): Level {
    let found = this.#levels.get(level);
    if (found === undefined) {
      const byTurn = new Heap<"turnIndex", Lane>("turnIndex", isBefore);
      const byRise = new Heap<"riseIndex", Lane>("riseIndex", (a, b) => a.riseAt < b.riseAt);
      found = { byTurn, byRise, own: 0 };
      this.#levels.set(level, found);
    }
    return found;
  }
}
