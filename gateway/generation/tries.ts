import type { GatewayError } from "../errors.ts";
import type { Retries } from "../upstreams/retry.ts";
import type { Accepted } from "./reserve.ts";

export type TriesParts = {
  retries: Retries;
};

/** A request is given to at most this many upstreams. */
const mostTries = 4;

/** Which upstreams have failed on one request, and whether another one should be asked. */
export type Tries = {
  /** Undefined before the first has failed. */
  readonly failed: ReadonlySet<string> | undefined;
  /** True while an upstream is left that could take it instead. */
  hasOthers(upstream: string): boolean;
  /** `upstream` failed before any byte of an answer; true: the request goes to another one. */
  isAnothers(upstream: string, error: GatewayError): boolean;
};

/** For a line with one upstream, and for a request that cannot be sent twice. */
export const oneTry: Tries = { failed: undefined, hasOthers: () => false, isAnothers: () => false };

/**
 * A request is given to another upstream only where that is safe: the first one has not answered,
 * its error says that it did not begin to work, the body can be sent again, and the budget for
 * retries is not used up.
 */
export function createTries(parts: TriesParts, accepted: Accepted): Tries {
  const { seats } = accepted.destination;
  if (seats.list.length < 2 || !Buffer.isBuffer(accepted.request.body)) {
    return oneTry;
  }
  parts.retries.noteRequest();
  const failed = new Set<string>();
  const hasOthers = (upstream: string): boolean => {
    return seats.list.some((seat) => seat.upstream !== upstream && !failed.has(seat.upstream));
  };
  return {
    get failed() {
      return failed.size === 0 ? undefined : failed;
    },
    hasOthers: (upstream) => failed.size + 1 < mostTries && hasOthers(upstream),
    isAnothers(upstream, error) {
      if (accepted.exchange.signal.aborted || failed.size + 1 >= mostTries) return false;
      if (!hasOthers(upstream) || !parts.retries.isWorthIt(error)) return false;
      failed.add(upstream);
      return true;
    },
  };
}
