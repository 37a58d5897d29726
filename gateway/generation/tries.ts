import type { GatewayError } from "../errors.ts";
import type { RoadParts } from "./parts.ts";
import type { Accepted } from "./reserve.ts";

/** A request is given to so many upstreams at most. */
const mostTries = 4;

/** Which upstreams have failed on one request, and whether another one should be asked. */
export type Tries = {
  /** Undefined before the first has failed. */
  readonly failed: ReadonlySet<string> | undefined;
  /** True while an upstream is left that could take it instead. */
  hasOthers(upstream: string): boolean;
  /** `upstream` failed before any byte of an answer: true where it is another's turn. */
  isAnothers(upstream: string, error: GatewayError): boolean;
};

/** Nobody else could take it: a line with one upstream, or an answer that cannot begin twice. */
export const oneTry: Tries = { failed: undefined, hasOthers: () => false, isAnothers: () => false };

/**
 * Only what is safe is given to another upstream: it has not answered, its error says that it could
 * not or would not, the body can be sent again, and the budget for such tries is not used up.
 */
export function createTries(parts: RoadParts, accepted: Accepted): Tries {
  const { seats } = accepted.destination;
  if (seats.list.length < 2 || !Buffer.isBuffer(accepted.asked.body)) {
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
