import { BoundedMap } from "../bounded-map.ts";
import { GatewayError } from "../errors.ts";
import { addressGroup } from "./address-group.ts";

type Guesses = { count: number; last: number; until: number };

export type GuessLimit = {
  /**
   * Counts a wrong credential of an address. Answers the 429 to send instead of the 401, or null.
   * @param now epoch ms
   */
  failed(address: string, now: number): GatewayError | null;
};

/** A client with an old key in its settings, or a person who mistypes, is no attack. */
const freeGuesses = 20;
/** So long without a wrong one, and all is forgotten. Milliseconds. */
const forgottenMs = 15 * 60_000;
const longestMs = 60_000;
/** So many addresses are remembered, the latest. */
const mostAddresses = 10_000;

/**
 * Slows down whoever tries credentials: from the twenty-first wrong one on, an address is refused
 * for a second, then for two, four and so on to a minute. Only wrong ones ever come here: a right
 * one passes, whatever others behind the same address do.
 */
export function createGuessLimit(): GuessLimit {
  const byAddress = new BoundedMap<Guesses>(mostAddresses);

  return {
    failed(address, now) {
      const group = addressGroup(address);
      const found = byAddress.get(group);
      const isKnown = found !== undefined && Math.abs(now - found.last) < forgottenMs;
      const guesses = isKnown ? found : { count: 0, last: now, until: 0 };
      byAddress.set(group, guesses);
      guesses.last = now;
      const waitMs = Math.min(guesses.until - now, longestMs);
      if (waitMs > 0) return refusal(waitMs);
      guesses.count += 1;
      const over = guesses.count - freeGuesses;
      if (over <= 0) return null;
      const blockedMs = Math.min(longestMs, 1_000 * 2 ** Math.min(over - 1, 10));
      guesses.until = now + blockedMs;
      return refusal(blockedMs);
    },
  };
}

/**
 * By whole seconds, of which there are sixty; each is made once, as a flood of guesses is cheap
 * then.
 */
const refusals: GatewayError[] = [];

function refusal(waitMs: number): GatewayError {
  const seconds = Math.ceil(waitMs / 1_000);
  refusals[seconds] ??= new GatewayError(
    "rate_limit_exceeded",
    "Too many wrong keys came from this address. Send the right key: it works at once.",
    { headers: { "retry-after": String(seconds), "x-should-retry": "false" } },
  );
  return refusals[seconds];
}
