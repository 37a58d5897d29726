import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";

/** Waits until the time of that many tokens. Rejects as soon as `signal` aborts. */
export type EchoPace = (tokens: number, signal: AbortSignal) => Promise<void>;

/** Tokens in one turn of the event loop if there is no pace to keep. */
const burst = 256;

/**
 * A pace that begins now. Each wait aims at the token's own time, not at a gap after the last
 * token, so late timers never slow the stream. Null: as fast as the client reads.
 */
export function startPace(tokensPerSecond: number | null): EchoPace {
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
