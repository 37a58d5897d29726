import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";

/** Waits until so many tokens may have been said; rejects as soon as `signal` aborts. */
export type Pace = (tokens: number, signal: AbortSignal) => Promise<void>;

/** So many tokens are said in one turn of the event loop where there is no pace to keep. */
const burst = 256;

/**
 * A pace that begins now. Each wait aims at the token's own moment rather than at a gap after the
 * last one, so that late timers never slow the stream. Null is as fast as the client reads.
 */
export function startPace(tokensPerSecond: number | null): Pace {
  if (tokensPerSecond === null) {
    let next = burst;
    return async (tokens, signal) => {
      if (tokens < next) return;
      next = tokens + burst;
      await nextTurn(undefined, { signal });
    };
  }
  const begun = performance.now();
  return async (tokens, signal) => {
    const wait = begun + (tokens * 1000) / tokensPerSecond - performance.now();
    if (wait > 0) await sleep(wait, undefined, { signal });
    signal.throwIfAborted();
  };
}
