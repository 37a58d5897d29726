import type { FairQueue } from "../order/fair-queue.ts";
import { Heap } from "../order/heap.ts";
import { slotEnds } from "./slot-ends.ts";
import type { TimeEstimates } from "./time-estimates.ts";

type End = { id: string; at: number; index: number };

/**
 * Called once for each waiting id, with its place and the time until its start (null if unknown).
 */
export type Teller = (id: string, position: number, startsInMs: number | null) => void;

/**
 * Foresees in which order all waiting requests start, and when, by running a copy of the line
 * ahead. So places follow every rule of the line (weights, caps, boxes, aging), and no rule is
 * written twice. One pass, O(n log n), which ends after the first `most` requests.
 */
export function forecast(
  queue: FairQueue,
  capacity: number,
  estimates: TimeEstimates,
  now: number,
  tell: Teller,
  most: number = Number.POSITIVE_INFINITY,
): void {
  const ahead = queue.copy();
  // A paused line keeps its order, as if it had one slot. A pool counts the slots of its upstreams
  // itself.
  const slots = capacity > 0 && queue.isPool ? Number.POSITIVE_INFINITY : Math.max(1, capacity);
  const ends = new Heap<"index", End>("index", (a, b) => a.at < b.at);
  for (const { id, inMs } of slotEnds(queue, estimates, now)) {
    ends.add({ id, at: now + inMs, index: -1 });
  }
  let position = 0;
  let time = now;
  for (;;) {
    while (ends.length < slots && position < most) {
      const entry = ahead.next(time);
      if (entry === null) break;
      const expected = estimates.chargeMs(entry.request);
      ahead.start(entry, time, expected);
      ends.add({ id: entry.request.id, at: time + expected, index: -1 });
      tell(entry.request.id, ++position, estimates.known && capacity > 0 ? time - now : null);
    }
    const end = ends.first;
    if (end === undefined || position >= most) break;
    ends.remove(end);
    time = Math.max(time, end.at);
    ahead.end(end.id, time);
  }
  // A request that no rule ever lets start (a cap of 0) has a place too.
  for (const id of ahead.waiting.keys()) if (position < most) tell(id, ++position, null);
}
