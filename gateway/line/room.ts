import type { FairQueue } from "./order/fair-queue.ts";

/** What has no room: the line itself, or the user's own part of it. */
export type Full = "line" | "user";

type Bounds = { maxQueue: number | null; maxQueued: number | null };

/**
 * What is in the way of one more request of this user; null for nothing. A line where nobody may
 * wait (`maxQueue` 0) still takes who finds a slot free.
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
