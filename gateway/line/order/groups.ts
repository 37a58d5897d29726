import type { Group } from "../gate/group.ts";
import { GroupLanes } from "./group-lanes.ts";
import { isBefore, type Lane } from "./lane.ts";

/**
 * The lanes that may start something, by group. There are few groups as a rule, so a list is faster
 * than a map. But if clients make up model names, there are as many groups as lanes, so each lane
 * knows its group.
 */
export class Groups {
  readonly #agingMs: number;
  readonly #turns: GroupLanes[] = [];
  /**
   * An empty one for the next group. Without it an idle line would make a new one for each request.
   */
  #spare: GroupLanes | null = null;

  constructor(agingMs: number) {
    this.#agingMs = agingMs;
  }

  get size(): number {
    return this.#turns.length;
  }

  has(group: Group): boolean {
    return this.#of(group) !== undefined;
  }

  add(lane: Lane): void {
    let turns = this.#of(lane.group);
    if (turns === undefined) {
      turns = this.#spare ?? new GroupLanes(this.#agingMs);
      this.#spare = null;
      turns.group = lane.group;
      this.#turns.push(turns);
    }
    turns.add(lane);
    lane.turns = turns;
  }

  /** True if it was the last lane of its group. */
  remove(lane: Lane): boolean {
    const { turns } = lane;
    turns?.remove(lane);
    lane.turns = null;
    if (turns?.isEmpty !== true) return false;
    this.#turns.splice(this.#turns.indexOf(turns), 1);
    turns.group = null;
    this.#spare = turns;
    return true;
  }

  /** The next lane among the groups that `may` start something. */
  first(now: number, may: (group: Group) => boolean): Lane | null {
    if (this.#turns.length === 0) return null;
    const open: GroupLanes[] = [];
    let top = Number.NEGATIVE_INFINITY;
    for (const turns of this.#turns) {
      if (!may(turns.group)) continue;
      open.push(turns);
      top = Math.max(top, turns.top);
    }
    let first: Lane | null = null;
    for (const turns of open) {
      const lane = turns.first(top, now);
      if (lane !== null && (first === null || isBefore(lane, first))) first = lane;
    }
    return first;
  }

  #of(group: Group): GroupLanes | undefined {
    for (const turns of this.#turns) if (turns.group === group) return turns;
    return undefined;
  }
}
