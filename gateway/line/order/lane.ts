import type { Group } from "../gate/group.ts";
import type { GroupLanes } from "./group-lanes.ts";
import type { LineEntry } from "./line-entry.ts";
import type { Share } from "./share.ts";

/**
 * Requests of one user, one priority and one group, first come, first served. A linked
 * list, so that whoever leaves from the middle leaves in O(1).
 */
export type Lane = {
  readonly share: Share;
  readonly priority: number;
  readonly group: Group;
  /** The class the head stands in: its priority, raised by waiting. */
  level: number;
  /** When the head rises to the next class. */
  riseAt: number;
  head: LineEntry | null;
  tail: LineEntry | null;
  /** Where the lane stands in the heaps of turns.ts; -1 for nowhere. */
  turnIndex: number;
  riseIndex: number;
  /** Those it takes its turn among; null while it stands aside. */
  turns: GroupLanes | null;
};

export function createLane(share: Share, priority: number, group: Group): Lane {
  return {
    share,
    priority,
    group,
    level: priority,
    riseAt: 0,
    head: null,
    tail: null,
    turnIndex: -1,
    riseIndex: -1,
    turns: null,
  };
}

export function append(lane: Lane, entry: LineEntry): void {
  entry.lane = lane;
  entry.before = lane.tail;
  if (lane.tail === null) lane.head = entry;
  else lane.tail.after = entry;
  lane.tail = entry;
}

export function unlink(lane: Lane, entry: LineEntry): void {
  if (entry.before === null) lane.head = entry.after;
  else entry.before.after = entry.after;
  if (entry.after === null) lane.tail = entry.before;
  else entry.after.before = entry.before;
  entry.lane = null;
  entry.before = null;
  entry.after = null;
}

/** Whose turn comes first: the least virtual time, then the first to come. */
export function isBefore(a: Lane, b: Lane): boolean {
  const difference = a.share.turn - b.share.turn;
  return difference === 0 ? (a.head?.seq ?? 0) < (b.head?.seq ?? 0) : difference < 0;
}
