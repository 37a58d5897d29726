import type { TeamRule } from "./gate/teams.ts";
import type { FairQueue } from "./order/fair-queue.ts";

/** What is full: the line, the user's own part of it, or the part of the user's team. */
export type Full = "line" | "user" | "team";

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
  team?: TeamRule,
): Full | null {
  const slotIsFree = queue.running.size < slots;
  const isFull = (most: number | null, waiting: number): boolean =>
    most !== null && waiting >= most && (waiting > 0 || !slotIsFree);
  if (isFull(maxQueue, queue.waiting.size)) return "line";
  if (isFull(maxQueued, queue.shares.of(user)?.waiting ?? 0)) return "user";
  if (team === undefined) return null;
  return isFull(team.maxQueued, queue.waitingOfTeam(team.id)) ? "team" : null;
}
