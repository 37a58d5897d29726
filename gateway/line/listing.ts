import type { FairQueue } from "./order/fair-queue.ts";
import type { LineEntry } from "./order/line-entry.ts";
import type { LinePlace, ListedRequest, WaitsFor } from "./ticket.ts";

export type ListingOptions = {
  placeOf(id: string): LinePlace | undefined;
  waitsFor(entry: LineEntry): WaitsFor;
  /** When the line's own clock was 0, in milliseconds since 1970. */
  epoch: number;
};

/**
 * The running requests, then the waiting ones in the order in which they will start, with what is
 * ahead of each.
 */
export function listing(queue: FairQueue, options: ListingOptions): ListedRequest[] {
  const { placeOf, waitsFor, epoch } = options;
  const nowhere = { position: 0, of: queue.waiting.size, etaSeconds: null };
  const row = (entry: LineEntry, place: LinePlace, isWaiting: boolean): ListedRequest => {
    const { id, user, model } = entry.request;
    return {
      ...{ id, user, model, state: isWaiting ? "waiting" : "running", ...place },
      ...{ requestsAhead: 0, peopleAhead: 0, waitsFor: isWaiting ? waitsFor(entry) : null },
      since: Math.round(epoch + (isWaiting ? entry.joinedAt : entry.startedAt)),
    };
  };
  const running = Array.from(queue.running.values(), (entry) => row(entry, nowhere, false));
  const waiting = Array.from(queue.waiting.values(), (entry) =>
    row(entry, placeOf(entry.request.id) ?? nowhere, true),
  ).sort((a, b) => a.position - b.position);
  const seen = new Set<string>();
  for (const [index, one] of waiting.entries()) {
    one.requestsAhead = index;
    one.peopleAhead = seen.size - (seen.has(one.user) ? 1 : 0);
    seen.add(one.user);
  }
  return [...running, ...waiting];
}

/** How long the oldest waiting request of each class has waited. Milliseconds; 0: none waits. */
export type OldestWaits = Readonly<Record<"background" | "normal" | "raised", number>>;

export function oldestWaits({ waiting }: FairQueue, now: number): OldestWaits {
  const found = { background: 0, normal: 0, raised: 0 };
  for (const { priority, joinedAt } of waiting.values()) {
    const name = priority < 0 ? "background" : priority > 0 ? "raised" : "normal";
    found[name] = Math.max(found[name], now - joinedAt);
  }
  return found;
}
