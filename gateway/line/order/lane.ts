import type { Group } from "../gate/group.ts";
import type { GroupLanes } from "./group-lanes.ts";
import type { LineEntry } from "./line-entry.ts";
import type { Share } from "./share.ts";

/**
 * The waiting requests of one user, one priority and one group, first come, first served. It is a
 * linked list, so a request can leave from the middle in O(1).
 */
export type Lane = {
  readonly share: Share;
  readonly priority: number;
  readonly group: Group;
  /** The class of the head: its priority, raised by waiting. */
  level: number;
  /** When the head rises to the next class. */
  riseAt: number;
  head: LineEntry | null;
  tail: LineEntry | null;
  /** Its indexes in the heaps of group-lanes.ts; -1 if it is in none. */
  turnIndex: number;
  riseIndex: number;
  /** The lanes of its group; null while it stands aside. */
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

/** Whether `a` goes before `b`: by virtual time, then by arrival. */
export function isBefore(a: Lane, b: Lane): boolean {
  const difference = a.share.turn - b.share.turn;
  return difference === 0 ? (a.head?.seq ?? 0) < (b.head?.seq ?? 0) : difference < 0;
}
