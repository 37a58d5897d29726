import type { Group } from "../gate/group.ts";
import { Heap } from "./heap.ts";
import { isBefore, type Lane } from "./lane.ts";

type Level = {
  byTurn: Heap<"turnIndex", Lane>;
  byRise: Heap<"riseIndex", Lane>;
  /** How many lanes have this priority of their own, wherever they stand. */
  own: number;
};

/**
 * The lanes of one group that may take a turn, by class, then by virtual time.
 *
 * Waiting raises the head of a lane by one class each `agingMs`, but never above the highest class
 * that anybody waits in on their own account (`top`): so a low class gets its turns in the end, and
 * yet nobody gains on their equals by filling the line early.
 */
export class GroupLanes {
  readonly #agingMs: number;
  /** By class. Never deleted: there are as many as distinct priorities. */
  readonly #levels = new Map<number, Level>();
  #lanes = 0;
  group: Group = null;

  constructor(agingMs: number) {
    this.#agingMs = agingMs;
  }

  /** The highest priority that anybody here has of their own; -Infinity for nobody. */
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

  /** The head is another: what it waited counts from its own arrival. */
  headChanged(lane: Lane): void {
    this.#exit(lane);
    this.#enter(lane, lane.priority);
  }

  /** Before the virtual time of the lane's user changes; then `putBack`. */
  lift(lane: Lane): void {
    this.#level(lane.level).byTurn.remove(lane);
  }

  putBack(lane: Lane): void {
    this.#level(lane.level).byTurn.add(lane);
  }

  /** Whose turn it is at `now`, where `top` is the highest class anybody waits in of their own. */
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
      // At least one: rounding must not leave it where it is, or this would never end.
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
