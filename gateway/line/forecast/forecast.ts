import type { FairQueue } from "../order/fair-queue.ts";
import { Heap } from "../order/heap.ts";
import { slotEnds } from "./slot-ends.ts";
import type { TimeEstimates } from "./time-estimates.ts";

type End = { id: string; at: number; index: number };

/** Told once for each waiting id: where it stands, and when it starts, if that can be known. */
export type Teller = (id: string, position: number, startsInMs: number | null) => void;

/**
 * The order in which all that wait will start, and when: the line itself, run ahead on a copy. So
 * the places obey every rule of the line (weights, caps, boxes, aging), with no second account of
 * them. O(n log n), in one pass, which ends with the first `most` that wait.
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
  // A paused line keeps its order, as if it had a slot; a pool counts the slots of its upstreams
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
  // What no rule will ever let start (a cap of 0) still stands somewhere.
  for (const id of ahead.waiting.keys()) if (position < most) tell(id, ++position, null);
}
