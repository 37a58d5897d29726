import type { Lane } from "../order/lane.ts";
import type { LineEntry } from "../order/line-entry.ts";
import type { Share } from "../order/share.ts";

/** Somebody ahead, with the virtual time at which they start. */
export type Tagged = { entry: LineEntry; tag: number };

/**
 * How many, their estimates together, and the first of them: at most `mostListed`. `tag` is one's
 * own.
 */
export type Ahead = { count: number; ms: number; tag: number; entries: Tagged[] };

/** Of so many it matters how long each may take; of more, only how long they take together. */
const mostListed = 64;

/**
 * Who stands before an entry that has just come. Every waiting request has a start tag: its user's
 * virtual time and the charges of that user's requests before it; the order is that of the tags.
 * One walk over those ahead, and no more, so that a join into a long line stays cheap. Exact but
 * for caps, boxes and aging still to come; the next forecast mends those.
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
 * When slots that come free after `remaining` milliseconds each will have done `work` milliseconds
 * among them: exact for the first in line, and near for the others.
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
