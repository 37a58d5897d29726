import type { IncomingHttpHeaders } from "node:http";
import { GatewayError } from "../errors.ts";
import { isInForce, type UserEntry } from "../users/entry.ts";
import { isExampleDigest } from "../users/example-keys.ts";
import { digestOf } from "../users/key.ts";
import type { KeyEntry, Snapshot } from "../users/snapshot.ts";
import { type Credentials, credentialsOf } from "./credentials.ts";
import { hasCredential } from "./query-credentials.ts";

export const CHALLENGE: { headers: Record<string, string> } = {
  headers: { "www-authenticate": 'Bearer realm="llm-gateway"' },
};
const HOW = "Send it as the header Authorization: Bearer <key>, x-api-key or x-goog-api-key.";

/**
 * The identity that these headers prove. With several keys the first valid one counts: clients that
 * send their key in one header fill the other header with a placeholder.
 *
 * A key is compared only by its SHA-256 digest, as the name in a map. The time of the look-up
 * depends on the digest, so it tells nothing about how much of a guess was right. One digest is
 * made for a known and for an unknown key.
 * @param query `""` or `?a=b`
 * @param now epoch ms
 * @throws GatewayError 401 invalid_api_key or key_in_query, with a WWW-Authenticate header
 */
export function authenticate(
  headers: IncomingHttpHeaders,
  query: string,
  snapshot: Snapshot,
  now: number,
): KeyEntry {
  const credentials = credentialsOf(headers);
  let refusal: string | null = null;
  for (const key of credentials.keys) {
    const digest = digestOf(key);
    const entry = snapshot.find(digest);
    if (entry !== null && isInForce(entry, now)) return entry;
    refusal ??= entry === null ? exampleRefusal(digest) : endedRefusal(entry);
  }
  throw refused(credentials, query, refusal);
}

/** Only the holder of the key reads this. */
function endedRefusal(entry: UserEntry): string {
  return entry.disabled
    ? "This API key is disabled. Ask the administrator of this gateway."
    : "This API key has expired. Ask the administrator of this gateway for a new one.";
}

function exampleRefusal(digest: string): string | null {
  return isExampleDigest(digest)
    ? "This key is published in users.example.json. Make a key of your own: users add NAME."
    : null;
}

/** Made once, so that a flood of guesses does not cost a stack trace each. */
const unknownKey = new GatewayError("invalid_api_key", "This API key is unknown.", CHALLENGE);
const noKey = new GatewayError("invalid_api_key", `An API key is needed. ${HOW}`, CHALLENGE);
const keyInQuery = new GatewayError(
  "key_in_query",
  `A key in the URL is not accepted, because URLs end up in logs. ${HOW}`,
  CHALLENGE,
);

function refused(credentials: Credentials, query: string, refusal: string | null): GatewayError {
  const { keys, fault } = credentials;
  if (refusal !== null) return new GatewayError("invalid_api_key", refusal, CHALLENGE);
  if (keys.length > 0) return unknownKey;
  if (fault !== null) return new GatewayError("invalid_api_key", fault, CHALLENGE);
  return hasCredential(query) ? keyInQuery : noKey;
}
