import type { Lane } from "../order/lane.ts";
import type { LineEntry } from "../order/line-entry.ts";
import type { Share } from "../order/share.ts";

/** A request ahead, with the virtual time of its start. */
export type Tagged = { entry: LineEntry; tag: number };

/**
 * The requests ahead of one: their number, the sum of their estimates, and the first `mostListed`
 * of them. `tag`: the virtual time at which the request itself starts.
 */
export type Ahead = { count: number; ms: number; tag: number; entries: Tagged[] };

/** Up to so many, the time of each matters. Of more, only their sum. */
const mostListed = 64;

/**
 * Finds the requests ahead of an entry that has just joined. Every waiting request has a start tag:
 * the virtual time of its user plus the charges of that user's requests before it. The order is
 * that of the tags. It is one walk over the requests ahead, so joining a long line stays cheap. It
 * ignores caps, boxes and later aging; the next forecast corrects that.
 */
export function aheadOf(entry: LineEntry, lane: Lane, shares: Iterable<Share>): Ahead {
  const ahead: Ahead = { count: 0, ms: 0, tag: 0, entries: [] };
  let tag = lane.share.turn;
  for (const own of lane.share.lanes) {
    if (own.level < lane.level) continue;
    for (let each = own.head; each !== null; each = each.after) {
      if (each === entry) continue;
      count(ahead, each, tag);
      tag += each.estimateMs / each.weight;
    }
  }
  ahead.tag = tag;
  for (const share of shares) {
    if (share === lane.share) continue;
    for (const other of share.lanes) {
      if (other.level < lane.level) continue;
      let theirs = other.level > lane.level ? Number.NEGATIVE_INFINITY : share.turn;
      for (let each = other.head; each !== null && theirs <= tag; each = each.after) {
        count(ahead, each, theirs);
        theirs += each.estimateMs / each.weight;
      }
    }
  }
  return ahead;
}

function count(ahead: Ahead, entry: LineEntry, tag: number): void {
  ahead.count++;
  ahead.ms += entry.estimateMs;
  if (ahead.count <= mostListed) ahead.entries.push({ entry, tag });
}

/**
 * When slots that come free after `remaining` milliseconds each have done `work` milliseconds
 * together. Exact for the first request in line, approximate for the others.
 */
export function timeUntilDone(remaining: number[], work: number): number {
  const byTime = remaining.toSorted((a, b) => a - b);
  let sum = 0;
  let slots = 0;
  for (const [index, free] of byTime.entries()) {
    sum += free;
    slots = index + 1;
    const done = (work + sum) / slots;
    if (done <= (byTime[slots] ?? Number.POSITIVE_INFINITY)) return done;
  }
  return slots === 0 ? work : (work + sum) / slots;
}
