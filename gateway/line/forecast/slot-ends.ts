import type { FairQueue } from "../order/fair-queue.ts";
import type { TimeEstimates } from "./time-estimates.ts";

export type SlotEnd = { id: string; inMs: number };

/**
 * When the slots in use come free, the soonest first. The first of several uncertain ends comes
 * well before any of their expected times. So the k-th of n is taken at the quantile k/(n+1) of the
 * time left, and a single one at the median.
 */
export function slotEnds(queue: FairQueue, estimates: TimeEstimates, now: number): SlotEnd[] {
  const running = Array.from(queue.running.values(), ({ request, startedAt }) => {
    const elapsedMs = now - startedAt;
    const left = estimates.left(request, elapsedMs);
    return { id: request.id, left, middle: left(0.5) };
  });
  running.sort((a, b) => a.middle - b.middle);
  let latest = 0;
  return running.map(({ id, left }, index) => {
    latest = Math.max(latest, left((index + 1) / (running.length + 1)));
    return { id, inMs: latest };
  });
}
