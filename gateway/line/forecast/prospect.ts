import type { FairQueue } from "../order/fair-queue.ts";
import type { LineEntry } from "../order/line-entry.ts";
import type { ExpectedUser } from "./arrival-habits.ts";
import type { Ahead } from "./first-place.ts";
import type { Prospect, SlotUse } from "./likely-wait.ts";
import type { Overtaker } from "./newcomers.ts";
import type { TimeEstimates } from "./time-estimates.ts";

type Present = { queue: FairQueue; estimates: TimeEstimates; now: number; slots: number };

/**
 * What is before an entry that has just joined: running requests, requests ahead, and users who may
 * come.
 */
export function prospectOf(
  { queue, estimates, now, slots }: Present,
  ahead: Ahead,
  others: readonly ExpectedUser[],
  priority: number,
): Prospect {
  const overtakers = overtakersOf(queue, ahead, others, priority);
  const overtaker = new Map(overtakers.map(({ user }, index) => [user, index]));
  const turnOf = ({ request, startedAt }: LineEntry, elapsedMs = now - startedAt): SlotUse => ({
    left: estimates.left(request, elapsedMs),
    overtaker: overtaker.get(request.user) ?? -1,
  });
  const running = Array.from(queue.running.values(), (entry) => turnOf(entry));
  while (running.length < slots) running.push({ left: () => 0, overtaker: -1 });
  const inOrder = ahead.entries.toSorted((a, b) => a.tag - b.tag);
  const turns = inOrder.map(({ entry, tag }) => ({ ...turnOf(entry, 0), tag }));
  return { running, ahead: turns, overtakers, tag: ahead.tag };
}

/** The users with a next request that would still start before `ahead.tag`. */
function overtakersOf(
  { shares }: FairQueue,
  { entries, tag }: Ahead,
  others: readonly ExpectedUser[],
  priority: number,
): (Overtaker & ExpectedUser)[] {
  const waitingMs = new Map<string, number>();
  for (const { entry } of entries) {
    const { user } = entry.request;
    waitingMs.set(user, (waitingMs.get(user) ?? 0) + entry.estimateMs / entry.weight);
  }
  const turnOf = (other: ExpectedUser): number => {
    if (other.priority > priority) return Number.NEGATIVE_INFINITY;
    const turn = Math.max(shares.present, shares.of(other.user)?.turn ?? 0);
    return turn + (waitingMs.get(other.user) ?? 0);
  };
  return others
    .filter((other) => other.priority >= priority)
    .map((other) => ({ ...other, turn: turnOf(other) }))
    .filter(({ turn }) => turn < tag);
}
