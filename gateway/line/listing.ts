import type { FairQueue } from "./order/fair-queue.ts";
import type { LineEntry } from "./order/line-entry.ts";
import type { LinePlace, ListedRequest } from "./ticket.ts";

/**
 * The running requests, then the waiting ones in the order in which they will start. `epoch`: when
 * the line's own clock was 0, in milliseconds since 1970.
 */
export function listing(
  queue: FairQueue,
  placeOf: (id: string) => LinePlace | undefined,
  epoch: number,
): ListedRequest[] {
  const nowhere = { position: 0, of: queue.waiting.size, etaSeconds: null };
  const row = (
    { request }: LineEntry,
    state: ListedRequest["state"],
    place: LinePlace,
    at: number,
  ): ListedRequest => {
    const { id, user, model } = request;
    return { id, user, model, state, ...place, since: Math.round(epoch + at) };
  };
  const running = Array.from(queue.running.values(), (entry) =>
    row(entry, "running", nowhere, entry.startedAt),
  );
  const waiting = Array.from(queue.waiting.values(), (entry) =>
    row(entry, "waiting", placeOf(entry.request.id) ?? nowhere, entry.joinedAt),
  );
  return [...running, ...waiting.sort((a, b) => a.position - b.position)];
}
