import type { Entry } from "./order/entry.ts";
import type { FairQueue } from "./order/fair-queue.ts";
import type { Listed, Place } from "./ticket.ts";

/**
 * Those in slots, then those in line in the order they will start. `epoch` is the time since 1970
 * at which the line's own clock was 0.
 */
export function listing(
  queue: FairQueue,
  placeOf: (id: string) => Place | undefined,
  epoch: number,
): Listed[] {
  const nowhere = { position: 0, of: queue.waiting.size, etaSeconds: null };
  const row = ({ ask }: Entry, state: Listed["state"], place: Place, at: number): Listed => {
    const { id, user, model } = ask;
    return { id, user, model, state, ...place, since: Math.round(epoch + at) };
  };
  const running = Array.from(queue.running.values(), (entry) =>
    row(entry, "running", nowhere, entry.startedAt),
  );
  const waiting = Array.from(queue.waiting.values(), (entry) =>
    row(entry, "waiting", placeOf(entry.ask.id) ?? nowhere, entry.joinedAt),
  );
  return [...running, ...waiting.sort((a, b) => a.position - b.position)];
}
