import type { Group } from "../gate/group.ts";
import type { GroupLanes } from "./group-lanes.ts";
import type { LineEntry } from "./line-entry.ts";
import type { Session } from "./sessions.ts";
import type { Share } from "./share.ts";

/**
 * The waiting requests of one user, one priority, one group and one session, first come, first
 * served (but see `append`). It is a linked list, so a request can leave from the middle in O(1).
 */
export type Lane = {
  readonly share: Share;
  readonly priority: number;
  readonly group: Group;
  readonly session: Session;
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

export function createLane(share: Share, priority: number, group: Group, session: Session): Lane {
  return {
    share,
    priority,
    group,
    session,
    level: priority,
    riseAt: 0,
    head: null,
    tail: null,
    turnIndex: -1,
    riseIndex: -1,
    turns: null,
  };
}

/** Requests of one session that came within this time came together. Milliseconds. */
const togetherMs = 1_000;

/**
 * Adds a request at the end. One that is streamed goes before those that are not and came together
 * with it: Open WebUI asks for a chat's title first, and somebody watches the answer itself. What
 * does not say counts as streamed, since with two kinds alone the order does not depend on what has
 * left: a copy of the line adds the requests anew, and must have the same order.
 */
export function append(lane: Lane, entry: LineEntry): void {
  entry.lane = lane;
  let before = lane.tail;
  if (entry.request.streamed !== false) {
    while (before !== null && isAside(before, entry)) before = before.before;
  }
  const after = before === null ? lane.head : before.after;
  entry.before = before;
  entry.after = after;
  if (before === null) lane.head = entry;
  else before.after = entry;
  if (after === null) lane.tail = entry;
  else after.before = entry;
}

const isAside = ({ request, joinedAt }: LineEntry, streamed: LineEntry): boolean =>
  request.streamed === false && streamed.joinedAt - joinedAt < togetherMs;

export function unlink(lane: Lane, entry: LineEntry): void {
  if (entry.before === null) lane.head = entry.after;
  else entry.before.after = entry.after;
  if (entry.after === null) lane.tail = entry.before;
  else entry.after.before = entry.before;
  entry.lane = null;
  entry.before = null;
  entry.after = null;
}

/**
 * Whether `a` goes before `b`: by the user's virtual time, then by the session's, as far as it is
 * above that of the user's next session, then by arrival.
 */
export function isBefore(a: Lane, b: Lane): boolean {
  const users = a.share.turn - b.share.turn;
  if (users !== 0) return users < 0;
  const sessions = aboveNext(a) - aboveNext(b);
  return sessions === 0 ? (a.head?.seq ?? 0) < (b.head?.seq ?? 0) : sessions < 0;
}

const aboveNext = ({ session, share }: Lane): number => session.turn - share.sessions.base;
