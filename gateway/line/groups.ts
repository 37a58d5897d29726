import type { Group } from "./group.ts";
import { isBefore, type Lane } from "./lane.ts";
import { Turns } from "./turns.ts";

/** The lanes that may take a turn, by group. */
export class Groups {
  readonly #agingMs: number;
  readonly #turns = new Map<Group, Turns>();

  constructor(agingMs: number) {
    this.#agingMs = agingMs;
  }

  get size(): number {
    return this.#turns.size;
  }

  has(group: Group): boolean {
    return this.#turns.has(group);
  }

  add(lane: Lane): void {
    let turns = this.#turns.get(lane.group);
    if (turns === undefined) {
      turns = new Turns(this.#agingMs);
      this.#turns.set(lane.group, turns);
    }
    turns.add(lane);
  }

  /** True when it was the group's last lane. */
  remove(lane: Lane): boolean {
    const turns = this.#turns.get(lane.group);
    turns?.remove(lane);
    return turns?.isEmpty === true && this.#turns.delete(lane.group);
  }

  headChanged(lane: Lane): void {
    this.#turns.get(lane.group)?.headChanged(lane);
  }

  lift(lane: Lane): void {
    this.#turns.get(lane.group)?.lift(lane);
  }

  putBack(lane: Lane): void {
    this.#turns.get(lane.group)?.putBack(lane);
  }

  /** Whose turn it is among the groups that `may` start something. */
  first(now: number, may: (group: Group) => boolean): Lane | null {
    const open: Turns[] = [];
    let top = Number.NEGATIVE_INFINITY;
    for (const [group, turns] of this.#turns) {
      if (!may(group)) continue;
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
}
