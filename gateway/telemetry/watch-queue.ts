import type { Notices } from "./notices.ts";

/** The requests of the queue: their state, and since when it is so (epoch ms). */
export type Waits = readonly { readonly state: string; readonly since: number }[];

/** How often the queue is looked at, at least. Milliseconds. */
const seldomMs = 30_000;

/**
 * Looks now and then whether a request waits long. It is over when none waits half as long, so that
 * one wait around the bound is not told again and again.
 * @param longMs - a wait that is told
 * @returns a function that ends it
 */
export function watchQueue(
  list: () => Waits,
  longMs: number,
  notices: Pick<Notices, "queue">,
): () => void {
  let isLong = false;
  function look(): void {
    const waiting = list().filter(({ state }) => state === "waiting");
    const first = Math.min(...waiting.map(({ since }) => since));
    const oldestMs = waiting.length === 0 ? 0 : Date.now() - first;
    const isNowLong = oldestMs >= (isLong ? longMs / 2 : longMs);
    if (isNowLong === isLong) return;
    isLong = isNowLong;
    notices.queue(waiting.length, isLong ? oldestMs : null);
  }
  const timer = setInterval(look, Math.min(seldomMs, Math.ceil(longMs / 4))).unref();
  return () => clearInterval(timer);
}
