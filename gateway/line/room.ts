import type { FairQueue } from "./order/fair-queue.ts";

/** What is full: the line, or the user's own part of it. */
export type Full = "line" | "user";

type Bounds = { maxQueue: number | null; maxQueued: number | null };

/**
 * What is too full for one more request of this user; null if nothing is. A line without waiting
 * (`maxQueue` 0) still takes a request if a slot is free.
 */
export function whatIsFull(
  queue: FairQueue,
  user: string,
  slots: number,
  { maxQueue, maxQueued }: Bounds,
): Full | null {
  const slotIsFree = queue.running.size < slots;
  const isFull = (most: number | null, waiting: number): boolean =>
    most !== null && waiting >= most && (waiting > 0 || !slotIsFree);
  if (isFull(maxQueue, queue.waiting.size)) return "line";
  return isFull(maxQueued, queue.shares.of(user)?.waiting ?? 0) ? "user" : null;
}
