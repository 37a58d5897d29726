import { BoundedMap } from "../bounded-map.ts";
import { GatewayError } from "../errors.ts";
import { addressGroup } from "./address-group.ts";

type Guesses = {
  count: number;
  last: number;
  until: number;
  /** The digests of the last wrong credentials, the latest at the end. */
  recent: string[];
};

export type GuessLimit = {
  /**
   * Counts a wrong credential of an address. Returns the 429 to send instead of the 401, or null.
   * @param digest of the credential
   * @param now epoch ms
   */
  failed(address: string, digest: string, now: number): GatewayError | null;
};

/** A client with an old key, or a typing error, is not an attack. */
const freeGuesses = 20;
/** After this time without a wrong key an address is forgotten. Milliseconds. */
const forgottenMs = 15 * 60_000;
const longestMs = 60_000;
/** How many addresses are remembered. */
const mostAddresses = 10_000;
/** How many different wrong credentials of an address are remembered. */
const mostRecent = 20;
/** Hex digits of a digest that are kept: 48 bits. */
const keptDigits = 12;

/**
 * Slows down guessing. After 20 wrong credentials an address is refused for a second, then for two,
 * four and so on up to a minute. Only wrong credentials are counted, so a right key always works,
 * whatever other clients of the same address do. A wrong credential that is sent again is no new
 * guess: clients retry an old key, and must not shut out the others at their address.
 */
export function createGuessLimit(): GuessLimit {
  const byAddress = new BoundedMap<Guesses>(mostAddresses);

  return {
    failed(address, digest, now) {
      const group = addressGroup(address);
      const found = byAddress.get(group);
      const isKnown = found !== undefined && Math.abs(now - found.last) < forgottenMs;
      const guesses = isKnown ? found : { count: 0, last: now, until: 0, recent: [] };
      byAddress.set(group, guesses);
      guesses.last = now;
      const short = digest.slice(0, keptDigits);
      const known = guesses.recent.indexOf(short);
      if (known >= 0) {
        guesses.recent.push(...guesses.recent.splice(known, 1));
        return null;
      }
      const waitMs = Math.min(guesses.until - now, longestMs);
      if (waitMs > 0) return refusal(waitMs);
      guesses.count += 1;
      if (guesses.recent.push(short) > mostRecent) guesses.recent.shift();
      const over = guesses.count - freeGuesses;
      if (over <= 0) return null;
      const blockedMs = Math.min(longestMs, 1_000 * 2 ** Math.min(over - 1, 10));
      guesses.until = now + blockedMs;
      return refusal(blockedMs);
    },
  };
}

/** One error for each number of seconds, made once, so that a flood of guesses is cheap. */
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
